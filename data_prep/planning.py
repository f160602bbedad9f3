"""The plan of a conversion: for every staged record its group, split and stream."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from .records import Question, Record
from .similarity import Signature, groups, restore, signature
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
        ("cells", pa.binary()),
    ]
)


def plan(
    records: Iterable[Record],
    path: Path,
    options: SplitOptions,
    earlier: Sequence[tuple[Signature, str]] = (),
) -> int:
    """Write the plan of `records` to `path` (parquet, one row a record); returns the number of groups.

    Records of one lot, one wafer, or with look-alike maps share a group and so a split.

    Args:
        records: Staged records, in order.
        path: Where the plan goes.
        options: Shares of the splits.
        earlier: Wafers of an earlier plan with their splits, which they and their look-alikes keep.
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
    known = len(signatures)
    roots = groups([*signatures, *(sign for sign, _ in earlier)], links)
    keys: dict[int, str] = {}
    for place, root in enumerate(roots[:known]):
        keys[root] = min(keys.get(root, "~"), signatures[place].digest)
    named = [keys[root] for root in roots[:known]]
    pinned: dict[str, str] = {}
    for (_, split), root in zip(earlier, roots[known:], strict=True):
        if root in keys:
            # Look-alikes that were apart before cannot be mended here: training keeps what it has seen.
            pinned[keys[root]] = "train" if "train" in (split, pinned.get(keys[root])) else split
    own = {sign.digest: split for sign, split in earlier}
    splits = assign(named, ["+".join(labels) for _, _, labels in about], options, pinned)
    rows = []
    for (wafer_id, origin, labels), sign, group in zip(about, signatures, named, strict=True):
        split = own.get(sign.digest, splits[group])
        stream = stream_of(group, options) if split == "train" else None
        row = {
            "wafer_id": wafer_id,
            "origin": origin,
            "labels": labels,
            "digest": sign.digest,
            "group": group,
        }
        rows.append(row | {"split": split, "stream": stream, "cells": sign.cells})
    write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return len(set(named))


def earlier_splits(folder: Path) -> list[tuple[Signature, str]]:
    """The wafers of an earlier conversion with their splits.

    Raises:
        InputError: `folder` holds no `splits.parquet`.
    """
    file = folder / "splits.parquet"
    if not file.exists():
        raise InputError("no earlier conversion here", file=file, field="keep_splits")
    table = pq.read_table(file, columns=["digest", "cells", "split"]).to_pylist()
    return [(restore(row["digest"], row["cells"]), row["split"]) for row in table]


def _of_picture(image: bytes) -> Signature:
    """Signature that only equal pictures share."""
    return restore(hashlib.blake2b(image, digest_size=12).hexdigest(), b"")
