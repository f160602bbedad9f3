"""Score a file of answers and show the evidence; what the verb `score` calls."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..errors import InputError, RubricError
from .answers import read_answers
from .report import to_html, to_table, to_text
from .rubric import NOT_APPLICABLE, explain


class Show(Enum):
    """What is shown of each answer."""

    NOTHING = "nothing"
    WORDS = "words"
    JSON = "json"


def score_file(
    file: Path,
    *,
    answer_field: str | None = None,
    options: Mapping[str, Any] | None = None,
    limit: int = 0,
    show: Show = Show.WORDS,
    page: Path | None = None,
    console: Console | None = None,
) -> dict[str, float]:
    """Score every answer of a file.

    Args:
        file: See `answers.read_answers`.
        answer_field: The field that holds the answer.
        options: Options of the reward.
        limit: Score only so many rows; 0 is all.
        show: What to print of each answer.
        page: Where to write an HTML page of all of them.
        console: Where to print; stdout when None.

    Returns:
        The mean of each score over the rows it applies to, and `rows`.

    Raises:
        InputError: The file, a row or an option cannot be used; names the row.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    sums: dict[str, list[float]] = {}
    shown: list[dict[str, Any]] = []
    answers = read_answers(file, answer_field)
    for number, answer in enumerate(itertools.islice(answers, limit or None)):
        try:
            found = explain("score", answer.answer, answer.ground_truth, answer.extra_info, **(options or {}))
        except RubricError as error:
            raise RubricError(
                error.problem, file=file, row=number, field=error.field, remedy=error.remedy
            ) from error
        for key, value in found["scores"].items():
            if value != NOT_APPLICABLE:
                sums.setdefault(key, []).append(value)
        question = str(answer.extra_info.get("question") or "")
        if show is Show.JSON:
            console.print(json.dumps({"id": answer.name, **found}), markup=False)
        elif show is Show.WORDS:
            console.print(f"[bold]{found['scores']['score']:.3f}[/]", end="  ")
            console.print(f"{answer.name}  {question}", markup=False)
            console.print(to_text(found))
            console.print(to_table(found))
            console.print()
        if page is not None:
            shown.append({"name": answer.name, "question": question, "explanation": found})
    if not sums:
        raise InputError("holds no answers", file=file)
    if page is not None:
        write_text(page, to_html(shown, f"Rewards of {file.name}"))
    means = {key: sum(values) / len(values) for key, values in sums.items()}
    if show is not Show.JSON:
        console.print(_summary(sums))
    return {"rows": float(len(sums["score"])), **means}


def _summary(sums: Mapping[str, list[float]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in ("score", "rows", "mean", "least", "most"):
        table.add_column(column, justify="left" if column == "score" else "right")
    for key, values in sums.items():
        mean = sum(values) / len(values)
        table.add_row(key, str(len(values)), f"{mean:.3f}", f"{min(values):.3f}", f"{max(values):.3f}")
    return table


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"cannot write it ({error})", file=path) from error
