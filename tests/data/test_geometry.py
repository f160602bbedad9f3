"""Geometry against wafers whose truth is known, and against the two traps of the literature."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_wafersage.data_prep import phrases, synthetic
from verl_wafersage.data_prep.discs import disc, hour_distance
from verl_wafersage.data_prep.evidence import SURE, facts_from, find
from verl_wafersage.data_prep.facts import Arc
from verl_wafersage.data_prep.geometry import measure
from verl_wafersage.data_prep.records import DEFECT_TYPES, FAIL, PASS


def patch(hour: float, radius: float, size: float = 0.16, side: int = 52) -> np.ndarray:
    place = disc(side, side)
    x, y = radius * np.sin(hour * np.pi / 6), -radius * np.cos(hour * np.pi / 6)
    grid = np.where(place.inside, PASS, 0).astype(np.uint8)
    grid[place.inside & (np.hypot(place.x - x, place.y - y) <= size)] = FAIL
    return grid


@pytest.mark.parametrize("hour", range(12))
def test_every_hour_is_named_by_its_own_bin(hour: int) -> None:
    """The bins are centred on the hours: a patch a quarter of an hour off either way keeps its hour."""
    for offset in (-0.25, 0.0, 0.25):
        facts = facts_from(patch((hour + offset) % 12, 0.55), ("Loc",))
        arc = facts.patterns[0].arc
        assert arc is not None
        assert phrases.hour_of(arc.middle) == (hour or 12)


def test_the_centroid_of_a_ring_does_not_make_it_a_center() -> None:
    rng = np.random.default_rng(0)
    for label in ("Edge-Ring", "Donut"):
        for _ in range(5):
            wafer = synthetic.make((label,), rng)
            rows, cols = np.nonzero(wafer.grid == FAIL)
            assert np.hypot(rows.mean() - 25.5, cols.mean() - 25.5) < 4  # the trap: its centroid is central
            zones = facts_from(wafer.grid, (label,)).patterns[0].zones
            assert "center" not in zones
            assert find(measure(wafer.grid))["Center"].confidence < SURE


@pytest.mark.parametrize("label", DEFECT_TYPES)
def test_geometry_finds_what_was_drawn_and_agrees_with_it(label: str) -> None:
    rng = np.random.default_rng(5)
    sure, zones, hours = [], [], []
    for _ in range(40):
        wafer = synthetic.make((label,), rng)
        true = synthetic.facts_of(wafer.truth, wafer.grid).patterns[0]
        facts = facts_from(wafer.grid, wafer.labels)
        told = facts.patterns[0]
        sure.append(facts.confidences[label] >= SURE)
        if not sure[-1]:
            continue
        if told.zones:
            zones.append(bool(set(told.zones) & set(true.zones)))
        if told.arc and true.arc:
            hours.append(hour_distance(told.arc.middle, true.arc.middle))
        if told.density and true.density:
            assert told.density == true.density or label == "Loc"
    assert np.mean(sure) >= (0.3 if label == "Scratch" else 0.9)
    assert np.mean(zones) >= 0.95
    if hours:
        assert np.median(hours) <= 0.25


def test_an_unsure_pattern_gives_no_place_and_no_shape() -> None:
    clean = np.where(disc(40, 40).inside, PASS, 0).astype(np.uint8)
    clean[20, 12] = FAIL
    for label in ("Scratch", "Loc", "Edge-Loc", "Donut", "Center", "Edge-Ring"):
        pattern = facts_from(clean, (label,)).patterns[0]
        assert (pattern.zones, pattern.shape, pattern.arc, pattern.density) == ((), None, None, None)


def test_empty_margins_around_the_dies_change_nothing() -> None:
    grid = patch(4, 0.5)
    wide = np.zeros((70, 90), dtype=np.uint8)
    wide[3:55, 30:82] = grid
    assert facts_from(wide, ("Loc",)) == facts_from(grid, ("Loc",))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 3), st.sampled_from(["Loc", "Edge-Loc"]))
def test_turning_the_wafer_turns_the_clock(seed: int, turns: int, label: str) -> None:
    wafer = synthetic.make((label,), np.random.default_rng(seed))
    before, after = (facts_from(np.rot90(wafer.grid, -k), (label,)).patterns[0].arc for k in (0, turns))
    if before is not None and after is not None:
        assert hour_distance(after.middle, before.middle + 3 * turns) < 0.35


@settings(deadline=None, max_examples=60)
@given(st.integers(5, 60), st.integers(5, 60), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_any_grid_can_be_measured(rows: int, cols: int, seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    grid = np.where(rng.random((rows, cols)) < share, FAIL, rng.integers(0, 2, (rows, cols))).astype(np.uint8)
    measured = measure(grid)
    assert 0 <= measured.share <= 1 and np.isfinite(measured.rim).all()
    for found in find(measured).values():
        assert 0 <= found.confidence <= 1


@pytest.mark.parametrize(
    ("arc", "words"),
    [
        (Arc(11.6, 0.4), "12 o'clock"),
        (Arc(3.5, 4.6), "4 o'clock"),
        (Arc(2.0, 5.0), "2 to 5 o'clock"),
        (Arc(10.6, 1.4), "11 to 1 o'clock"),
        (Arc(8.0, 4.0), "12 o'clock"),
        (Arc(11.49, 11.51), "12 o'clock"),
    ],
)
def test_clock_positions_in_words(arc: Arc, words: str) -> None:
    assert phrases.clock(arc) == words


def test_real_maps_agree_with_their_labels(shared) -> None:
    """A floor under the table of docs/data.md, on the small fixture."""
    from verl_wafersage.data_prep.readers import read

    wafers = list(read("mixedwm38", shared / "MixedWM38_small_4_per_class.npz"))
    agreed = [
        facts_from(w.grid, w.labels).confidences[name] >= SURE
        for w in wafers
        for name in w.labels
        if name != "None"
    ]
    assert np.mean(agreed) > 0.65
