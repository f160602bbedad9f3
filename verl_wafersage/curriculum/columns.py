"""Read the few columns a curriculum needs from a loaded data set, without touching its images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from verl_wafersage.errors import InputError

from .catalog import Columns
from .options import NODE, CurriculumOptions

_CHUNK = 20_000
_IDENTITY = ("extra_info.id", "extra_info.index", "data_source")


def read_columns(dataset: Any, options: CurriculumOptions) -> Columns:
    """Columns of a Hugging Face data set, in its order, after whatever was filtered out of it.

    Args:
        dataset: A `datasets.Dataset` (not imported here: only its Arrow tables are read).
        options: Which columns to read.

    Raises:
        InputError: A column is missing that the strategy needs.
    """
    schema = dataset.features.arrow_schema
    wanted = {"difficulty": options.difficulty_key}
    if options.strategy == "interleaved":
        wanted["streams"] = options.stream_key
    if options.dimension_key and (options.dimension_weights or _has(schema, options.dimension_key)):
        wanted["dimensions"] = options.dimension_key
    if options.class_key and options.class_weights:
        wanted["classes"] = options.class_key
    for name, key in wanted.items():
        if not _has(schema, key) and not (name == "difficulty" and options.strategy == "shuffled"):
            raise InputError(
                f"the data has no column {key!r} (it has {', '.join(_paths(schema))})",
                field=f"{NODE}.{_OPTION[name]}",
                remedy=_REMEDY[name],
            )
    if not _has(schema, options.difficulty_key):
        del wanted["difficulty"]
    if options.level_key and _has(schema, options.level_key):
        wanted["levels"] = options.level_key
    identity = [key for key in _IDENTITY if _has(schema, key)]
    if not any(key.startswith("extra_info") for key in identity):
        identity = ["prompt"] if _has(schema, "prompt") else identity
    read = _read(dataset, [*wanted.values(), *identity])
    found: dict[str, Any] = {name: read[key] for name, key in wanted.items()}
    found.setdefault("difficulty", np.zeros(len(dataset)))
    rows = zip(*(read[key] for key in identity), strict=True)
    return Columns(**found, identity=["\x1f".join(map(str, row)) for row in rows])


_OPTION = {
    "difficulty": "difficulty_key",
    "streams": "stream_key",
    "dimensions": "dimension_key",
    "classes": "class_key",
}
_REMEDY = {
    "difficulty": "write one with `verl-wafersage profile`, name another one, or take strategy=shuffled",
    "streams": "mark rows review or learning, name another column, or take strategy=staged",
    "dimensions": "name another column, or drop dimension_weights",
    "classes": "name another column, or drop class_weights",
}


def _read(dataset: Any, keys: list[str]) -> dict[str, Any]:
    columns = list(dict.fromkeys(key.split(".")[0] for key in keys))
    parts: dict[str, list[pa.Array]] = {key: [] for key in keys}
    narrow = dataset.select_columns(columns).with_format("arrow")
    for table in narrow.iter(batch_size=_CHUNK):
        for key in keys:
            parts[key].append(_pick(table, key))
    return {key: _values(pa.chunked_array(arrays)) for key, arrays in parts.items()}


def _pick(table: pa.Table, key: str) -> pa.Array:
    head, *rest = key.split(".")
    column = table.column(head).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    return pc.struct_field(column, rest) if rest else column


def _values(column: pa.ChunkedArray) -> Any:
    if pa.types.is_floating(column.type):
        return column.cast(pa.float64()).fill_null(float("nan")).to_numpy()
    return column.to_pylist()


def _has(schema: pa.Schema, key: str) -> bool:
    return key in set(_paths(schema)) or key in schema.names


def _paths(schema: pa.Schema) -> Iterator[str]:
    for column in schema:
        yield from _nested(column)


def _nested(column: pa.Field, prefix: str = "") -> Iterator[str]:
    name = f"{prefix}{column.name}"
    if pa.types.is_struct(column.type):
        for k in range(column.type.num_fields):
            yield from _nested(column.type.field(k), f"{name}.")
    else:
        yield name
