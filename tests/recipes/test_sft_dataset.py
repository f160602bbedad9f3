"""Patterns for the files of supervised fine-tuning."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("verl")

from verl_wafersage.errors import InputError
from verl_wafersage.sft_dataset import expand


def test_patterns_expand_in_order(tmp_path: Path) -> None:
    for name in (
        "train-00001-of-00002.parquet",
        "train-00000-of-00002.parquet",
        "val-00000-of-00001.parquet",
    ):
        (tmp_path / name).touch()
    found = [Path(name).name for name in expand([f"{tmp_path}/train-*.parquet", f"{tmp_path}/val-*.parquet"])]
    assert found == [
        "train-00000-of-00002.parquet",
        "train-00001-of-00002.parquet",
        "val-00000-of-00001.parquet",
    ]


def test_a_pattern_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="matches no file"):
        expand(f"{tmp_path}/train-*.parquet")
