"""Judge results beside the run: grades that `verl-wafersage judge` gave to answers of the dumps."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.agreement import TOP_GRADE

from .run import Run


def attach_judgements(run: Run, sources: Iterable[Path]) -> None:
    """Give the run's answers the grades found in results of `judge`, in place.

    A grade belongs to the answer of the same step with the same question and text. Unscored results stay
    unscored.

    Args:
        run: The run.
        sources: Output folders of `judge`, or their `answers.jsonl`.

    Raises:
        InputError: A file does not exist or has no graded answer in it.
    """
    grades: dict[tuple[object, str, str], list[float]] = {}
    for source in sources:
        file = source / "answers.jsonl" if source.is_dir() else source
        count = 0
        for line in _read(file):
            grade, text = _grade(line), line.get("text")
            if grade is None or not isinstance(text, str):
                continue
            count += 1
            key = (line.get("step"), str(line.get("question") or ""), text)
            grades.setdefault(key, []).append(grade)
        if not count:
            raise InputError("holds no graded answer", file=file, remedy="name the output folder of `judge`")
    if not grades and not any(answer.judge is not None for answer in run.answers):
        run.missing.append(
            "Judgements: run `verl-wafersage judge` on the dumps and name its output with --judge."
        )
    for i, answer in enumerate(run.answers):
        if found := grades.get((answer.step, answer.question, answer.text)):
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
    value = line.get("overall")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(1.0, max(0.0, value / TOP_GRADE))
