"""Judge results beside the run: grades that `verl-wafersage judge` gave to answers of the dumps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from verl_wafersage.errors import InputError

from .run import Run

_TOP = 10.0


def attach_judgements(run: Run, files: Iterable[Path]) -> None:
    """Give the run's answers the grades found in result files, in place.

    A grade belongs to the answer with the same text and, where the result has them, the same step and
    row. Unscored results stay unscored.

    Raises:
        InputError: A file does not exist or has no judgement in it.
    """
    grades: dict[tuple[str, str], list[float]] = {}
    for file in files:
        count = 0
        for line in _read(file):
            grade = _grade(line)
            text = line.get("answer", line.get("text", line.get("output")))
            if grade is None or not isinstance(text, str):
                continue
            count += 1
            grades.setdefault((text, str(line.get("step", ""))), []).append(grade)
        if not count:
            raise InputError("holds no judgement", file=file, remedy="give a result file of `judge`")
    if not grades:
        if not any(answer.judge is not None for answer in run.answers):
            run.missing.append("Judgements: run `verl-wafersage judge` on the dumps and name its results.")
        return
    for i, answer in enumerate(run.answers):
        found = grades.get((answer.text, str(answer.step))) or grades.get((answer.text, ""))
        if found:
            run.answers[i] = replace(answer, judge=sum(found) / len(found))


def _read(file: Path) -> Iterable[dict[str, Any]]:
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=file) from error
    for number, raw in enumerate(lines):
        try:
            value = json.loads(raw)
        except ValueError as error:
            raise InputError("is not JSON", file=file, row=number) from error
        if isinstance(value, dict):
            yield value


def _grade(line: dict[str, Any]) -> float | None:
    value = line.get("judge", line.get("overall"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(1.0, max(0.0, value / _TOP))
