"""Splits leak nothing and stay where they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verl_wafersage.data_prep import synthetic
from verl_wafersage.data_prep.planning import earlier_splits, plan
from verl_wafersage.data_prep.records import FAIL, PASS, Question, WaferMap
from verl_wafersage.data_prep.splits import SplitOptions, assign, split_of, stream_of
from verl_wafersage.errors import InputError

OPTIONS = SplitOptions()


def planned(records: list[WaferMap], folder: Path, **more: object) -> list[dict]:
    plan(records, folder / "splits.parquet", OPTIONS, **more)
    return pq.read_table(folder / "splits.parquet").to_pylist()


def _spoil(grid: np.ndarray) -> np.ndarray:
    grid = grid.copy()
    fails = np.flatnonzero(grid == FAIL)
    grid.ravel()[fails[:: max(len(fails) // (len(fails) // 60 + 1), 1)]] = PASS
    return grid


def wafer(grid: np.ndarray, name: str, lot: str | None = None) -> WaferMap:
    return WaferMap(grid, ("Loc",), name, "test", lot=lot)


def test_shares_hold_in_every_class() -> None:
    groups = [f"g{k}" for k in range(6000)]
    classes = [f"c{k % 3}" for k in range(6000)]
    split = assign(groups, classes, OPTIONS)
    for name in set(classes):
        counted = Counter(split[g] for g, c in zip(groups, classes, strict=True) if c == name)
        assert abs(counted["val"] / 2000 - 0.1) < 0.025 and abs(counted["test"] / 2000 - 0.1) < 0.025
    streams = Counter(stream_of(group, OPTIONS) for group in groups)
    assert abs(streams["review"] / 6000 - 0.5) < 0.03


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(20, 300), st.integers(1, 300))
def test_adding_wafers_moves_none_of_a_large_enough_set(seed: int, before: int, added: int) -> None:
    """Hashes decide; only a class that had nothing in a split may hand one group over."""
    old = [f"{seed}-{k}" for k in range(before)]
    new = [*old, *(f"{seed}+{k}" for k in range(added))]
    first, second = assign(old, ["c"] * len(old), OPTIONS), assign(new, ["c"] * len(new), OPTIONS)
    moved = [group for group in old if first[group] != second[group]]
    assert all(split_of(group, OPTIONS) == "train" for group in moved)
    assert len(moved) <= 2


def test_order_and_repetition_change_nothing(wafers: list[WaferMap], tmp_path: Path) -> None:
    first = {row["wafer_id"]: row["split"] for row in planned(wafers, tmp_path)}
    second = {row["wafer_id"]: row["split"] for row in planned(wafers[::-1], tmp_path)}
    assert first == second
    assert set(first.values()) == {"train", "val", "test"}


def test_turned_copies_and_lots_stay_together(wafers: list[WaferMap], tmp_path: Path) -> None:
    records = []
    for k, made in enumerate(wafers[:40]):
        records.append(wafer(made.grid, f"a{k}"))
        records.append(wafer(np.rot90(made.grid, k % 4).T, f"b{k}"))
    for k, made in enumerate(wafers[40:]):
        records.append(wafer(made.grid, f"l{k}", lot=f"lot{k % 4}"))
    rows = {row["wafer_id"]: row for row in planned(records, tmp_path)}
    for k in range(40):
        assert rows[f"a{k}"]["group"] == rows[f"b{k}"]["group"]
    lots = [{rows[f"l{k}"]["split"] for k in range(len(wafers) - 40) if k % 4 == lot} for lot in range(4)]
    assert all(len(splits) == 1 for splits in lots)
    by_group = Counter((row["group"], row["split"]) for row in rows.values())
    assert len({group for group, _ in by_group}) == len(by_group)


def test_an_earlier_conversion_pins_its_wafers(wafers: list[WaferMap], tmp_path: Path) -> None:
    planned(wafers[:60], tmp_path)
    swap = {"train": "test", "test": "val", "val": "train"}
    flipped = [(sign, swap[split]) for sign, split in earlier_splits(tmp_path)]
    changed = [wafer(np.rot90(_spoil(w.grid)), f"changed {w.wafer_id}") for w in wafers[:60]]
    after = planned([*wafers, *changed], tmp_path, earlier=flipped)
    known = {sign.digest: split for sign, split in flipped}
    assert all(known.get(row["digest"], row["split"]) == row["split"] for row in after)
    followed = [after[len(wafers) + k]["split"] == flipped[k][1] for k in range(60)]
    assert np.mean(followed) > 0.9  # so do their turned and slightly changed copies
    with pytest.raises(InputError, match="no earlier conversion"):
        earlier_splits(tmp_path / "nowhere")


def test_questions_about_one_wafer_or_one_picture_stay_together(tmp_path: Path) -> None:
    def question(name: str, picture: bytes) -> Question:
        return Question(picture, "?", {}, "", "spatial", "q", None, (), name, "rows")

    records = [question(f"w{k // 3}", b"%d" % k) for k in range(60)]
    records += [question("other", b"1")]
    rows = planned(records, tmp_path)
    assert len({row["group"] for row in rows}) == 20
    assert rows[-1]["group"] == rows[0]["group"]


@pytest.mark.parametrize("bad", [{"val": -0.1}, {"test": 1.5}, {"val": 0.6, "test": 0.5}])
def test_impossible_shares_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(InputError):
        SplitOptions(**bad)


def test_synthetic_wafers_of_a_count_are_the_first_of_a_larger_count() -> None:
    few, many = list(synthetic.generate(5, 3)), list(synthetic.generate(9, 3))
    for one, other in zip(few, many, strict=False):
        assert one.wafer_id == other.wafer_id and np.array_equal(one.grid, other.grid)
