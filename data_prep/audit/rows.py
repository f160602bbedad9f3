"""Rows of a converted data set, as the audit sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError, RubricError

IMAGE_TOKEN = "<image>"
_COLUMNS = ("prompt", "images", "reward_model", "extra_info")
_BATCH = 128


@dataclass(frozen=True)
class Row:
    """One row in verl's schema.

    Attributes:
        file: The parquet file.
        number: Row inside it.
        data: The row as it stands.
    """

    file: Path
    number: int
    data: Mapping[str, Any]

    @cached_property
    def extra(self) -> Mapping[str, Any]:
        """`extra_info`."""
        return self.data.get("extra_info") or {}

    @property
    def id(self) -> str:
        """The row's name, or its place where it has none."""
        return str(self.extra.get("id") or f"{self.file.name}:{self.number}")

    @property
    def split(self) -> str:
        """The split, by `extra_info` or else by the file's name."""
        return str(self.extra.get("split") or self.file.name.split("-", 1)[0].removesuffix(".parquet"))

    @property
    def wafer(self) -> str:
        """The wafer, unique over origins; rows about one wafer share its picture."""
        origin = self.extra.get("origin") or self.data.get("data_source") or ""
        return f"{origin}/{self.extra.get('wafer_id') or self.id}"

    @property
    def labels(self) -> tuple[str, ...]:
        """Canonical labels."""
        return tuple(self.extra.get("labels") or ())

    @cached_property
    def ground_truth(self) -> str:
        """The rubric as text."""
        value = (self.data.get("reward_model") or {}).get("ground_truth")
        return value if isinstance(value, str) else json.dumps(value)

    @cached_property
    def rubric(self) -> Mapping[str, Any]:
        """The rubric as a plain object.

        Raises:
            RubricError: When it is no JSON object.
        """
        try:
            value = json.loads(self.ground_truth)
        except (ValueError, RecursionError) as error:
            raise RubricError(f"not valid JSON ({error})", field="ground_truth") from error
        if not isinstance(value, Mapping):
            raise RubricError("a rubric is a JSON object", field="ground_truth")
        return value

    @property
    def question(self) -> str:
        """The question, without the image placeholder."""
        return str(self.extra.get("question") or self.prompt_text.replace(IMAGE_TOKEN, "").strip())

    @property
    def prompt_text(self) -> str:
        """The text of the last user message."""
        users = [turn for turn in self.data.get("prompt") or () if turn.get("role") == "user"]
        return str(users[-1].get("content") or "") if users else ""

    @property
    def placeholders(self) -> int:
        """Image placeholders in all messages."""
        return sum(
            str(turn.get("content") or "").count(IMAGE_TOKEN) for turn in self.data.get("prompt") or ()
        )

    @property
    def images(self) -> list[bytes | None]:
        """The encoded pictures; None for one without bytes."""
        return [
            image.get("bytes") if isinstance(image, Mapping) else None
            for image in self.data.get("images") or ()
        ]

    @property
    def reference(self) -> str:
        """The reference answer."""
        return str(self.extra.get("reference_answer") or _reference_in(self.ground_truth))


def _reference_in(ground_truth: str) -> str:
    try:
        value = json.loads(ground_truth)
    except (ValueError, RecursionError):
        return ""
    return str(value.get("reference_answer") or "") if isinstance(value, dict) else ""


def files_of(path: Path) -> list[Path]:
    """Return the parquet files for reinforcement learning of a converted set, or the one file itself.

    Raises:
        InputError: When there are none.
    """
    if path.is_file():
        return [path]
    found = sorted(path.glob("*.parquet"))
    # Beside its shards a converted set holds tables of its own; a set made elsewhere may have other names.
    files = [file for file in found if re.fullmatch(r"(train|val|test)-\d+-of-\d+", file.stem)] or found
    if not files:
        problem = "no *.parquet files in this folder" if path.is_dir() else "no such file or folder"
        raise InputError(problem, file=path, remedy="give the output folder of verl-wafersage convert")
    return files


def read_rows(path: Path) -> Iterator[Row]:
    """Yield every row, holding one batch at a time.

    Raises:
        InputError: For a damaged file, or one that is not in verl's schema.
    """
    for file in files_of(path):
        number = 0
        for batch in batches_of(file):
            for data in batch.to_pylist():
                yield Row(file, number, data)
                number += 1


def batches_of(file: Path) -> Iterator[pa.RecordBatch]:
    """Yield the record batches of a file in verl's schema.

    Raises:
        InputError: For a damaged file, or one without verl's columns.
    """
    try:
        table = pq.ParquetFile(file)
        names = table.schema_arrow.names
        missing = next((name for name in _COLUMNS if name not in names), None)
        if missing:
            raise InputError(f"no column {missing!r}", file=file, field=missing,
                             remedy="audit reads what verl-wafersage convert writes")  # fmt: skip
        yield from table.iter_batches(_BATCH)
    except (pa.ArrowException, OSError) as error:
        problem = f"no readable parquet: {' '.join(str(error).split())[:160]}"
        raise InputError(problem, file=file) from error


def row_count(path: Path) -> int:
    """Return the number of rows without reading them.

    Raises:
        InputError: For a damaged file.
    """
    try:
        return sum(pq.read_metadata(file).num_rows for file in files_of(path))
    except (pa.ArrowException, OSError) as error:
        problem = f"no readable parquet: {' '.join(str(error).split())[:160]}"
        raise InputError(problem, file=path) from error
