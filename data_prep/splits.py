"""Splits without leaks, and curriculum streams: decided by hashes of groups, not by order.

A group is a lot where lots are known, else a wafer with its look-alikes. A group's split depends on its
own hash only, so re-running, reordering or adding wafers moves none of the others.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    """Split of a group by its hash alone."""
    place = draw(group, f"split{options.seed}")
    if place < options.test:
        return "test"
    return "val" if place < options.test + options.val else "train"


def stream_of(group: str, options: SplitOptions) -> str:
    """`review` or `learning`."""
    return "review" if draw(group, f"stream{options.seed}") < options.review else "learning"


def assign(
    groups: Sequence[str],
    classes: Sequence[str],
    options: SplitOptions,
    pinned: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Split of every group.

    Hashes give every class the wanted shares on average. A class large enough to expect a group in a
    split, but without one there, gives it the training group whose hash lies nearest; so does the whole
    set for a split that would stay empty.

    Args:
        groups: Group of each wafer.
        classes: Class of each wafer (its labels joined).
        options: Shares.
        pinned: Splits fixed by an earlier conversion.
    """
    pinned = pinned or {}
    split = {group: pinned.get(group) or split_of(group, options) for group in dict.fromkeys(groups)}
    members: dict[str, dict[str, None]] = defaultdict(dict)
    for group, name in zip(groups, classes, strict=True):
        members[name][group] = None
    for wanted, share in (("test", options.test), ("val", options.val)):
        for name in sorted(members):
            if share * len(members[name]) >= 1:
                _fill(split, list(members[name]), wanted, options, pinned)
        if share:
            _fill(split, list(split), wanted, options, pinned)
    return split


def _fill(
    split: dict[str, str], held: list[str], wanted: str, options: SplitOptions, pinned: Mapping[str, str]
) -> None:
    if any(split[group] == wanted for group in held):
        return
    free = [group for group in held if split[group] == "train" and group not in pinned]
    if len(free) > 1:
        split[min(free, key=lambda group: draw(group, f"split{options.seed}"))] = wanted
