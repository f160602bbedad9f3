"""Coordinates of dies on the wafer disc: radius in units of the wafer's, direction as a clock position."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

ZONES = ("center", "mid-radius", "outer", "edge")
ZONE_BOUNDS = (0.33, 0.67, 0.85)
"""Radii r/R at which one zone ends and the next begins."""


@dataclass(frozen=True)
class Disc:
    """Coordinates of every cell of a die grid stretched to a square (read-only arrays, rows x cols).

    Attributes:
        x: Right, in [-1, 1].
        y: Down, in [-1, 1].
        radius: Distance from the wafer's centre, 1 at the rim.
        hour: Clock position in [0, 12), 0 at the top, clockwise.
        inside: Whether the cell's centre lies on the disc.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    radius: npt.NDArray[np.float64]
    hour: npt.NDArray[np.float64]
    inside: npt.NDArray[np.bool_]


@lru_cache(maxsize=512)
def disc(rows: int, cols: int) -> Disc:
    """Coordinates for a grid of `rows` x `cols` dies."""
    y, x = np.meshgrid(
        (np.arange(rows) + 0.5) / rows * 2 - 1, (np.arange(cols) + 0.5) / cols * 2 - 1, indexing="ij"
    )
    radius = np.hypot(x, y)
    hour = np.mod(np.arctan2(x, -y) * 6 / np.pi, 12)
    made = Disc(x, y, radius, hour, radius <= 1)
    for array in (x, y, radius, hour, made.inside):
        array.setflags(write=False)
    return made


def hour_distance(a: float, b: float) -> float:
    """Distance in hours between two clock positions, in [0, 6]."""
    apart = abs(a - b) % 12
    return min(apart, 12 - apart)


def zone_of(radius: float) -> str:
    """Zone that a radius r/R lies in."""
    return ZONES[int(np.searchsorted(ZONE_BOUNDS, radius, side="right"))]


def zones_between(inner: float, outer: float, share: float = 0.35) -> tuple[str, ...]:
    """Zones that the band from `inner` to `outer` mainly covers.

    A zone counts when at least `share` of the band's width lies in it, or at least `share` of the
    zone's own width lies in the band.
    """
    bounds = (0.0, *ZONE_BOUNDS, 1.0)
    width = max(outer - inner, 1e-6)
    found = []
    for name, low, high in zip(ZONES, bounds, bounds[1:], strict=False):
        common = min(outer, high) - max(inner, low)
        if common > 0 and (common / width >= share or common / (high - low) >= max(share, 0.6)):
            found.append(name)
    return tuple(found) or (zone_of((inner + outer) / 2),)
