"""The published WaferSAGE question set without rubrics (`wafermap-vqa-2602`), for supervised fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..records import Question, ReadOptions
from . import wafersage_rows as published

_COLUMNS = ("image|images", "query|question", "answer|reference_answer", "question_type|dimension")


def read(path: Path, options: ReadOptions) -> Iterator[Question]:
    """Yield the questions of a local copy (parquet, a file or a folder) or of a hub id.

    Raises:
        InputError: For a set without these columns, or a value of the wrong kind.
    """
    return published.read_rows(path, options, "wafersage-vqa", _COLUMNS, _question)


def _question(row: Mapping[str, Any]) -> Question:
    name = published.text(row, "id", needed=False)
    return Question(
        image=published.image(row),
        text=published.text(row, "query", "question"),
        rubric=None,
        reference_answer=published.text(row, "answer", "reference_answer"),
        dimension=published.dimension(row, "question_type", "dimension"),
        question_type=published.text(row, "question_type", "dimension"),
        level=published.level(row),
        labels=published.labels(row),
        wafer_id=published.wafer_id(row),
        origin=published.ORIGIN,
        extra={"id": f"{published.ORIGIN}/{name}"} if name else {},
    )
