"""WM-811K: Kaggle's LSWMD.pkl, MIR-WM811K's pickle, or a parquet of the labelled maps.

The two pickles spell the official split's column differently (`trianTestLabel`, `trainTestLabel`) and
nest labels differently (`[['Center']]`, or a plain string with `[0, 0]` for unlabelled). The parquet has
the columns failureType, rows, cols and map (row-major bytes), and optionally orig_index and lotName.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError
from ..pickles import load_frame
from ..records import DEFECT_TYPES, FAIL, NORMAL, ReadOptions, WaferMap

ORIGIN = "wm811k"
SMALLEST = 5
"""Fewest dies across a map: the published set holds one broken map of 15 x 3."""

_LABELS = {name.lower(): name for name in (*DEFECT_TYPES, NORMAL)} | {"near-full": "Near-full"}
_SPLIT_COLUMNS = ("trianTestLabel", "trainTestLabel")


def read(path: Path, options: ReadOptions) -> Iterator[WaferMap]:
    """Yield the wafers of a pickle or parquet; a folder must hold exactly one of either.

    Unlabelled wafers have no labels. A pickle is read through a list of harmless names unless
    `options.trust_pickle`.
    """
    path = _file(path)
    rows = _parquet(path) if path.suffix == ".parquet" else _pickle(path, options.trust_pickle)
    for row, (grid, label, extra) in enumerate(rows):
        try:
            wafer = _wafer(row, grid, label, extra)
        except InputError as error:
            options.on_bad(
                InputError(error.problem, file=path, row=row, field=error.field, remedy=error.remedy)
            )
            continue
        yield wafer


def _file(path: Path) -> Path:
    if path.is_dir():
        found = sorted(file for pattern in ("*.parquet", "*.pkl", "*.pickle") for file in path.glob(pattern))
        if len(found) != 1:
            raise InputError(f"expected one .pkl or .parquet in the folder, found {len(found)}", file=path)
        return found[0]
    if not path.exists():
        raise InputError("no such file", file=path)
    return path


def _wafer(row: int, grid: Any, label: Any, extra: dict[str, Any]) -> WaferMap:
    array = np.asarray(grid)
    if array.dtype.kind not in "iub":
        raise InputError(
            "the map is ragged or not of whole numbers"
            if array.dtype == object
            else f"the map holds {array.dtype}",
            field="waferMap",
        )
    if array.ndim != 2 or min(array.shape) < SMALLEST:
        raise InputError(f"a map of shape {array.shape} is no wafer", field="waferMap")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > FAIL:
        raise InputError(f"value {low if low < 0 else high} is outside 0..2", field="waferMap")
    if not high:
        raise InputError("the map has no dies", field="waferMap")
    number = extra.pop("orig_index", row)
    lot = extra.pop("lot", None)
    return WaferMap(array.astype(np.uint8), _labels(label), f"w{number:06d}", ORIGIN, lot=lot, extra=extra)


def _labels(label: Any) -> tuple[str, ...]:
    while isinstance(label, (list, tuple, np.ndarray)):
        if len(label) == 0:
            return ()
        label = label[0]
    if isinstance(label, bytes):
        label = label.decode("latin1")
    if label is None or isinstance(label, (int, float, np.number)):
        return ()
    name = str(label).strip().lower().replace(" ", "-").replace("_", "-")
    if not name:
        return ()
    if name not in _LABELS:
        raise InputError(
            f"unknown label {str(label)!r}",
            field="failureType",
            remedy=f"known are {', '.join(_LABELS.values())}",
        )
    return (_LABELS[name],)


def _pickle(path: Path, trust: bool) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    columns = load_frame(path, trust=trust)
    for name in ("waferMap", "failureType"):
        if name not in columns:
            raise InputError(f"no such column; the frame has {', '.join(columns)}", file=path, field=name)
    maps, labels = columns["waferMap"], columns["failureType"]
    if not len(maps):
        raise InputError("holds no maps", file=path, field="waferMap")
    lots = columns.get("lotName")
    official = next((columns[name] for name in _SPLIT_COLUMNS if name in columns), None)
    for row, (grid, label) in enumerate(zip(maps, labels, strict=True)):
        extra: dict[str, Any] = {}
        if lots is not None:
            extra["lot"] = str(lots[row])
        if official is not None:
            extra["official_split"] = _plain(official[row])
        yield grid, label, extra


def _plain(value: Any) -> str | None:
    while isinstance(value, (list, tuple, np.ndarray)):
        if len(value) == 0:
            return None
        value = value[0]
    return value if isinstance(value, str) and value else None


_COLUMNS = {
    "failureType": (pa.types.is_string, pa.types.is_large_string),
    "rows": (pa.types.is_integer,),
    "cols": (pa.types.is_integer,),
    "map": (pa.types.is_binary, pa.types.is_large_binary),
}


def _parquet(path: Path) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"not a readable parquet file ({error})", file=path) from error
    with file:
        schema = file.schema_arrow
        for name, checks in _COLUMNS.items():
            if name not in schema.names:
                raise InputError(
                    f"no such column; the file has {', '.join(schema.names)}", file=path, field=name
                )
            if not any(check(schema.field(name).type) for check in checks):
                raise InputError(f"unexpected column type {schema.field(name).type}", file=path, field=name)
        if not file.metadata.num_rows:
            raise InputError("holds no maps", file=path)
        wanted = [*_COLUMNS, *(name for name in ("orig_index", "lotName") if name in schema.names)]
        try:
            for batch in file.iter_batches(batch_size=1024, columns=wanted):
                for entry in batch.to_pylist():
                    extra = {}
                    if entry.get("orig_index") is not None:
                        extra["orig_index"] = entry["orig_index"]
                    if entry.get("lotName") is not None:
                        extra["lot"] = str(entry["lotName"])
                    yield _grid(entry["map"], entry["rows"], entry["cols"]), entry["failureType"], extra
        except (pa.ArrowInvalid, OSError) as error:
            raise InputError(f"not a readable parquet file ({error})", file=path) from error


def _grid(cells: bytes | None, rows: int | None, cols: int | None) -> Any:
    """The map, or a value that `_wafer` refuses with its reason."""
    if cells is None or rows is None or cols is None or len(cells) != rows * cols:
        return np.array(["ragged"], dtype=object)
    return np.frombuffer(cells, np.uint8).reshape(rows, cols)
