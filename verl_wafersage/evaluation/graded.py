"""Answers that a judge or a person has graded: what a rule is fitted to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..json_lines import read_json_lines
from .agreement import TOP_GRADE, Floats
from .answers import Answer, read_answers
from .rows import Row

_RUBRIC_FIELDS = ("dimension", "must_hit", "must_avoid", "criteria", "reference_answer")


@dataclass(frozen=True)
class GradedAnswer:
    """An answer with grades in [0, 10] by grader."""

    answer: Answer
    grades: Mapping[str, float]

    @property
    def grade(self) -> float:
        """Mean over graders."""
        return float(np.mean(list(self.grades.values())))


def read_graded(files: Sequence[Path], rows: Sequence[Row] = ()) -> list[GradedAnswer]:
    """Read graded answers.

    A line is either an answer as `verl-wafersage judge` writes it, with `overall` or with
    `"grades": {"anna": 7, "judge": 8.5}` for several graders, or a question with `candidates`, each of
    which has a `text` and grades in fields that start with `judge_` or `human_`. Answers without a grade
    are left out: they are unscored, not bad.

    Raises:
        InputError: A file has no graded answer, or a grade is outside 0 to 10; names file and line.
    """
    found: list[GradedAnswer] = []
    for file in files:
        graded = list(_questions(file) if _has_candidates(file) else _answers(file, rows))
        if not graded:
            raise InputError(
                "no graded answer", file=file, remedy="grade answers with `verl-wafersage judge`"
            )
        found.extend(graded)
    return found


def grades_of(graded: Sequence[GradedAnswer]) -> Floats:
    """Mean grades in [0, 10], shape (n,)."""
    return np.asarray([one.grade for one in graded])


def graders(graded: Sequence[GradedAnswer]) -> list[str]:
    """Graders who graded every answer, by name: only they can be compared."""
    shared = set.intersection(*(set(one.grades) for one in graded)) if graded else set()
    return sorted(shared)


def _has_candidates(file: Path) -> bool:
    first = next(read_json_lines(file), (0, {}))[1]
    return "candidates" in first


def _questions(file: Path) -> Iterator[GradedAnswer]:
    for number, line in read_json_lines(file):
        rubric = {name: line[name] for name in _RUBRIC_FIELDS if name in line}
        rubric |= {"version": 1, "labels": line.get("label", [])}
        truth = json.dumps(rubric)
        for sample, candidate in enumerate(line.get("candidates", ())):
            grades = {
                name: _grade(value, file, number, name)
                for name, value in candidate.items()
                if name.startswith(("judge_", "human_")) and not isinstance(value, Mapping)
            }
            if not grades:
                continue
            name = str(line.get("id", number))
            answer = Answer(
                id=f"{file.stem}/{name}",
                model=file.stem,
                text=str(candidate["text"]),
                question=str(line.get("question", "")),
                ground_truth=truth,
                wafer=str(line.get("wafer_id") or f"{file.stem}/{name}"),
                sample=sample,
            )
            yield GradedAnswer(answer, grades)


def _answers(file: Path, rows: Sequence[Row]) -> Iterator[GradedAnswer]:
    answers = read_answers(file, rows=rows)
    for answer, (number, line) in zip(answers, read_json_lines(file), strict=True):
        given = line.get("grades") or {"judge": line.get("overall")}
        grades = {
            name: _grade(value, file, number, name) for name, value in given.items() if value is not None
        }
        if grades:
            yield GradedAnswer(answer, grades)


def _grade(value: object, file: Path, number: int, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= TOP_GRADE:
        raise InputError(
            f"a grade is a number from 0 to 10, not {value!r}", file=file, row=number, field=name
        )
    return float(value)
