"""Small inputs of our own, and the shared data where it is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from verl_wafersage.data_prep import synthetic
from verl_wafersage.data_prep.records import DEFECT_TYPES, WaferMap

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"


@pytest.fixture(scope="session")
def wafers() -> list[WaferMap]:
    """Synthetic wafers of every type, some mixed."""
    return list(synthetic.generate(120, seed=11))


@pytest.fixture
def npz(tmp_path: Path) -> Callable[..., Path]:
    """Writes a MixedWM38-like npz; arrays can be replaced by name."""

    def write(count: int = 12, **replaced: object) -> Path:
        rng = np.random.default_rng(0)
        labels = [(name,) for name in DEFECT_TYPES] + [("Center", "Edge-Ring"), ("None",)]
        maps, flags = [], []
        for place in range(count):
            chosen = labels[place % len(labels)]
            maps.append(synthetic.make(chosen, rng).grid)
            flags.append([int(name in chosen) for name in DEFECT_TYPES])
        arrays: dict[str, object] = {"arr_0": np.array(maps), "arr_1": np.array(flags)}
        arrays.update(replaced)
        path = tmp_path / "maps.npz"
        np.savez_compressed(path, **{name: value for name, value in arrays.items() if value is not None})
        return path

    return write


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Path]:
    """Writes a WM-811K-like parquet; columns can be replaced by name."""

    def write(count: int = 9, **replaced: object) -> Path:
        rng = np.random.default_rng(0)
        labels = [*DEFECT_TYPES, "None"]
        made = [synthetic.make((labels[k % 9],), rng, (30, 27)) for k in range(count)]
        columns: dict[str, object] = {
            "failureType": [wafer.labels[0] for wafer in made],
            "rows": [30] * count,
            "cols": [27] * count,
            "map": [wafer.grid.tobytes() for wafer in made],
        }
        columns.update(replaced)
        path = tmp_path / "maps.parquet"
        pq.write_table(pa.table({k: v for k, v in columns.items() if v is not None}), path)
        return path

    return write


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real maps; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the shared data folder is not beside the repository")
    return SHARED
