"""Rows of a data set (parquet, verl's schema) as the evaluation needs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError

_COLUMNS = ("prompt", "images", "reward_model", "extra_info", "data_source")


@dataclass(frozen=True)
class Row:
    """One question with its picture and rubric.

    Attributes:
        id: Unique within the data set.
        wafer: Questions of one wafer share it; the unit of every interval.
        question: The question without the image placeholder.
        ground_truth: The rubric as JSON text.
        prompt: System and user message as the model gets them, `<image>` where the picture goes.
        image: The encoded picture; None in data sets without pictures.
        answer_style: plain, tags or "".
        split: train, val, test or "".
        data_source: verl's name of the row's origin.
    """

    id: str
    wafer: str
    question: str
    ground_truth: str
    prompt: tuple[Mapping[str, str], ...] = ()
    image: bytes | None = None
    answer_style: str = ""
    split: str = ""
    data_source: str = ""


def read_rows(paths: Sequence[Path], *, images: bool = True) -> Iterator[Row]:
    """Read rows one row group at a time.

    Args:
        paths: Parquet files, or folders of them.
        images: Whether to read the pictures, most of the bytes.

    Raises:
        InputError: A file is missing, is no parquet file, or a row lacks a rubric; names file and row.
    """
    for file in parquet_files(paths):
        number = 0
        for batch in _batches(file, images):
            for raw in batch:
                yield _row(raw, file, number)
                number += 1


def parquet_files(paths: Iterable[Path]) -> list[Path]:
    """Parquet files named directly or lying in the named folders, in order of their names."""
    found: list[Path] = []
    for path in paths:
        files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        if not files:
            raise InputError("no parquet file in this folder", file=path)
        found.extend(files)
    return found


def _batches(file: Path, images: bool) -> Iterator[list[dict[str, Any]]]:
    try:
        with pq.ParquetFile(file) as table:
            names = set(table.schema_arrow.names)
            columns = [name for name in _COLUMNS if name in names and (images or name != "images")]
            for group in range(table.num_row_groups):
                yield table.read_row_group(group, columns=columns).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"not a readable parquet file ({error})", file=file) from error


def _row(raw: Mapping[str, Any], file: Path, number: int) -> Row:
    extra = raw.get("extra_info") or {}
    truth = (raw.get("reward_model") or {}).get("ground_truth")
    if not isinstance(truth, str):
        raise InputError("no rubric", file=file, row=number, field="reward_model.ground_truth")
    prompt = tuple(raw.get("prompt") or ())
    said = [str(message.get("content", "")) for message in prompt if message.get("role") == "user"]
    question = extra.get("question") or (said[-1].replace("<image>", "").strip() if said else "")
    name = str(extra.get("id") or extra.get("index") or f"{file.stem}/{number}")
    wafer = extra.get("wafer_id")
    origin = extra.get("origin") or ""
    pictures = raw.get("images") or ()
    first = pictures[0] if pictures else None
    return Row(
        id=name,
        wafer=f"{origin}/{wafer}" if wafer else name,
        question=str(question),
        ground_truth=truth,
        prompt=prompt,
        image=first.get("bytes") if isinstance(first, Mapping) else None,
        answer_style=str(extra.get("answer_style") or ""),
        split=str(extra.get("split") or ""),
        data_source=str(raw.get("data_source") or ""),
    )
