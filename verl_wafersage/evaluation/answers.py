"""Answers to be evaluated, from wherever they were left: verl's dumps, our rollouts, earlier evaluations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import InputError, RubricError
from ..json_lines import read_json_lines
from ..reward_fns.answers import question_of
from ..reward_fns.schema import load_rubric
from .rows import Row

_TEXT = ("text", "output", "response")
_RUBRIC = ("ground_truth", "gts", "rubric")


@dataclass(frozen=True)
class Answer:
    """One answer of one model to one question.

    Attributes:
        id: The row's id; several answers to it differ in `sample`.
        model: Who answered; models are compared by this name.
        text: The answer as written, tags included.
        question: The question without prompt and placeholder.
        ground_truth: The rubric as JSON text.
        wafer: Unit of the intervals.
        sample: Number of the answer among those of one model to one row.
        step: Training step, where known.
        answer_style: The style the row asked for; "" when unknown.
        split: train, val, test or "".
        image: The wafer's picture, where the data set was given.
    """

    id: str
    model: str
    text: str
    question: str
    ground_truth: str
    wafer: str
    sample: int = 0
    step: int | None = None
    answer_style: str = ""
    split: str = ""
    image: bytes | None = None

    @property
    def key(self) -> str:
        """Hash of wafer, question, rubric and text: equal answers about one wafer are judged once."""
        content = json.dumps([self.wafer, self.question, self.ground_truth, self.text])
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    @property
    def dimension(self) -> str:
        """Dimension of the rubric."""
        return load_rubric(self.ground_truth).dimension

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, without the picture; `read_answers` reads them back."""
        return {
            "id": self.id,
            "model": self.model,
            "sample": self.sample,
            "step": self.step,
            "split": self.split,
            "wafer_id": self.wafer,
            "dimension": self.dimension,
            "answer_style": self.answer_style,
            "question": self.question,
            "ground_truth": self.ground_truth,
            "text": self.text,
            "key": self.key,
        }


def read_answers(file: Path, *, model: str | None = None, rows: Sequence[Row] = ()) -> list[Answer]:
    """Read answers from JSON lines.

    Understood are verl's validation dump (`input, output, gts, step`), the rollouts of our replay buffer,
    and what `verl-wafersage judge` writes. A dump does not say which wafer a row is about: with `rows`, the
    wafer and the picture are found by id, or by question and rubric where these name one wafer; without,
    each question counts as a wafer of its own.

    Args:
        file: The file.
        model: Name for lines that have none; by default the name of the file and, for dumps, the step.
        rows: The data set behind the answers.

    Raises:
        InputError: The file is missing, a line is no JSON object, or an answer has no text or no rubric
            and no row supplies it; names file and line.
    """
    index = _Index(rows)
    answers: list[Answer] = []
    samples: dict[tuple[str, str], int] = {}
    for number, line in read_json_lines(file):
        answer = _answer(line, file, number, model, index)
        if "sample" not in line:
            count = samples.get((answer.model, answer.id), 0)
            samples[answer.model, answer.id] = count + 1
            answer = replace(answer, sample=count)
        answers.append(answer)
    if not answers:
        raise InputError("no answers", file=file)
    return answers


def _answer(line: Mapping[str, Any], file: Path, number: int, model: str | None, index: _Index) -> Answer:
    text = next((line[name] for name in _TEXT if isinstance(line.get(name), str)), None)
    if text is None:
        raise InputError("no answer", file=file, row=number, field="text")
    question = question_of(line)
    truth = next((line[name] for name in _RUBRIC if line.get(name)), None)
    truth = json.dumps(truth, ensure_ascii=False) if isinstance(truth, Mapping) else truth
    row = index.find(line, question, truth)
    truth = truth or (row.ground_truth if row else "")
    if not truth:
        raise InputError("no rubric", file=file, row=number, remedy="give the data set with --data")
    try:
        load_rubric(truth)
    except RubricError as error:
        raise InputError(error.problem, file=file, row=number, field="ground_truth") from error
    step = line.get("step") if isinstance(line.get("step"), int) else None
    known = str(line.get("id") or (row.id if row else "")) or _digest(question, truth)
    return Answer(
        id=known,
        model=str(line.get("model") or model or _name(file, step)),
        text=text,
        question=question or (row.question if row else ""),
        ground_truth=truth,
        wafer=row.wafer if row else str(line.get("wafer_id") or known),
        sample=int(line.get("sample") or 0),
        step=step,
        answer_style=str(line.get("answer_style") or (row.answer_style if row else "")),
        split=str(line.get("split") or (row.split if row else "")),
        image=row.image if row else None,
    )


def _name(file: Path, step: int | None) -> str:
    """`RUN@20` for `RUN/validation/20.jsonl`, else the file's own name."""
    if step is None or file.stem != str(step):
        return file.stem if step is None else f"{file.stem}@{step}"
    folder = file.resolve().parent
    return f"{folder.parent.name if folder.name in ('validation', 'rollouts') else folder.name}@{step}"


class _Index:
    """Rows by id, and by question and rubric where these belong to one wafer only."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._by_id = {row.id: row for row in rows}
        self._by_content: dict[tuple[str, str], Row | None] = {}
        for row in rows:
            content = (row.question, row.ground_truth)
            known = self._by_content.setdefault(content, row)
            if known is not None and known.wafer != row.wafer:
                self._by_content[content] = None

    def find(self, line: Mapping[str, Any], question: str, truth: str | None) -> Row | None:
        row = self._by_id.get(str(line.get("id"))) if line.get("id") is not None else None
        return row or self._by_content.get((question, truth or ""))


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
