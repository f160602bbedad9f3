"""The published WaferSAGE rubric sets (`wafermap-vqa-with-rubrics-2602`, `WaferSAGE-Wafermap-VQA-Dataset`).

Rubrics are converted as they are, defects included: mend them with `verl-wafersage audit --fix`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...reward_fns.repair import from_published
from ...reward_fns.schema import load_rubric
from ..records import Question, ReadOptions
from . import wafersage_rows as published

_COLUMNS = (
    "image|images",
    "question|query",
    "reference_answer|answer",
    "dimension|question_type",
    "must_hit|rubric",
)


def read(path: Path, options: ReadOptions) -> Iterator[Question]:
    """Yield the questions of a local copy (parquet, a file or a folder) or of a hub id.

    Raises:
        InputError: For a set without these columns (one without rubrics belongs to `wafersage-vqa`), a
            value of the wrong kind, or a rubric that cannot be read.
    """
    return published.read_rows(path, options, "wafersage-rubrics", _COLUMNS, _question)


def _question(row: Mapping[str, Any]) -> Question:
    for name in ("must_hit", "must_avoid"):
        value = row.get(name)
        if value is not None and (not isinstance(value, list) or not all(isinstance(v, str) for v in value)):
            raise InputError("must be a list of strings", field=name)
    dimension = published.dimension(row, "dimension", "question_type")
    answer = published.text(row, "reference_answer", "answer")
    labels = published.labels(row)
    given = {name: value for name, value in row.items() if value is not None}
    rubric = from_published({**given, "dimension": dimension, "reference_answer": answer})
    rubric |= {"dimension": dimension, "labels": list(labels)}
    if not load_rubric(rubric).must_hit:
        raise InputError("no must_hit item: nothing to score", field="must_hit")
    name = published.text(row, "id", needed=False)
    return Question(
        image=published.image(row),
        text=published.text(row, "question", "query"),
        rubric=rubric,
        reference_answer=answer,
        dimension=dimension,
        question_type=published.text(row, "question_type", needed=False) or dimension,
        level=published.level(row),
        labels=labels,
        wafer_id=published.wafer_id(row),
        origin=published.ORIGIN,
        extra={"id": f"{published.ORIGIN}/{name}"} if name else {},
    )
