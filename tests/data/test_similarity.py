"""Look-alikes are found however they are turned; different wafers are not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_wafersage.data_prep import synthetic
from verl_wafersage.data_prep.records import FAIL, PASS, WaferMap
from verl_wafersage.data_prep.similarity import (
    digest_of,
    groups,
    near_duplicates,
    orientations,
    overlap,
    signature,
)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 5000), st.integers(0, 7))
def test_turned_and_mirrored_maps_are_the_same(seed: int, move: int) -> None:
    wafer = next(iter(synthetic.generate(1, seed)))
    moved = list(orientations(wafer.grid))[move]
    assert digest_of(moved) == digest_of(wafer.grid)
    assert list(near_duplicates([signature(wafer.grid), signature(moved)])) == [(0, 1, 1.0)]


def test_slightly_changed_turned_copies_are_found(wafers: list[WaferMap]) -> None:
    rng = np.random.default_rng(0)
    found = 0
    for wafer in wafers:
        grid = wafer.grid.copy()
        fails = np.flatnonzero(grid == FAIL)
        grid.ravel()[rng.choice(fails, max(1, len(fails) // 50), replace=False)] = PASS
        moved = list(orientations(grid))[rng.integers(8)]
        found += bool(list(near_duplicates([signature(wafer.grid), signature(moved)])))
    assert found >= 0.9 * len(wafers)


def test_different_wafers_are_different(wafers: list[WaferMap]) -> None:
    assert list(near_duplicates([signature(wafer.grid) for wafer in wafers])) == []


def test_candidates_miss_nothing_that_comparison_finds(wafers: list[WaferMap]) -> None:
    """The hashing may only lose pairs that the exact overlap rejects too."""
    rng = np.random.default_rng(1)
    signs = []
    for wafer in wafers[:30]:
        for _ in range(2):
            grid = wafer.grid.copy()
            fails = np.flatnonzero(grid == FAIL)
            grid.ravel()[rng.choice(fails, len(fails) // 60, replace=False)] = PASS
            signs.append(signature(grid))
    told = {(i, j) for i, j, _ in near_duplicates(signs)}
    true = {
        (i, j)
        for i in range(len(signs))
        for j in range(i + 1, len(signs))
        if overlap(signs[i], signs[j]) >= 0.9
    }
    assert told <= true and len(told) >= 0.95 * len(true) and len(true) >= 25


def test_groups_join_through_a_chain_and_links() -> None:
    grids = [next(iter(synthetic.generate(1, seed))).grid for seed in (1, 2, 3)]
    signs = [signature(grid) for grid in (grids[0], grids[1], np.rot90(grids[0]), grids[2], grids[2].T)]
    assert groups(signs) == [0, 1, 0, 3, 3]
    assert groups(signs, [(1, 4)]) == [0, 1, 0, 1, 1]
