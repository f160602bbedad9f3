"""Records spilled to one Arrow file: readers stream once, workers then take any chunk of it.

Readers can only go forwards, and splits need to see every wafer before the first row is written. So
records are written to a compressed file first; a re-run after a kill starts from there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from .records import Question, Record, WaferMap
from .synthetic import Truth

CHUNK = 2048
"""Records a batch: what a worker takes at a time."""

SCHEMA = pa.schema(
    [
        ("grid", pa.binary()),
        ("rows", pa.int32()),
        ("cols", pa.int32()),
        ("labels", pa.list_(pa.string())),
        ("wafer_id", pa.string()),
        ("origin", pa.string()),
        ("lot", pa.string()),
        ("oriented", pa.bool_()),
        ("image", pa.binary()),
        ("rest", pa.string()),
    ]
)


def write(records: Iterable[Record], path: Path) -> int:
    """Write records to `path` atomically; returns how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial")
    count = 0
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, SCHEMA, options=options) as writer:
        held: list[dict[str, Any]] = []
        for record in records:
            held.append(_to_row(record))
            if len(held) == CHUNK:
                writer.write_batch(pa.RecordBatch.from_pylist(held, schema=SCHEMA))
                count, held = count + len(held), []
        if held:
            writer.write_batch(pa.RecordBatch.from_pylist(held, schema=SCHEMA))
            count += len(held)
    os.replace(temporary, path)
    return count


def chunks(path: Path) -> int:
    """Number of chunks in a staged file."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        return int(reader.num_record_batches)


def read(path: Path, chunk: int) -> Iterator[Record]:
    """Yield the records of one chunk."""
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        batch = reader.get_batch(chunk)
        for start in range(0, batch.num_rows, 256):  # a slice at a time, to bound the Python objects
            for row in batch.slice(start, 256).to_pylist():
                yield _to_record(row)


def _to_row(record: Record) -> dict[str, Any]:
    row: dict[str, Any] = {
        "labels": list(record.labels),
        "wafer_id": record.wafer_id,
        "origin": record.origin,
    }
    if isinstance(record, Question):
        rest = {
            "text": record.text,
            "rubric": record.rubric,
            "reference_answer": record.reference_answer,
            "dimension": record.dimension,
            "question_type": record.question_type,
            "level": record.level,
            "extra": record.extra,
        }
        return row | {"image": record.image, "lot": record.extra.get("lot"), "rest": json.dumps(rest)}
    truth = asdict(record.truth) if isinstance(record.truth, Truth) else None
    rows, cols = record.grid.shape
    return row | {
        "grid": np.ascontiguousarray(record.grid, dtype=np.uint8).tobytes(),
        "rows": rows,
        "cols": cols,
        "lot": record.lot,
        "oriented": record.oriented,
        "rest": json.dumps({"truth": truth, "extra": record.extra}),
    }


def _to_record(row: dict[str, Any]) -> Record:
    rest = json.loads(row["rest"])
    shared = {"labels": tuple(row["labels"]), "wafer_id": row["wafer_id"], "origin": row["origin"]}
    if row["grid"] is None:
        return Question(image=row["image"], **rest, **shared)
    truth = Truth.from_json(rest["truth"]) if rest["truth"] else None
    grid = np.frombuffer(row["grid"], np.uint8).reshape(row["rows"], row["cols"])
    return WaferMap(
        grid, lot=row["lot"], oriented=bool(row["oriented"]), truth=truth, extra=rest["extra"], **shared
    )
