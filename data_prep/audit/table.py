"""The audit in the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from .findings import CHECKS, FAIL, Report


def table(report: Report, examples: int = 1) -> Group:
    """Return the report for Rich: a line for each check, and the worst examples of what was found.

    Args:
        report: The outcome.
        examples: Findings shown for each check.
    """
    verdict = Text("passed", "green") if report.passed else Text("failed", "bold red")
    size = f"  ({report.rows:,} rows, {report.wafers:,} wafers)"
    title = Text.assemble(f"Audit of {report.path}: ", verdict, size)
    summary = Table(box=None, pad_edge=False)
    summary.add_column("check")
    summary.add_column("found", justify="right")
    summary.add_column("meaning")
    for check, (level, meaning) in CHECKS.items():
        count = report.counts[check]
        style = "green" if not count else "bold red" if level == FAIL else "yellow"
        summary.add_row(check, Text(f"{count:,}", style), meaning)
        for found in report.shown.get(check, [])[:examples]:
            summary.add_row("", "", Text(f"{found.id}: {found.message}", "dim", overflow="fold"))
    notes = [Text(note, "yellow") for note in report.notes]
    return Group(title, *notes, summary)
