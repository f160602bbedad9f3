"""Rows examined one by one, in this process or in several; the order stays that of the files."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..pool import _follow_parent
from ..readers.pictures import read_grid
from ..splits import draw
from .checks import RowOptions, check_pictures, check_question, check_rubric, digest
from .findings import Finding, place_of
from .rows import Row
from .wafers import Wafer, describe

BATCH = 256


@dataclass(frozen=True)
class Examination:
    """What to look for in each row.

    Attributes:
        rows: How rubrics are judged; None looks at pictures only.
        sample: Share of rows whose rubrics are tried.
        noise: Whether the features for label noise are wanted.
        seed: Seed of the sample.
    """

    rows: RowOptions | None
    sample: float = 1.0
    noise: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Examined:
    """What was seen in one row.

    Attributes:
        row: The row's place, by file name and number.
        id: Its name.
        split: Its split.
        index: Its index, or None.
        findings: What is wrong with it.
        reference: Score of its reference answer; None when it was not tried.
        key: Names its wafer, split and picture.
        wafer: The wafer, at the first row of each batch that shows it.
    """

    row: tuple[str, int]
    id: str
    split: str
    index: int | None
    findings: tuple[Finding, ...]
    reference: float | None
    key: tuple[str, str, bytes]
    wafer: Wafer | None


def examine(rows: Iterable[Row], what: Examination, workers: int = 1) -> Iterator[Examined]:
    """Yield what is seen in each row, in order, holding a few batches at a time."""
    work = partial(_examine, what=what)
    if workers <= 1:
        for batch in _batches(rows):
            yield from work(batch)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_follow_parent) as pool:
        running: deque[Future[list[Examined]]] = deque()
        try:
            for batch in _batches(rows):
                running.append(pool.submit(work, batch))
                if len(running) > 2 * workers:
                    yield from running.popleft().result()
            while running:
                yield from running.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _examine(rows: list[Row], what: Examination) -> list[Examined]:
    decoded: dict[bytes, str | None] = {}
    seen: set[tuple[str, str, bytes]] = set()
    found = []
    for row in rows:
        findings = [*check_pictures(row, decoded)]
        reference = None
        if what.rows is not None:
            findings += check_question(row)
            if what.sample >= 1 or draw(row.id, f"audit{what.seed}") < what.sample:
                more, reference = check_rubric(row, what.rows)
                findings += more
        image = row.images[0] if row.images else None
        key = (row.wafer, row.split, digest(image) if image else b"")
        wafer = None
        if key not in seen:
            seen.add(key)
            readable = image if image and decoded[digest(image)] is None else None
            wafer = _wafer(row, readable, what.noise)
        index = row.extra.get("index")
        place = (place_of(row.file), row.number)
        found.append(
            Examined(
                place,
                row.id,
                row.split,
                index if isinstance(index, int) else None,
                tuple(findings),
                reference,
                key,
                wafer,
            )
        )
    return found


def _wafer(row: Row, image: bytes | None, noise: bool) -> Wafer:
    grid = None if image is None else read_grid(image)
    nothing = (None, np.zeros(0), np.zeros(0))
    shown = nothing if grid is None else describe(grid, noise and bool(row.labels))
    return Wafer(row.wafer, row.split, row.labels, place_of(row.file), row.number, row.id, *shown)
