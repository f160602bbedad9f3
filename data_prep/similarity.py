"""Look-alike wafers: the same map again, turned by a right angle, mirrored, rescaled or slightly changed.

Maps are reduced to 31 x 31 cells (odd, so that mirroring maps cells onto cells). Two maps are near
duplicates when, in the best of the eight orientations, the sets of their rarer dies (failing ones, or
passing ones on a nearly full map) overlap by a Jaccard index of at least 0.9. Candidates come from
MinHash bands, so that finding them in a large collection takes linear time.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

from .records import FAIL, DieGrid

SIDE = 31
JACCARD = 0.9
BANDS, BAND_ROWS = 20, 16
FEWEST = 6
"""Cells below which overlap means nothing: such maps are compared exactly."""

_rng = np.random.default_rng(31)
_HASHES = np.stack([_rng.permutation(SIDE * SIDE) for _ in range(BANDS * BAND_ROWS)], axis=1).astype(
    np.uint16
)
_CELLS = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)


def orientations(grid: npt.NDArray[np.generic]) -> Iterator[npt.NDArray[np.generic]]:
    """The eight rotations and mirrorings of an array."""
    for turned in (grid, grid.T):
        for turns in range(4):
            yield np.rot90(turned, turns)


_MOVES = np.stack([np.ravel(moved) for moved in orientations(_CELLS)])
"""Cell that each cell of an oriented map comes from, per orientation."""


@dataclass(frozen=True)
class Signature:
    """What is kept of a map for comparison.

    Attributes:
        digest: The same for maps that are equal up to rotation and mirroring, hexadecimal.
        cells: Packed bits of the rarer dies' cells (121 bytes).
        count: Number of set bits.
        bands: Hash of each MinHash band, shape (k, 20): several rows where the orientation is
            ambiguous, none where too few cells are set.
    """

    digest: str
    cells: bytes
    count: int
    bands: npt.NDArray[np.uint32]


def digest_of(grid: DieGrid) -> str:
    """Hash of a map that rotation and mirroring leave alone."""
    forms = [
        bytes(str(form.shape), "ascii") + np.ascontiguousarray(form).tobytes() for form in orientations(grid)
    ]
    return hashlib.blake2b(min(forms), digest_size=12).hexdigest()


def signature(grid: DieGrid) -> Signature:
    """Signature of a die grid of any shape."""
    fails = grid == FAIL
    rare = fails if 2 * int(fails.sum()) <= int(np.count_nonzero(grid)) else (grid > 0) & ~fails
    return _sign(digest_of(grid), _reduce(rare))


def restore(digest: str, cells: bytes) -> Signature:
    """A signature from what was stored of it."""
    if not cells:
        return Signature(digest, b"", 0, np.zeros((0, BANDS), dtype=np.uint32))
    bits = np.unpackbits(np.frombuffer(cells, np.uint8), count=SIDE * SIDE).astype(np.bool_)
    return _sign(digest, bits.reshape(SIDE, SIDE))


def _sign(digest: str, cells: npt.NDArray[np.bool_]) -> Signature:
    count = int(cells.sum())
    moves = _upright(cells) if count >= FEWEST else []
    bands = [_bands(cells.ravel()[_MOVES[move]]) for move in moves]
    hashes = np.array(bands, dtype=np.uint32).reshape(len(bands), BANDS)
    return Signature(digest, np.packbits(cells).tobytes(), count, hashes)


def _reduce(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    rows, cols = mask.shape
    row, col = np.nonzero(mask)
    cells = np.zeros((SIDE, SIDE), dtype=np.bool_)
    cells[((row + 0.5) * SIDE / rows).astype(np.intp), ((col + 0.5) * SIDE / cols).astype(np.intp)] = True
    return cells


def _upright(cells: npt.NDArray[np.bool_]) -> list[int]:
    """Orientations in which the centre of mass lies up and further up than sideways to the right.

    Exactly one, unless the centre of mass lies near a mirror axis: then its neighbours too, so that a
    slightly changed copy still shares one.
    """
    row, col = np.nonzero(cells)
    middle = (SIDE - 1) / 2
    up, right = float((middle - row).mean()), float((col - middle).mean())
    slack = 0.35
    chosen = []
    for move, (u, r) in enumerate(_turned(up, right)):
        if r >= -slack and u - r >= -slack and u >= -slack:
            chosen.append(move)
    return chosen


def _turned(up: float, right: float) -> Iterator[tuple[float, float]]:
    """The centre of mass in each of the eight orientations."""
    for u, r in ((up, right), (-right, -up)):  # transposition swaps down and right
        for turns in range(4):
            yield ((u, r), (r, -u), (-u, -r), (-r, u))[turns]


def _bands(cells: npt.NDArray[np.bool_]) -> list[int]:
    least = _HASHES[np.flatnonzero(cells)].min(axis=0)
    return [crc32(least[band * BAND_ROWS : (band + 1) * BAND_ROWS].tobytes()) for band in range(BANDS)]


def overlap(one: Signature, other: Signature) -> float:
    """Jaccard index of two maps' rarer dies in the best orientation, in [0, 1]."""
    if one.digest == other.digest:
        return 1.0
    if min(one.count, other.count) < FEWEST:
        return 0.0
    first = np.unpackbits(np.frombuffer(one.cells, np.uint8), count=SIDE * SIDE).astype(bool)
    second = np.unpackbits(np.frombuffer(other.cells, np.uint8), count=SIDE * SIDE).astype(bool)
    common = int((second[_MOVES] & first).sum(axis=1).max())
    return common / (one.count + other.count - common)


def near_duplicates(
    signatures: Sequence[Signature], at_least: float = JACCARD
) -> Iterator[tuple[int, int, float]]:
    """Yield pairs (i < j) of look-alike maps with their overlap; of a run of equal maps, only a chain."""
    equal: dict[str, int] = {}
    unique = []
    for place, sign in enumerate(signatures):
        if sign.digest in equal:
            yield equal[sign.digest], place, 1.0
        else:
            equal[sign.digest] = place
            unique.append(place)
    seen: set[tuple[int, int]] = set()
    for band in range(BANDS):
        buckets: dict[int, set[int]] = defaultdict(set)
        for place in unique:
            for value in signatures[place].bands[:, band].tolist():
                buckets[value].add(place)
        for bucket in buckets.values():
            members = sorted(bucket)
            for at, i in enumerate(members):
                for j in members[at + 1 :]:
                    if (i, j) in seen:
                        continue
                    seen.add((i, j))
                    small, large = sorted((signatures[i].count, signatures[j].count))
                    if small < at_least * large:
                        continue
                    common = overlap(signatures[i], signatures[j])
                    if common >= at_least:
                        yield i, j, common


def groups(signatures: Sequence[Signature], links: Iterable[tuple[int, int]] | None = None) -> list[int]:
    """Group number of every map: the smallest index among its direct and indirect look-alikes.

    Args:
        signatures: One per map.
        links: Further pairs to keep together, for instance wafers of one lot.
    """
    parent = list(range(len(signatures)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    pairs = [(i, j) for i, j, _ in near_duplicates(signatures)]
    for i, j in [*pairs, *(links or ())]:
        a, b = root(i), root(j)
        parent[max(a, b)] = min(a, b)
    return [root(place) for place in range(len(signatures))]
