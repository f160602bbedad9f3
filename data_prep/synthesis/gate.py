"""The gate: a question that a model wrote is kept only when the audit finds nothing wrong with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..audit.checks import RowOptions, check_question, check_rubric
from ..audit.findings import CHECKS, FAIL
from ..audit.mend import mend
from ..audit.rows import Row
from ..records import Question
from ..rows import Place, Style, rl_row

_ALSO = ("reveals",)
"""Warnings of the audit that a fresh question may not have: it can simply be left out."""


def examine(question: Question, options: RowOptions) -> tuple[Question, list[str]]:
    """Mend a question's rubric and check it.

    Returns:
        The question with its mended rubric, and the reasons to refuse it (none to keep it).
    """
    rubric, _ = mend(question.rubric or {}, (options.scoring or {}).get("lexicon"))
    question = replace(question, rubric=rubric)
    data = rl_row(question, Place(0, "train", None, question.wafer_id), Style(""))
    row = Row(Path("synthesis"), 0, data)
    found = [*check_rubric(row, options)[0], *check_question(row)]
    reasons = [
        f"{finding.check}: {finding.message}"
        for finding in found
        if CHECKS[finding.check][0] == FAIL or finding.check in _ALSO
    ]
    return question, reasons


def agrees(described: list[str], labels: tuple[str, ...]) -> bool:
    """Tell whether the model named exactly the labelled types; an unlabelled wafer agrees with anything."""
    return not labels or set(described) == set(labels)
