"""Legacy pickles are read without running them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from verl_wafersage.data_prep.pickles import load_frame
from verl_wafersage.data_prep.readers import read
from verl_wafersage.data_prep.records import ReadOptions
from verl_wafersage.errors import InputError

GRID = np.array([[0, 1, 1, 1, 0]] + [[1, 2, 1, 1, 1]] * 4, dtype=np.uint8)


def frame(spelling: str, labels: list[object], tests: list[object]) -> pd.DataFrame:
    columns = {
        "waferMap": [GRID] * len(labels),
        "dieSize": np.arange(len(labels), dtype=float),
        "lotName": np.array([f"lot{k}" for k in range(len(labels))], dtype=object),
        "waferIndex": np.arange(len(labels)),
        spelling: np.array([*tests, None], dtype=object)[:-1],
        "failureType": np.array([*labels, None], dtype=object)[:-1],
    }
    made = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    made.columns = made.columns.astype(object)
    return made


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_both_published_layouts(tmp_path: Path, protocol: int) -> None:
    kaggle = frame(
        "trianTestLabel",
        [np.array([["Center"]]), np.array([["none"]]), np.zeros((0, 0)), np.array([["Edge-Ring"]])],
        [np.array([["Training"]]), np.array([["Test"]]), np.zeros((0, 0)), np.array([["Training"]])],
    )
    mir = frame(
        "trainTestLabel", ["Center", "none", [0, 0], "Edge-Ring"], ["Training", "Test", [0, 0], "Training"]
    )
    for made in (kaggle, mir):
        path = tmp_path / "set.pkl"
        path.write_bytes(pickle.dumps(made, protocol=protocol))
        wafers = list(read("wm811k", path))
        assert [wafer.labels for wafer in wafers] == [("Center",), ("None",), (), ("Edge-Ring",)]
        assert [wafer.lot for wafer in wafers] == ["lot0", "lot1", "lot2", "lot3"]
        assert [wafer.extra["official_split"] for wafer in wafers] == ["Training", "Test", None, "Training"]
        assert np.array_equal(wafers[0].grid, GRID)


class Run:
    def __init__(self, call: object, *args: object) -> None:
        self.call = (call, args)

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("call", ["system", "eval", "nested"])
def test_a_malicious_pickle_runs_nothing(tmp_path: Path, call: str, protocol: int) -> None:
    mark = tmp_path / "ran"
    evil: object = {
        "system": Run(os.system, f"touch {mark}"),
        "eval": Run(eval, f"open({str(mark)!r}, 'w')"),
        "nested": [frame("trainTestLabel", ["Center"], ["Test"]), Run(Path(mark).touch)],
    }[call]
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps(evil, protocol=protocol))
    with pytest.raises(InputError, match=r"asks for .*not on the list.*--trust-pickle"):
        load_frame(path)
    assert not mark.exists()


def test_a_trusted_pickle_may_use_any_name(tmp_path: Path) -> None:
    made = frame("trainTestLabel", ["Center"], ["Test"])
    made["extra"] = pd.Series([pd.Timestamp("2020-01-01")], dtype=object)
    path = tmp_path / "set.pkl"
    path.write_bytes(pickle.dumps(made))
    with pytest.raises(InputError, match="pandas"):
        load_frame(path)
    assert next(iter(read("wm811k", path, ReadOptions(trust_pickle=True)))).labels == ("Center",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"not a pickle", "not a readable pickle"),
        (pickle.dumps([1, 2]), "expected a data frame"),
        (pickle.dumps(frame("trainTestLabel", ["Center"], ["Test"]))[:200], "not a readable pickle"),
        (pickle.dumps({"waferMap": [GRID]}), "no such column"),
        (b"", "not a readable pickle"),
    ],
)
def test_other_files_are_refused_with_one_line(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem) as caught:
        list(read("wm811k", path))
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_the_look_alike_of_the_real_file(shared: Path) -> None:
    wafers = list(read("wm811k", shared / "fake_LSWMD_py2_pandas019.pkl"))
    labels = [("None",), ("Center",), ("Edge-Ring",), (), ("Scratch",), ("Near-full",)]
    assert [wafer.labels for wafer in wafers] == labels
    assert [wafer.lot for wafer in wafers] == ["lot1", "lot1", "lot2", "lot2", "lot3", "lot3"]
