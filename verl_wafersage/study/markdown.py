"""The study's tables as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .arms import ARMS, PUBLISHED
from .classes import per_class
from .examples import compared, disagreement, worst
from .measured import ABOUT, START, Curves, Measured, Table
from .measures import MEASURES, Estimate

OVER_STEPS = ("exact", "near", "invents", "score", "published")


def markdown(table: Table, names: Sequence[str]) -> str:
    """The columns `names` of a table as Markdown: mean, half its interval, number of seeds or wafers."""
    shown = [measure for measure in MEASURES if measure.name in names]
    lines = _header(["", *(measure.title for measure in shown), "n"])
    for arm, row in table.items():
        cells = [_cell(row[measure.name]) for measure in shown]
        lines.append(_line([ABOUT.get(arm, arm), *cells, str(row[shown[0].name].n)]))
    return "\n".join(lines) + "\n"


def classes_markdown(measured: Measured) -> str:
    """Recall and precision of every defect type, the start beside every arm (means of its seeds)."""
    models = {START: {0: measured.start()}} | measured.finished()
    found = {name: [per_class(rows) for rows in runs.values()] for name, runs in models.items()}
    lines = _header(["", *(ABOUT[name] for name in found), "wafers"])
    for label, first in found[START][0].items():
        cells = []
        for runs in found.values():
            recall, precision = (
                float(np.mean([getattr(run[label], key) for run in runs])) for key in ("recall", "precision")
            )
            cells.append(f"{recall:.2f} / {precision:.2f}")
        lines.append(_line([label, *cells, str(first.wafers)]))
    return "## Likeliest answers: recall / precision of each type\n\n" + "\n".join(lines) + "\n"


def steps_markdown(found: Curves) -> str:
    """Truth and both rewards over the steps of every run."""
    shown = [measure for measure in MEASURES if measure.name in OVER_STEPS]
    lines = _header(["", "seed", "step", *(measure.title for measure in shown)])
    for arm, seeds in found.items():
        for seed, steps in seeds.items():
            for step, values in steps.items():
                lines.append(_line([ABOUT[arm], seed, step, *(f"{values[m.name]:.3f}" for m in shown)]))
    return "## Sampled answers over steps\n\n" + "\n".join(lines) + "\n"


def examples_markdown(measured: Measured) -> str:
    """Of every run's first seed: where the reward rose and the truth fell."""
    parts = ["## Likeliest answers: the reward rose, the truth fell\n"]
    for arm, runs in measured.finished().items():
        trained = next(one for one in ARMS if one.name == arm)
        preset = "published" if set(PUBLISHED) <= set(trained.overrides) else "ours"
        pairs = list(compared(measured.start(), runs[min(runs)], preset))
        better, worse = disagreement(pairs)
        parts.append(f"### {ABOUT[arm]}\n")
        parts.append(
            f"Of the questions whose reward rose, the truth rose in {better:.0%}, fell in {worse:.0%}.\n"
        )
        lines = _header(["question", "right", "start (reward)", "after RL (reward)"])
        lines += [
            _line(
                [
                    one.question,
                    one.reference,
                    f"{one.before} ({one.rewards[0]:.2f})",
                    f"{one.after} ({one.rewards[1]:.2f})",
                ]
            )
            for one in worst(pairs)
        ]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _header(cells: Sequence[str]) -> list[str]:
    return [_line(cells), "|---" * len(cells) + "|"]


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"


def _cell(estimate: Estimate) -> str:
    if np.isnan(estimate.low):
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} ± {(estimate.high - estimate.low) / 2:.3f}"
