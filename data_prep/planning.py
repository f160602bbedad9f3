"""The plan of a conversion: for every staged record its group, split and stream."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from .records import Question, Record
from .similarity import Signature, groups, signature
from .splits import SplitOptions, assign, stream_of
from .writer import write_table

SCHEMA = pa.schema(
    [
        ("wafer_id", pa.string()),
        ("origin", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("digest", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
        ("stream", pa.string()),
    ]
)


def plan(
    records: Iterable[Record], path: Path, options: SplitOptions, earlier: Mapping[str, str] | None = None
) -> int:
    """Write the plan of `records` to `path` (parquet, one row a record); returns the number of groups.

    Records of one lot, one wafer, or with look-alike maps share a group and so a split.

    Args:
        records: Staged records, in order.
        path: Where the plan goes.
        options: Shares of the splits.
        earlier: Split by digest from an earlier plan, which these records keep.
    """
    signatures: list[Signature] = []
    about: list[tuple[str, str, list[str]]] = []
    links: list[tuple[int, int]] = []
    first: dict[tuple[str, str], int] = {}
    for place, record in enumerate(records):
        is_question = isinstance(record, Question)
        signatures.append(
            _of_picture(record.image) if isinstance(record, Question) else signature(record.grid)
        )
        about.append((record.wafer_id, record.origin, list(record.labels)))
        lot = record.extra.get("lot") if isinstance(record, Question) else record.lot
        kinds = [("lot", lot)] if lot else []
        if is_question:
            kinds.append(("wafer", f"{record.origin}/{record.wafer_id}"))
        for kind in kinds:
            links.append((first.setdefault(kind, place), place))
    roots = groups(signatures, links)
    keys: dict[int, str] = {}
    for place, root in enumerate(roots):
        keys[root] = min(keys.get(root, "~"), signatures[place].digest)
    named = [keys[root] for root in roots]
    classes = ["+".join(labels) for _, _, labels in about]
    pinned = _pinned(signatures, named, earlier or {})
    split = assign(named, classes, options, pinned)
    rows = []
    for (wafer_id, origin, labels), sign, group in zip(about, signatures, named, strict=True):
        own = (earlier or {}).get(sign.digest, split[group])
        row = {"wafer_id": wafer_id, "origin": origin, "labels": labels, "digest": sign.digest}
        stream = stream_of(group, options) if own == "train" else None
        rows.append(row | {"group": group, "split": own, "stream": stream})
    write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return len(set(named))


def earlier_splits(folder: Path) -> dict[str, str]:
    """Split by digest from the `splits.parquet` of an earlier conversion.

    Raises:
        InputError: `folder` holds none.
    """
    file = folder / "splits.parquet"
    if not file.exists():
        raise InputError("no earlier conversion here", file=file, field="keep_splits")
    table = pq.read_table(file, columns=["digest", "split"])
    return dict(zip(table["digest"].to_pylist(), table["split"].to_pylist(), strict=True))


def _pinned(signatures: list[Signature], named: list[str], earlier: Mapping[str, str]) -> dict[str, str]:
    pinned: dict[str, tuple[str, str]] = {}
    for sign, group in zip(signatures, named, strict=True):
        if sign.digest in earlier:
            mark = (sign.digest, earlier[sign.digest])
            pinned[group] = min(pinned.get(group, mark), mark)
    return {group: split for group, (_, split) in pinned.items()}


def _of_picture(image: bytes) -> Signature:
    """Signature that only equal pictures share."""
    digest = hashlib.blake2b(image, digest_size=12).hexdigest()
    return Signature(digest, b"", 0, np.zeros((0, 20), dtype=np.uint32))
