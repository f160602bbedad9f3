"""Stages from easy to hard whose borders fade into each other, spanning a whole run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


class Stages:
    """How much of a run is given to each level, as a function of progress.

    Level l has the stretch of the run that its mass deserves; at a border the two levels cross-fade
    linearly over `overlap` times the narrower stretch, half of it on each side, so that every level keeps
    exactly its mass and the shares sum to 1 at every moment.

    Args:
        masses: Mass per level, easiest first, >= 0, with a positive sum.
        overlap: In [0, 1]; 0 means sharp borders.
    """

    def __init__(self, masses: Sequence[float], overlap: float) -> None:
        total = sum(masses)
        widths = [mass / total for mass in masses]
        # A level without mass takes no part: its neighbours meet at one border.
        self._levels = [level for level, width in enumerate(widths) if width > 0]
        self._count = len(widths)
        self._final = widths
        kept = [widths[level] for level in self._levels]
        self._borders: list[tuple[float, float]] = []
        edge = 0.0
        for width, following in pairwise(kept):
            edge += width
            self._borders.append((edge, overlap * min(width, following) / 2))

    def amounts(self, start: float, end: float) -> list[float]:
        """Share of each level between two moments of progress; at one moment, or past the end, the rates."""
        if start >= 1.0:
            return self._final
        if end <= start:
            start, end = max(0.0, end - 1e-6), min(1.0, end + 1e-6)
        before, after = self._cumulative(start), self._cumulative(end)
        return [(b - a) / (end - start) for a, b in zip(before, after, strict=True)]

    def _cumulative(self, progress: float) -> list[float]:
        served = [0.0] * self._count
        passed = progress
        for level, (edge, half) in zip(self._levels, self._borders, strict=False):
            beyond = _faded(progress, edge, half)
            served[level] = passed - beyond
            passed = beyond
        served[self._levels[-1]] = passed
        return served


def _faded(progress: float, edge: float, half: float) -> float:
    """Integral of a ramp from 0 to 1 over [edge - half, edge + half]."""
    if progress <= edge - half:
        return 0.0
    if progress >= edge + half:
        return progress - edge
    return (progress - edge + half) ** 2 / (4 * half)
