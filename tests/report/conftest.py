"""Fixtures of the report's tests."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from made_run import MadeRun, make_run

from verl_wafersage.data_prep.convert import ConvertOptions, convert


@pytest.fixture(scope="session")
def wafers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions about synthetic wafers, converted by the project's own converter."""
    out = tmp_path_factory.mktemp("data")
    convert("synthetic", None, out, ConvertOptions(count=60, seed=3))
    return out


@pytest.fixture(scope="session")
def made(wafers: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., MadeRun]:
    """Return a function that simulates a run in a new folder; see `make_run`."""

    def make(**options: Any) -> MadeRun:
        return partial(make_run, wafers, tmp_path_factory.mktemp("run"))(**options)

    return make
