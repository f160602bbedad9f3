"""The study's table and pictures, from the measured answers alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t as student

from ..curriculum.journal import write_atomically
from ..evaluation.bootstrap import mean_interval
from .arms import ARMS, Arm
from .prepare import StudyFolder, StudyOptions

Row = dict[str, Any]


@dataclass(frozen=True)
class Measure:
    """A column of the table.

    Attributes:
        name: Key in `results.json`.
        title: Heading of the column.
        of: An answer's value, or None where it has none.
        truth: Whether no reward contains it.
    """

    name: str
    title: str
    of: Callable[[Row], float | None]
    truth: bool = False


def _reward(preset: str, key: str) -> Callable[[Row], float | None]:
    def of(row: Row) -> float | None:
        value = float(row[preset][key])
        return None if value < 0 else value  # -1 marks what does not apply

    return of


def _truth(key: str) -> Callable[[Row], float | None]:
    return lambda row: None if row[key] is None else float(row[key])


def _near(row: Row) -> float | None:
    return None if row["hours"] is None else float(row["hours"] <= 1.0)


MEASURES = (
    Measure("exact", "defect types exact", _truth("exact"), True),
    Measure("hours", "clock error (h)", _truth("hours"), True),
    Measure("near", "clock within 1 h", _near, True),
    Measure("invents", "names a type not there", _truth("invents"), True),
    Measure("score", "our score", _reward("ours", "score")),
    Measure("acc", "our acc", _reward("ours", "acc")),
    Measure("hit", "hit", _reward("ours", "hit")),
    Measure("hallucination", "hallucination", _reward("ours", "hallucination")),
    Measure("spatial", "spatial", _reward("ours", "spatial")),
    Measure("morphology", "morphology", _reward("ours", "morphology")),
    Measure("root_cause", "root cause", _reward("ours", "root_cause")),
    Measure("defect_type", "defect type", _reward("ours", "defect_type")),
    Measure("published", "published score", _reward("published", "score")),
)

HOW = {
    "sampled": "Answers sampled as in training",
    "likeliest": "Likeliest answers",
    "gain-sampled": "Gain over the start, sampled answers",
    "gain-likeliest": "Gain over the start, likeliest answers",
}
COLUMNS = {
    "truth": ("exact", "hours", "near", "invents"),
    "rewards": ("score", "acc", "hit", "hallucination", "published"),
    "sub-scores of our reward": ("defect_type", "spatial", "morphology", "root_cause"),
}
CURVES = ("exact", "near", "invents", "score", "acc", "published")


@dataclass(frozen=True)
class Estimate:
    """A mean with the ends of its 95 % interval; `n` is the number of wafers or of seeds."""

    value: float
    low: float
    high: float
    n: int


def of_wafers(rows: Sequence[Row], measure: Measure) -> Estimate:
    """Mean over answers, its interval by resampling wafers."""
    known = [(value, row["wafer"]) for row in rows if (value := measure.of(row)) is not None]
    found = mean_interval([value for value, _ in known], [wafer for _, wafer in known])
    return Estimate(found.value, found.low, found.high, found.clusters)


def of_seeds(values: Sequence[float]) -> Estimate:
    """Mean over seeds, its interval by Student's t; without ends for one seed."""
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return Estimate(mean, float("nan"), float("nan"), count)
    half = float(student.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return Estimate(mean, mean - half, mean + half, count)


def gain(before: Sequence[Row], after: Sequence[Row], measure: Measure) -> Estimate:
    """Mean difference of the same questions, its interval by resampling wafers."""
    earlier = {row["id"]: measure.of(row) for row in before}
    pairs = [
        (value - old, row["wafer"])
        for row in after
        if (value := measure.of(row)) is not None and (old := earlier.get(row["id"])) is not None
    ]
    found = mean_interval([difference for difference, _ in pairs], [wafer for _, wafer in pairs])
    return Estimate(found.value, found.low, found.high, found.clusters)


def gains(
    folder: StudyFolder, options: StudyOptions, *, sampled: bool = False
) -> dict[str, dict[str, Estimate]]:
    """Gain of every arm over the start; the answers of all its seeds together, intervals over wafers."""
    start = read(folder.answers("start", sampled=sampled))
    table = {}
    for arm in ARMS:
        rows = [row for run in final_answers(folder, options, arm, sampled=sampled) for row in run]
        if rows:
            table[arm.name] = {measure.name: gain(start, rows, measure) for measure in MEASURES}
    return table


def read(path: Path) -> list[Row]:
    """Measured answers of one model."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def summarise(
    folder: StudyFolder, options: StudyOptions, *, sampled: bool = False
) -> dict[str, dict[str, Estimate]]:
    """Estimates of every measure for the start (over wafers) and every arm with a run (over seeds)."""
    start = read(folder.answers("start", sampled=sampled))
    table = {"start": {measure.name: of_wafers(start, measure) for measure in MEASURES}}
    for arm in ARMS:
        runs = final_answers(folder, options, arm, sampled=sampled)
        if runs:
            table[arm.name] = {
                measure.name: of_seeds([of_wafers(rows, measure).value for rows in runs])
                for measure in MEASURES
            }
    return table


def final_answers(
    folder: StudyFolder, options: StudyOptions, arm: Arm, *, sampled: bool = False
) -> list[list[Row]]:
    """Answers after the last step, for each seed that has run."""
    steps = options.steps * arm.factor
    files = [folder.answers(arm.run, seed, steps, sampled=sampled) for seed in arm.seeds]
    return [read(file) for file in files if file.exists()]


def write_results(folder: StudyFolder, options: StudyOptions) -> dict[str, str]:
    """Write the table as JSON and Markdown, and the curves as a picture; return where they lie."""
    made = {
        "results": folder.root / "results.json",
        "table": folder.root / "results.md",
        "plot": folder.root / "curves.png",
    }
    tables = {
        "sampled": summarise(folder, options, sampled=True),
        "likeliest": summarise(folder, options),
    }
    tables |= {f"gain-{how}": gains(folder, options, sampled=how == "sampled") for how in tuple(tables)}
    plain = {
        how: {arm: {name: asdict(estimate) for name, estimate in row.items()} for arm, row in table.items()}
        for how, table in tables.items()
    }
    write_atomically(made["results"], json.dumps(plain, indent=2) + "\n")
    parts = [
        f"## {HOW[how]}: {title}\n\n{markdown(table, names)}"
        for how, table in tables.items()
        for title, names in COLUMNS.items()
    ]
    write_atomically(made["table"], "\n".join(parts))
    plot_curves(curves(folder), made["plot"])
    return {name: str(path) for name, path in made.items()}


def curves(folder: StudyFolder) -> dict[str, dict[int, dict[str, list[float]]]]:
    """Means of every measure of sampled answers by arm and step, one number a seed; step 0 is the start."""
    start = read(folder.answers("start", sampled=True))
    zero = {measure.name: [of_wafers(start, measure).value] for measure in MEASURES}
    found: dict[str, dict[int, dict[str, list[float]]]] = {}
    for arm in (arm for arm in ARMS if not arm.continues):
        for seed in arm.seeds:
            for file in folder.answers("start").parent.glob(f"{arm.name}-{seed}-*-sampled.jsonl"):
                rows, step = read(file), int(file.stem.split("-")[-2])
                steps = found.setdefault(arm.name, {0: zero})
                for measure in MEASURES:
                    values = steps.setdefault(step, {}).setdefault(measure.name, [])
                    values.append(of_wafers(rows, measure).value)
    return found


def plot_curves(found: Mapping[str, Mapping[int, Mapping[str, Sequence[float]]]], out: Path) -> None:
    """Draw truth and both rewards over steps, one line for each arm (the mean of its seeds)."""
    from matplotlib.figure import Figure

    shown = [measure for measure in MEASURES if measure.name in CURVES]
    figure = Figure(figsize=(11, 6), layout="constrained")
    panels = figure.subplots(2, 3).flatten()
    about = {arm.name: arm.about for arm in ARMS}
    for panel, measure in zip(panels, shown, strict=True):
        for arm, steps in found.items():
            ordered = sorted(steps)
            means = [float(np.mean(steps[step][measure.name])) for step in ordered]
            panel.plot(ordered, means, "o-", markersize=3, label=about[arm])
        panel.set(title=measure.title, xlabel="RL step")
        panel.grid(alpha=0.3)
    panels[0].legend(fontsize=7)
    figure.savefig(out, dpi=110)


def markdown(table: Mapping[str, Mapping[str, Estimate]], names: Sequence[str]) -> str:
    """The columns `names` of a table as Markdown: mean, half its interval, number of seeds or wafers."""
    shown = [measure for measure in MEASURES if measure.name in names]
    about = {"start": "supervised start, no RL"} | {arm.name: arm.about for arm in ARMS}
    lines = [
        "| | " + " | ".join(measure.title for measure in shown) + " | n |",
        "|---" * (len(shown) + 2) + "|",
    ]
    for arm, row in table.items():
        cells = [_cell(row[measure.name]) for measure in shown]
        lines.append(f"| {about[arm]} | " + " | ".join(cells) + f" | {row[shown[0].name].n} |")
    return "\n".join(lines) + "\n"


def _cell(estimate: Estimate) -> str:
    if np.isnan(estimate.low):
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ± {(estimate.high - estimate.low) / 2:.3f}"
