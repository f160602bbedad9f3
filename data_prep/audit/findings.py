"""What an audit finds, and how it is counted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

FAIL, WARN = "fail", "warn"

CHECKS: dict[str, tuple[str, str]] = {
    "rubric": (FAIL, "the rubric is malformed, or has nothing to score"),
    "reference": (FAIL, "the reference answer scores low under its own rubric"),
    "lists": (
        WARN,
        "it scores low once the rubric no longer quotes it: its lists are not about the question",
    ),
    "empty": (FAIL, "an empty answer earns something"),
    "conflict": (FAIL, "an avoid term says what a hit term says"),
    "contained": (WARN, "an avoid term stands inside a hit term"),
    "torn": (FAIL, "terms torn apart by a comma split"),
    "filler": (FAIL, "fillers and stray text among the terms"),
    "runaway": (FAIL, "lists that are too long, or say things twice"),
    "picture": (FAIL, "a picture does not decode"),
    "placeholder": (FAIL, "placeholders and pictures differ in number"),
    "index": (FAIL, "two rows share an index"),
    "leak": (FAIL, "the same wafer stands in two splits"),
    "lookalike": (WARN, "nearly the same wafer stands in two splits"),
    "reveals": (WARN, "the question names the class it asks for"),
    "label": (WARN, "the label disagrees with the picture"),
    "outlier": (WARN, "far from every other wafer of its label, nearer to another"),
    "neighbours": (WARN, "the wafers that look most like it have another label"),
}
"""Checks, whether one finding fails the audit, and what it means."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one row or wafer.

    Attributes:
        check: A key of `CHECKS`.
        file: File name.
        row: Row inside the file.
        id: The row's name.
        wafer: The wafer's name.
        message: What is wrong, in one line.
        value: A number to sort by (a score, a distance), or None.
    """

    check: str
    file: str
    row: int
    id: str
    wafer: str
    message: str
    value: float | None = None

    @property
    def fails(self) -> bool:
        """Whether this finding fails the audit."""
        return CHECKS[self.check][0] == FAIL


@dataclass
class Report:
    """The outcome of an audit.

    Attributes:
        path: What was audited.
        rows: Rows read.
        scored: Rows whose rubric was tried on its reference answer.
        wafers: Different wafers.
        splits: Rows by split.
        counts: Findings by check, zero for checks that found nothing.
        shown: The first findings of each check, worst first.
        reference_scores: Rows by tenth of the score of their reference answer, eleven bins from 0 to 1.
        notes: What was not checked, and why.
    """

    path: str
    rows: int = 0
    scored: int = 0
    wafers: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHECKS, 0))
    shown: dict[str, list[Finding]] = field(default_factory=dict)
    reference_scores: list[int] = field(default_factory=lambda: [0] * 11)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not any(count for check, count in self.counts.items() if CHECKS[check][0] == FAIL)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {**asdict(self), "passed": self.passed}


class Collector:
    """Counts findings, writes each to a file, and keeps the worst few of each check for the report."""

    def __init__(self, report: Report, file: IO[str] | None, keep: int = 60) -> None:
        self._report, self._file, self._keep = report, file, keep

    def add(self, finding: Finding) -> None:
        """Take one finding."""
        self._report.counts[finding.check] += 1
        if self._file is not None:
            self._file.write(json.dumps(asdict(finding), ensure_ascii=False) + "\n")
        shown = self._report.shown.setdefault(finding.check, [])
        shown.append(finding)
        if len(shown) > 4 * self._keep:
            self._trim(shown)

    def finish(self) -> None:
        """Cut the shown findings to the worst few."""
        for shown in self._report.shown.values():
            self._trim(shown)

    def _trim(self, shown: list[Finding]) -> None:
        shown.sort(key=lambda finding: (finding.value is None, finding.value or 0.0))
        del shown[self._keep :]


def place_of(file: Path | str) -> str:
    """Return a file's name without its folders, so that reports do not tell where they were made."""
    return Path(file).name
