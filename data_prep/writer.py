"""Parquet files that are whole or absent: written under a temporary name, renamed when complete."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 2048
"""Rows a row group: readers hold one at a time."""


def write_table(table: pa.Table, path: Path) -> None:
    """Write `table` to `path` atomically; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial")
    try:
        pq.write_table(table, temporary, compression="zstd", row_group_size=ROW_GROUP)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(text: str, path: Path) -> None:
    """Write `text` to `path` atomically; the folder is made."""
    write_bytes(text.encode(), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write `content` to `path` atomically; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def shard_name(split: str, number: int, count: int) -> str:
    """`train-00000-of-00001.parquet` and so on."""
    return f"{split}-{number:05d}-of-{count:05d}.parquet"


def sha256(path: Path) -> str:
    """Checksum of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
