"""Splits and curriculum streams from hashes: the same wafer lands in the same split in every run.

A wafer's split depends on its group key only (its lot, or else its group of near-duplicates), so
re-running, reordering or adding data moves nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..errors import InputError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class SplitOptions:
    """Shares of the splits and of the review stream.

    Attributes:
        val: Share of groups for validation, in [0, 1).
        test: Share of groups for testing, in [0, 1).
        review: Share of training groups in the `review` stream, which supervised fine-tuning sees; the
            rest is the `learning` stream, new to reinforcement learning.
        seed: Another number gives other splits.
    """

    val: float = 0.1
    test: float = 0.1
    review: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("val", "test", "review"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{getattr(self, name)} is not a share between 0 and 1", field=name)
        if self.val + self.test >= 1:
            raise InputError("nothing would be left to train on", field="val + test")


def draw(key: str, salt: str) -> float:
    """A number in [0, 1) that depends on `key` and `salt` only."""
    digest = hashlib.blake2b(f"{salt}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def split_of(group: str, options: SplitOptions) -> str:
    """Split of a group."""
    place = draw(group, f"split{options.seed}")
    if place < options.test:
        return "test"
    return "val" if place < options.test + options.val else "train"


def stream_of(group: str, options: SplitOptions) -> str:
    """`review` or `learning`."""
    return "review" if draw(group, f"stream{options.seed}") < options.review else "learning"
