"""`--fix`: a repaired copy beside the original, with every change logged and every row accounted for."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import InputError
from ...reward_fns.repair import Change
from ...reward_fns.schema import load_rubric
from ..writer import sha256, write_text
from .checks import check_pictures, check_rubric
from .findings import CHECKS, FAIL, place_of
from .leaks import leaks
from .mend import mend
from .rows import Row, batches_of, files_of, read_rows
from .run import AuditOptions, named_after, wafers_in

_ROW_CHECKS = ("rubric", "reference", "empty", "picture", "placeholder")
"""What keeps a row out when repair does not cure it."""
QUARANTINE = "quarantine"


@dataclass
class Fixed:
    """What was done.

    Attributes:
        rows: Rows kept, repaired or not.
        repaired: Rows of those that were changed.
        changes: Single changes, each a line of `changes.jsonl`.
        quarantined: Rows set aside, with their reasons, in `quarantine/`.
        fine_tuning: Rows for supervised fine-tuning set aside with them.
        reasons: Rows set aside by check; a row may have several reasons.
    """

    rows: int = 0
    repaired: int = 0
    changes: int = 0
    quarantined: int = 0
    fine_tuning: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass
class _Job:
    """The state of one repair."""

    path: Path
    out: Path
    options: AuditOptions
    log: IO[str]
    leaking: set[tuple[str, str]]
    fixed: Fixed = field(default_factory=Fixed)
    gone: set[str] = field(default_factory=set)
    next_index: int = 0
    indices: set[int] = field(default_factory=set)
    decoded: dict[bytes, str | None] = field(default_factory=dict)


def fix(path: Path, out: Path, options: AuditOptions | None = None) -> Fixed:
    """Write a repaired copy of a converted set to `out`.

    Rubrics are mended (see `mend`) and doubled indices renumbered. Rows that still fail, and wafers that
    stand in two splits (kept in the later one of train, val, test), go to `out/quarantine/` with their
    reasons. `out/changes.jsonl` has a line for each change.

    Args:
        path: Output folder of `verl-wafersage convert`, or one parquet file.
        out: A folder that does not exist yet, or is empty.
        options: As for `audit`.

    Raises:
        InputError: When `out` is in use, or there is no readable data set.
    """
    options = options or AuditOptions()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError("is in use already", file=out, remedy="remove it or name another folder")
    others = [named_after(other, wafer) for other in options.against for wafer in wafers_in(other)]
    leaking = {(wafer.name, wafer.split) for wafer, _ in leaks([*wafers_in(path), *others])}
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        log = stack.enter_context((out / "changes.jsonl").open("w", encoding="utf-8"))
        job = _Job(path, out, options, log, leaking)
        job.next_index = 1 + max((_index(row) for row in read_rows(path)), default=-1)
        for file in files_of(path):
            _rewrite(job, file, file.name, _repaired(job, file))
        for file in sorted((path / "sft").glob("*.parquet")) if path.is_dir() else []:
            _rewrite(job, file, f"sft/{file.name}", _kept_for_tuning(job, file))
    _finish(job)
    return job.fixed


def _index(row: Row) -> int:
    value = row.extra.get("index")
    return value if isinstance(value, int) else -1


def _repaired(job: _Job, file: Path) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield each row of a file, repaired, with the reasons to set it aside (none to keep it)."""
    number = 0
    for batch in batches_of(file):
        for data in batch.to_pylist():
            row = Row(file, number, data)
            number += 1
            fixed = Row(file, row.number, _mended(job, row))
            reasons = [
                f"{found.check}: {found.message}"
                for found in (*check_rubric(fixed, job.options.rows)[0], *check_pictures(fixed, job.decoded))
                if found.check in _ROW_CHECKS and CHECKS[found.check][0] == FAIL
            ]
            if (row.wafer, row.split) in job.leaking:
                reasons.append("leak: the wafer stands in another split too")
            if reasons:
                # Rows for fine-tuning are named by the row's own id, or else by its index.
                job.gone |= {row.id, f"{row.wafer}/{_index(row)}"}
                job.fixed.quarantined += 1
                for name in {reason.split(":", 1)[0] for reason in reasons}:
                    job.fixed.reasons[name] = job.fixed.reasons.get(name, 0) + 1
            else:
                job.fixed.rows += 1
            job.options.on_row()
            yield dict(fixed.data), reasons


