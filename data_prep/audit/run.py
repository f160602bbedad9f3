"""The audit: one pass over the rows, then a look at all wafers together."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import InputError
from ..writer import write_text
from .checks import RowOptions
from .examine import Examination, examine
from .findings import Collector, Finding, Report, place_of
from .leaks import leaks
from .noise import label_suspects, misplaced, outliers
from .rows import read_rows, row_count
from .wafers import Wafer

MOST_GROUPED = 400_000
"""Wafers beyond which look-alikes are no longer searched (their signatures take about 1.5 kB each)."""


FEW_ROWS = 2000
"""Rows below which further processes cost more to start than they save."""


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
        workers: Processes, for sets of `FEW_ROWS` and more.
        on_row: Called after each row (for progress).
    """

    rows: RowOptions = field(default_factory=RowOptions)
    sample: float = 1.0
    noise: bool = True
    against: tuple[Path, ...] = ()
    seed: int = 0
    workers: int = 1
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
    wafers: dict[tuple[str, str, bytes], Wafer] = {}
    places: dict[int, str] = {}
    what = Examination(options.rows, options.sample, options.noise, options.seed)
    workers = options.workers if row_count(path) >= FEW_ROWS else 1
    for row in examine(read_rows(path), what, workers):
        report.rows += 1
        report.splits[row.split] = report.splits.get(row.split, 0) + 1
        for finding in row.findings:
            collector.add(finding)
        if row.reference is not None:
            report.scored += 1
            report.reference_scores[int(min(max(row.reference, 0.0), 1.0) * 10)] += 1
        if row.index is not None and (first := places.setdefault(row.index, row.id)) != row.id:
            message = f"index {row.index} is that of {first} too"
            collector.add(Finding("index", *row.row, row.id, row.key[0], message))
        if row.wafer is not None:
            wafers.setdefault(row.key, row.wafer)
        options.on_row()
    return list(wafers.values())


def wafers_in(path: Path) -> list[Wafer]:
    """Return the wafers of a set, for comparison only: labels and rubrics are not looked at."""
    wafers: dict[tuple[str, str, bytes], Wafer] = {}
    for row in examine(read_rows(path), Examination(None, noise=False)):
        if row.wafer is not None:
            wafers.setdefault(row.key, row.wafer)
    return list(wafers.values())


def named_after(path: Path, wafer: Wafer) -> Wafer:
    """Return a wafer of another set under a name that says so."""
    name = place_of(path.resolve())
    return replace(wafer, name=f"{name}:{wafer.name}", labels=(), file=f"{name}/{wafer.file}")


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
