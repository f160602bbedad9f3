"""The audit: one pass over the rows, then a look at all wafers together."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ...errors import InputError
from ..readers.pictures import read_grid
from ..splits import draw
from ..writer import write_text
from .checks import RowOptions, check_pictures, check_question, check_rubric
from .findings import Collector, Finding, Report, place_of
from .leaks import leaks
from .noise import label_suspects, misplaced, outliers
from .rows import Row, read_rows
from .wafers import Wafer, describe

MOST_GROUPED = 400_000
"""Wafers beyond which look-alikes are no longer searched (their signatures take about 1.5 kB each)."""


@dataclass(frozen=True)
class AuditOptions:
    """How to audit.

    Attributes:
        rows: How rubrics are judged.
        sample: Share of rows whose rubrics are tried, in (0, 1]; pictures and splits are always checked.
        noise: Whether to look for label noise.
        against: Other converted sets in use beside this one: a wafer here may not stand in another split
            there either (public sets borrow from each other).
        seed: Seed of the sample and of the clustering.
        on_row: Called after each row (for progress).
    """

    rows: RowOptions = field(default_factory=RowOptions)
    sample: float = 1.0
    noise: bool = True
    against: tuple[Path, ...] = ()
    seed: int = 0
    on_row: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        if not 0 < self.sample <= 1:
            raise InputError(f"{self.sample} is not a share above 0 and up to 1", field="sample")


def audit(path: Path, out: Path | None = None, options: AuditOptions | None = None) -> Report:
    """Audit a converted data set.

    Args:
        path: Output folder of `verl-wafersage convert`, or one parquet file in verl's schema.
        out: Folder for `report.json`, `report.html` and `findings.jsonl` (all findings); None writes nothing.
        options: How.

    Raises:
        InputError: When there is no readable data set, or it is empty.
    """
    options = options or AuditOptions()
    report = Report(place_of(path.resolve()))
    with ExitStack() as stack:
        file = None
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((out / "findings.jsonl").open("w", encoding="utf-8"))
        collector = Collector(report, file)
        wafers = _check_rows(path, report, collector, options)
        if not report.rows:
            raise InputError("the data set has no rows", file=path)
        report.wafers = len({wafer.name for wafer in wafers})
        wafers += [named_after(other, wafer) for other in options.against for wafer in wafers_in(other)]
        _check_wafers(wafers, report, collector, options)
        collector.finish()
    if out is not None:
        from .page import page

        write_text(json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n", out / "report.json")
        write_text(page(report, path), out / "report.html")
    return report


def _check_rows(path: Path, report: Report, collector: Collector, options: AuditOptions) -> list[Wafer]:
    wafers: dict[tuple[str, str, int], Wafer] = {}
    decoded: dict[int, str | None] = {}
    places: dict[int, str] = {}
    for row in read_rows(path):
        report.rows += 1
        report.splits[row.split] = report.splits.get(row.split, 0) + 1
        findings: list[Finding] = [*check_pictures(row, decoded), *check_question(row)]
        if options.sample >= 1 or draw(row.id, f"audit{options.seed}") < options.sample:
            found, scores = check_rubric(row, options.rows)
            findings += found
            if scores.reference is not None:
                report.scored += 1
                report.reference_scores[int(np.clip(scores.reference, 0, 1) * 10)] += 1
        index = row.extra.get("index")
        if isinstance(index, int):
            first = places.setdefault(index, row.id)
            if first != row.id:
                findings.append(_doubled(row, index, first))
        for finding in findings:
            collector.add(finding)
        key = (row.wafer, row.split, hash(row.images[0]) if row.images else 0)
        if key not in wafers:
            wafers[key] = _wafer(row, decoded, options.noise)
        options.on_row()
    return list(wafers.values())


def wafers_in(path: Path) -> list[Wafer]:
    """Return the wafers of a set, for comparison only: labels and rubrics are not looked at."""
    wafers: dict[tuple[str, str, int], Wafer] = {}
    decoded: dict[int, str | None] = {}
    for row in read_rows(path):
        key = (row.wafer, row.split, hash(row.images[0]) if row.images else 0)
        if key not in wafers:
            check_pictures(row, decoded)
            wafers[key] = _wafer(row, decoded, noise=False)
    return list(wafers.values())


def named_after(path: Path, wafer: Wafer) -> Wafer:
    """Return a wafer of another set under a name that says so."""
    name = place_of(path.resolve())
    return replace(wafer, name=f"{name}:{wafer.name}", labels=(), file=f"{name}/{wafer.file}")


def _doubled(row: Row, index: int, first: str) -> Finding:
    message = f"index {index} is that of {first} too"
    return Finding("index", place_of(row.file), row.number, row.id, row.wafer, message)


def _wafer(row: Row, decoded: dict[int, str | None], noise: bool) -> Wafer:
    image = row.images[0] if row.images else None
    grid = read_grid(image) if image and decoded.get(hash(image)) is None else None
    sign, features, confidence = (
        (None, np.zeros(0), np.zeros(0)) if grid is None else describe(grid, noise and bool(row.labels))
    )
    return Wafer(
        row.wafer, row.split, row.labels, place_of(row.file), row.number, row.id, sign, features, confidence
    )


def _check_wafers(wafers: list[Wafer], report: Report, collector: Collector, options: AuditOptions) -> None:
    undrawn = sum(wafer.signature is None for wafer in wafers)
    if undrawn:
        report.notes.append(
            f"{undrawn} pictures are no die maps: not compared with others but by name, no label checked"
        )
    if options.sample < 1:
        report.notes.append(f"rubrics were tried on a sample of {options.sample:.0%} of the rows")
    if len(wafers) > MOST_GROUPED:
        report.notes.append(f"more than {MOST_GROUPED} wafers: look-alikes were not searched")
    else:
        for _, finding in leaks(wafers):
            collector.add(finding)
    if options.noise:
        for finding in (
            *label_suspects(wafers),
            *outliers(wafers, options.seed),
            *misplaced(wafers, options.seed),
        ):
            collector.add(finding)