def _mended(job: _Job, row: Row) -> dict[str, Any]:
    """Return the row with its rubric mended and its index its own, logging each change."""
    data = dict(row.data)
    changes: list[Change] = []
    try:
        load_rubric(row.ground_truth)
        rubric, changes = mend(row.rubric, (job.options.rows.scoring or {}).get("lexicon"))
        if changes:
            data["reward_model"] = {
                **data["reward_model"],
                "ground_truth": json.dumps(rubric, ensure_ascii=False),
            }
    except InputError:
        pass  # Beyond repair; the checks say so and set the row aside.
    index = _index(row)
    if index >= 0 and index in job.indices:
        data["extra_info"] = {**row.extra, "index": job.next_index}
        changes = [
            *changes,
            Change("renumbered", "index", str(index), str(job.next_index), "stood there twice"),
        ]
        index, job.next_index = job.next_index, job.next_index + 1
    job.indices.add(index)
    for change in changes:
        line = {"file": place_of(row.file), "row": row.number, "id": row.id, **asdict(change)}
        job.log.write(json.dumps(line, ensure_ascii=False) + "\n")
    job.fixed.changes += len(changes)
    job.fixed.repaired += bool(changes)
    return data


def _kept_for_tuning(job: _Job, file: Path) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield each row for supervised fine-tuning, set aside when its question or its wafer was."""
    wafers = {name for name, _ in job.leaking}
    for batch in pq.ParquetFile(file).iter_batches(128):
        for data in batch.to_pylist():
            extra = data.get("extra_info") or {}
            name, split = str(extra.get("id") or ""), str(extra.get("split") or "")
            wafer = name.rsplit("/", 1)[0]
            aside = name in job.gone or (wafer in wafers and (wafer, split) in job.leaking)
            job.fixed.fine_tuning += aside
            yield data, ["its row for reinforcement learning was set aside"] if aside else []


def _rewrite(
    job: _Job, file: Path, name: str, rows: Iterator[tuple[dict[str, Any], list[str]]], batch: int = 256
) -> None:
    """Write kept rows to `out/name` and the others to `out/quarantine/name`, each whole or not at all."""
    schema = pq.read_schema(file)
    aside_schema = schema.append(pa.field("reasons", pa.list_(pa.string())))
    with ExitStack() as stack:
        writers = {
            job.out / name: stack.enter_context(_Writer(job.out / name, schema, batch)),
            job.out / QUARANTINE / name: stack.enter_context(
                _Writer(job.out / QUARANTINE / name, aside_schema, batch, keep_empty=False)
            ),
        }
        for data, reasons in rows:
            if reasons:
                writers[job.out / QUARANTINE / name].add({**data, "reasons": reasons})
            else:
                writers[job.out / name].add(data)


class _Writer:
    """A parquet file that appears under its name only when it is whole."""

    def __init__(self, path: Path, schema: pa.Schema, batch: int, keep_empty: bool = True) -> None:
        self._path, self._schema, self._batch, self._keep_empty = path, schema, batch, keep_empty
        self._beside = path.with_name(f".{path.name}.{os.getpid()}")
        self._rows: list[dict[str, Any]] = []
        self._file: pq.ParquetWriter | None = None

    def __enter__(self) -> _Writer:
        return self

    def add(self, row: dict[str, Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= self._batch:
            self._flush()

    def _flush(self) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = pq.ParquetWriter(self._beside, self._schema, compression="zstd")
        self._file.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._rows = []

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and (self._rows or self._keep_empty):
            self._flush()
        if self._file is not None:
            self._file.close()
            if kind is None:
                os.replace(self._beside, self._path)
            else:
                self._beside.unlink(missing_ok=True)


def _finish(job: _Job) -> None:
    """Write the manifest of the repaired set, and take its card and contact sheet over."""
    files = {
        file.relative_to(job.out).as_posix(): {
            "rows": pq.read_metadata(file).num_rows,
            "bytes": file.stat().st_size,
            "sha256": sha256(file),
        }
        for file in sorted(job.out.rglob("*.parquet"))
    }
    manifest: dict[str, Any] = {}
    source = job.path if job.path.is_dir() else job.path.parent
    if (source / "manifest.json").is_file() and job.path.is_dir():
        manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"rows": job.fixed.rows, "files": files, "repaired_from": place_of(job.path.resolve()),
                 "repair": asdict(job.fixed)}  # fmt: skip
    if "counts" in manifest:
        # Counts by class and dimension are of the set before the repair.
        manifest["counts_before_repair"] = manifest.pop("counts")
    write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", job.out / "manifest.json")
    if job.path.is_dir():
        for name in ("README.md", "contact_sheet.png", "splits.parquet"):
            if (job.path / name).is_file():
                shutil.copyfile(job.path / name, job.out / name)
