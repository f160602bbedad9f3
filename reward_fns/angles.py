"""Directions on a disc as one circular quantity: arcs in hours, and how well two of them agree."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arc:
    """An arc of the dial, clockwise, in hours.

    Attributes:
        start: Where it begins, in (0, 12].
        length: How far it runs clockwise, 0 for a point, up to 12.
        words: Whether it was said in words (a side, a quadrant), which are broad.
    """

    start: float
    length: float
    words: bool = False

    @property
    def middle(self) -> float:
        """Return the hour in the middle of the arc."""
        return hour_of(self.start + self.length / 2)

    def __str__(self) -> str:
        end = hour_of(self.start + self.length)
        return f"{self.start:g} o'clock" if self.length == 0 else f"{self.start:g} to {end:g} o'clock"


_FALL = 0.8


def hour_of(value: float) -> float:
    """Return an hour on the dial, in (0, 12]."""
    value %= 12.0
    return value if value > 0 else 12.0


def distance(a: Arc, b: Arc) -> float:
    """Return the hours between the middles of two arcs, from 0 to 6."""
    gap = abs(a.middle - b.middle) % 12.0
    return min(gap, 12.0 - gap)


def overlap(a: Arc, b: Arc) -> float:
    """Return the hours two arcs share, an arc counting at least half an hour."""
    length_a, length_b = max(a.length, 0.5), max(b.length, 0.5)
    start = (b.middle - length_b / 2 - (a.middle - length_a / 2)) % 12.0
    first = max(0.0, min(length_a, start + length_b) - start) if start < length_a else 0.0
    wrapped = max(0.0, min(length_a, start + length_b - 12.0))
    return first + wrapped


def agreement(said: Arc, true: Arc) -> float:
    """Return how well a stated arc fits the true one: 1 right, 0.75 an hour off, 0 from three hours off.

    A side or quadrant in words is as wide as it is: it is right when it holds the true arc's middle.
    """
    gap = distance(said, true)
    if said.words:
        # Outside the side that was named the fall is steep: "top" is not the lower left.
        reach = said.length / 2 + (true.length / 2 if said.length <= 2.0 else 0.0)
        if true.words:
            # Two quadrants side by side touch, and are not the same.
            reach = max(said.length, true.length) / 2
        gap = 2.0 * max(0.0, gap - reach)
    elif true.words:
        gap = 2.0 * max(0.0, gap - max(0.0, true.length - said.length) / 2)
    elif said.length == 0 and true.length > 0:
        gap = max(0.0, gap - true.length / 2)
    if gap <= 0.5:
        return 1.0
    if gap <= 1.25:
        return 0.75
    return max(0.0, 0.75 - _FALL * (gap - 1.25))
