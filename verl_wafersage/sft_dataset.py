"""verl's data set for supervised fine-tuning, with patterns for file names.

`data.custom_cls: {path: pkg://verl_wafersage.sft_dataset, name: PatternSFTDataset}`; verl's own class reads a
file or a list, but how many shards `convert` wrote depends on the data.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable
from typing import Any

from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset

from .errors import InputError


class PatternSFTDataset(MultiTurnSFTDataset):
    """`MultiTurnSFTDataset` whose file names may be patterns such as `DATA/sft/train-*.parquet`."""

    def __init__(self, parquet_files: str | Iterable[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(expand(parquet_files), *args, **kwargs)


def expand(patterns: str | Iterable[str]) -> list[str]:
    """Files that match the patterns, each pattern's in order of their names.

    Raises:
        InputError: When a pattern matches nothing.
    """
    found: list[str] = []
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        files = sorted(glob.glob(pattern))
        if not files:
            remedy = "give the folder that `verl-wafersage convert` wrote as wafersage.data_dir"
            raise InputError("matches no file", file=pattern, remedy=remedy)
        found += files
    return found
