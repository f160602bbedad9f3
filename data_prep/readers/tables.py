"""Rows of a data set: local parquet, a folder of it, or an id on the Hugging Face hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_BATCH = 256


def rows_of(path: Path, columns: tuple[str, ...] = ()) -> Iterator[tuple[Path | str, int, dict[str, Any]]]:
    """Yield (file or split, row number, row) of every row, holding one batch at a time.

    Args:
        path: A parquet file, a folder with such files, or a hub id such as `owner/name`.
        columns: Columns that must be there; each may be a choice, e.g. `question|query`.

    Raises:
        InputError: When there is nothing to read, a file is damaged, or a column is missing.
    """
    if path.exists():
        for file in _files(path):
            yield from _local(file, columns)
    elif _HUB_ID.fullmatch(path.as_posix()):
        yield from _hub(path.as_posix(), columns)
    else:
        raise InputError("no such file or folder, and no hub id", file=path)


def _files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.rglob("*.parquet"))
    if not files:
        raise InputError("no *.parquet files in this folder", file=path)
    return files


def _local(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[Path | str, int, dict[str, Any]]]:
    number = 0
    try:
        table = pq.ParquetFile(file)
        check_columns(table.schema_arrow.names, columns, file)
        for batch in table.iter_batches(_BATCH):
            for row in batch.to_pylist():
                yield file, number, row
                number += 1
    except (pa.ArrowException, OSError) as error:
        problem = f"no readable parquet: {' '.join(str(error).split())[:160]}"
        raise InputError(problem, file=file) from error
    if not number:
        raise InputError("no rows", file=file)


def _hub(name: str, columns: tuple[str, ...]) -> Iterator[tuple[Path | str, int, dict[str, Any]]]:
    import datasets

    try:
        splits = datasets.load_dataset(name, streaming=True)
        for split, rows in splits.items():
            place = f"{name}[{split}]"
            image_columns = [
                key for key, kind in (rows.features or {}).items() if isinstance(kind, datasets.Image)
            ]
            for column in image_columns:
                rows = rows.cast_column(column, datasets.Image(decode=False))
            for number, row in enumerate(rows):
                check_columns(list(row), columns, place)
                yield place, number, dict(row)
    except InputError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        # datasets, huggingface_hub and httpx each have their own errors; all derive from these.
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"cannot be had from the hub ({reason})", file=name,
                         remedy="give a local copy instead, e.g. made by: hf download --repo-type dataset "
                         f"{name} --local-dir DIR") from error  # fmt: skip


def check_columns(names: list[str], columns: tuple[str, ...], file: Path | str) -> None:
    """Refuse a table that lacks a column.

    Raises:
        InputError: Naming the first column that is missing.
    """
    for column in columns:
        if not set(column.split("|")) & set(names):
            raise InputError(f"no column {column.replace('|', ' or ')!r} among {', '.join(names)[:160]}",
                             file=file, field=column.split("|")[0])  # fmt: skip
