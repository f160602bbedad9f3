"""Wafers that stand in more than one split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..similarity import groups
from .findings import Finding
from .wafers import Wafer


def leaks(wafers: Sequence[Wafer]) -> Iterator[tuple[Wafer, Finding]]:
    """Yield wafers that stand in more than one split, also turned, mirrored or slightly changed.

    The test split keeps its wafer, or else validation: taking the wafers yielded out cures the leak.
    """
    drawn = [(wafer.signature, wafer) for wafer in wafers if wafer.signature is not None]
    together: dict[str, list[Wafer]] = defaultdict(list)
    for number, (_, wafer) in zip(groups([sign for sign, _ in drawn]), drawn, strict=True):
        together[f"group {number}"].append(wafer)
    for wafer in wafers:
        if wafer.signature is None:
            together[f"name {wafer.name}"].append(wafer)
    for group in together.values():
        yield from _leaks_of(group)


def _leaks_of(group: list[Wafer]) -> Iterator[tuple[Wafer, Finding]]:
    splits = sorted({wafer.split for wafer in group}, key=lambda split: {"test": 0, "val": 1}.get(split, 2))
    kept = [wafer for wafer in group if wafer.split == splits[0]]
    for wafer in group:
        if wafer.split != splits[0]:
            same = [other for other in kept if _equal(wafer, other)]
            other = (same or kept)[0]
            check, like = ("leak", "the same as") if same else ("lookalike", "nearly the same as")
            yield wafer, wafer.finding(check, f"{wafer.split}: {like} {other.name} in {other.split}")


def _equal(one: Wafer, other: Wafer) -> bool:
    if one.signature is None or other.signature is None:
        return one.name == other.name
    return one.signature.digest == other.signature.digest
