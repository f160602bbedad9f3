"""Puts the report together: one HTML file that needs nothing but a browser."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from verl_wafersage import __version__
from verl_wafersage.data_prep.writer import write_text
from verl_wafersage.errors import InputError

from .alarm import Alarm, check
from .confusion import confusion
from .evidence import Evidence, evidence_of
from .judgements import attach_judgements
from .named import named_types
from .panels import groups, train_curve, validation_curve
from .rows import Rows, attach_rows, find_data
from .run import Answer, Run, Split, read_run
from .svg import Dot, Line, Point, line_chart, number, scatter

_FILES = Path(__file__).parent
_STEPS_SHOWN = 8
_DOTS = 600


@dataclass(frozen=True)
class Tile:
    """A figure at the top of the page: first and last value of a curve."""

    title: str
    value: str
    change: str
    better: bool | None


@dataclass(frozen=True)
class Entry:
    """A row of the table of answers."""

    answer: Answer
    evidence: Evidence
    picture: int | None
    judge: str


def build_report(
    run_dir: Path,
    *,
    data_dir: Path | None = None,
    judgements: Iterable[Path] = (),
    metric_files: Iterable[Path] = (),
    max_answers: int = 300,
    title: str | None = None,
) -> str:
    """Render the report of a training run.

    Args:
        run_dir: The run's folder.
        data_dir: Output folder of `convert`, for pictures and levels; looked for beside the run when None.
        judgements: Output folders of `verl-wafersage judge`.
        metric_files: Metric files outside the run folder.
        max_answers: Answers in the table; a fair sample, the same questions at every step.
        title: Heading; the folder's name by default.

    Returns:
        A whole HTML document. It refers to nothing outside itself, and its content security policy
        admits no script but its own: answers are hostile text.

    Raises:
        InputError: The folder holds nothing of a run, or a named file cannot be read.
    """
    run = read_run(run_dir, metric_files)
    attach_judgements(run, judgements)
    shown = select(run, max_answers)
    rows = _rows(run, data_dir, shown)
    shown = select(run, max_answers)  # Again: rows completed the answers.
    validation = run.of("validation")
    alarm = check(validation if any(a.judge is not None for a in validation) else run.of("train"))
    pictures = {key: i for i, key in enumerate(sorted(rows.pictures))}
    script = (_FILES / "report.js").read_text("utf-8")
    return _template().render(
        title=title or run_dir.resolve().name,
        version=__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        style=(_FILES / "report.css").read_text("utf-8"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii"),
        run=run,
        tiles=tiles(run),
        alarm=alarm,
        alarm_charts=_alarm_charts(alarm, validation or run.of("train")),
        groups=groups(run),
        confusion=confusion(_latest(run), named_types),
        confusion_step=max(run.steps("validation") or run.steps("train") or [0]),
        entries=[
            Entry(a, evidence_of(a), pictures.get(a.key), "-" if a.judge is None else f"{a.judge:.2f}")
            for a in shown
        ],
        pictures=[rows.pictures[key] for key in sorted(rows.pictures)],
        dimensions=sorted({a.dimension for a in shown if a.dimension}),
        steps=sorted({a.step for a in shown}),
        levels=[level for level in ("easy", "medium", "hard") if any(a.level == level for a in shown)],
        number=number,
    )


def write_report(run_dir: Path, out: Path, **options: Any) -> Path:
    """Render the report of a run into a file, atomically; see `build_report` for the options."""
    # Answers may hold lone surrogates, which are not UTF-8.
    text = build_report(run_dir, **options).encode("utf-8", "replace").decode("utf-8")
    try:
        write_text(text, out)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=out) from error
    return out


def select(run: Run, count: int) -> list[Answer]:
    """Choose the answers of the table: the latest validation first, each step with its fair share."""
    groups_: list[list[Answer]] = []
    splits: tuple[Split, ...] = ("validation", "train")
    for split in splits:
        steps = _evenly(run.steps(split))
        for step in reversed(steps):
            found = [a for a in run.answers if a.split == split and a.step == step]
            # The same order of questions at every step, so that each share holds the same questions.
            groups_.append(
                sorted(found, key=lambda a: hashlib.blake2b(a.key.encode("utf-8", "replace")).digest())
            )
    share = max(1, count // max(1, len(groups_)))
    return [answer for found in groups_ for answer in found[:share]][:count]


def tiles(run: Run) -> list[Tile]:
    """Return the figures at the top: what changed between the start and the end of the run."""
    wanted: list[tuple[str, list[Point], int]] = [
        ("Training reward", train_curve(run, "score"), 1),
        ("Validation reward", validation_curve(run, "score"), 1),
        ("Fully right", validation_curve(run, "acc") or train_curve(run, "acc"), 1),
        ("Hallucination", validation_curve(run, "hallucination") or train_curve(run, "hallucination"), -1),
        (
            "Answer length",
            [(x, y) for x, y in sorted(run.metrics.get("response_length/mean", {}).items())],
            0,
        ),
    ]
    return [_tile(name, points, sign) for name, points, sign in wanted if points]


def _tile(name: str, points: Sequence[Point], sign: int) -> Tile:
    # Single training steps are noisy: a tenth of the run at each end.
    width = max(1, len(points) // 10)
    start = sum(y for _, y in points[:width]) / width
    end = sum(y for _, y in points[-width:]) / width
    change = end - start
    better = None if not sign or abs(change) < 0.005 else change * sign > 0
    return Tile(name, number(end), f"{change:+.3g}" if len(points) > 1 else "one step", better)


def _alarm_charts(alarm: Alarm, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    if not alarm.gaps:
        return []
    charts: list[dict[str, Any]] = []
    rule: list[Point] = [(gap.step, gap.rule) for gap in alarm.gaps]
    judge: list[Point] = [(gap.step, gap.judge) for gap in alarm.gaps]
    if len(alarm.gaps) > 1:
        lines = [Line("rule", rule, (), 0, marked=True), Line("judge", judge, (), 1, marked=True)]
        spoken = [
            f"{name} from {line[0][1]:.3f} to {line[-1][1]:.3f}"
            for name, line in (("Rule", rule), ("judge", judge))
        ]
        said = ", ".join(spoken)
        charts.append(
            {
                "title": "Rule and judge over time",
                "legend": [("rule", 0, number(rule[-1][1])), ("judge", 1, number(judge[-1][1]))],
                "chart": line_chart(lines, said, (0.0, 1.0)),
            }
        )
        gap: list[Point] = [(found.step, found.size) for found in alarm.gaps]
        charts.append(
            {
                "title": "Gap (rule - judge)",
                "legend": [("gap", 4, number(gap[-1][1]))],
                "chart": line_chart(
                    [Line("gap", gap, (), 4, marked=True)], "Gap between rule and judge", zero=True
                ),
            }
        )
    judged = [a for a in answers if a.judge is not None and a.rule == a.rule]
    steps = sorted({a.step for a in judged})
    ends = [a for a in judged if a.step in (steps[0], steps[-1])]
    dots = [
        Dot(
            a.rule,
            a.judge or 0.0,
            f"step {a.step}, {a.dimension}: {a.question[:90]}",
            int(a.step != steps[0]),
        )
        for a in ends[:: max(1, len(ends) // _DOTS)]
    ]
    legend = [(f"step {steps[0]}", 0, "")] + ([(f"step {steps[-1]}", 1, "")] if len(steps) > 1 else [])
    said = f"Rule score against judge score of {len(dots)} answers, Spearman {alarm.correlation:.2f}"
    charts.append(
        {
            "title": f"Each answer, Spearman {number(round(alarm.correlation, 2))}",
            "legend": legend,
            "chart": scatter(dots, said, "rule", "judge"),
        }
    )
    return charts


def _rows(run: Run, data_dir: Path | None, shown: Sequence[Answer]) -> Rows:
    folder = data_dir or find_data(run.folder)
    if folder is None:
        run.missing.append("Wafer pictures, wafers and levels: name the data folder with --data.")
        return Rows({})
    rows = attach_rows(run, folder, shown)
    if rows.ambiguous:
        run.missing.append(
            f"Pictures of {rows.ambiguous} question(s): several wafers share the question and its rubric, "
            "and verl's dump has no row id."
        )
    return rows


def _latest(run: Run) -> list[Answer]:
    split: Split = "validation" if run.steps("validation") else "train"
    last = max(run.steps(split), default=None)
    return [answer for answer in run.of(split) if answer.step == last]


def _evenly(steps: Sequence[int]) -> list[int]:
    if len(steps) <= _STEPS_SHOWN:
        return list(steps)
    return [steps[round(i * (len(steps) - 1) / (_STEPS_SHOWN - 1))] for i in range(_STEPS_SHOWN)]


def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_FILES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
