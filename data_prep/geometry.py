"""Measured facts of a die grid: rates by ring and direction, the rim, blobs and lines. Knows no labels.

Two traps are avoided. The centroid of failing dies says nothing about symmetric patterns (an edge ring's
lies in the wafer's centre), so zones come from failure *rates* in excess of the background; and clock
bins are centred on the hours, so that 12 o'clock is half past eleven to half past twelve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .discs import ZONE_BOUNDS, Disc, disc
from .records import FAIL, DieGrid

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RADIAL_BINS = 10
"""Bins of the radial profile, each a tenth of the wafer's radius."""
RIM_BINS = 36
"""Bins of the rim profile: thirds of an hour, the first centred on 12 o'clock."""
RIM_FROM = 0.87
"""Radius r/R where the rim band of the profile begins."""
EIGHT = np.ones((3, 3), dtype=int)


@dataclass(frozen=True)
class Blob:
    """A connected area of raised failure density, or a line of failing dies.

    Attributes:
        area: Dies it covers, as a share of all dies.
        radius: r/R of its centroid (meaningful because it is connected and compact).
        hour: Clock position of its centroid in [0, 12).
        inner: Smallest r/R (2nd percentile of its dies).
        outer: Largest r/R (98th percentile).
        start: Clock position where it begins, clockwise.
        span: Hours it covers as seen from the wafer's centre.
        length: Length along its main axis over the wafer's diameter.
        elongation: Ratio of its main axes, at least 1.
        fill: Share of failing dies inside it.
    """

    area: float
    radius: float
    hour: float
    inner: float
    outer: float
    start: float
    span: float
    length: float
    elongation: float
    fill: float


@dataclass(frozen=True)
class Measured:
    """What a die grid shows.

    Attributes:
        dies: Number of dies.
        share: Failing dies over dies.
        background: Failure rate away from patterns (35th percentile over zone x hour cells).
        zones: Failure rate per zone (`discs.ZONES`).
        enrichment: The same over the wafer's overall rate.
        hours: Failure rate per hour sector, index 0 is 12 o'clock.
        cells: Failure rate per zone and hour, shape (4, 12).
        radial: Failure rate per tenth of the radius.
        rim: Failure rate along the rim, smoothed, NaN-free.
        hollow: Area enclosed by raised density, as a share of all dies (the hole of a donut).
        hollow_radius: r/R of that area's centroid.
        blobs: Areas of raised density, the largest first.
        lines: Elongated runs of failing dies, the longest first.
    """

    dies: int
    share: float
    background: float
    zones: Floats
    enrichment: Floats
    hours: Floats
    cells: Floats
    radial: Floats
    rim: Floats
    hollow: float
    hollow_radius: float
    blobs: tuple[Blob, ...]
    lines: tuple[Blob, ...]


@dataclass(frozen=True)
class _Bins:
    zone: npt.NDArray[np.int64]
    hour: npt.NDArray[np.int64]
    radial: npt.NDArray[np.int64]
    rim: npt.NDArray[np.int64]


@lru_cache(maxsize=512)
def _bins(rows: int, cols: int) -> _Bins:
    place = disc(rows, cols)
    zone = np.searchsorted(ZONE_BOUNDS, place.radius, side="right")
    hour = np.round(place.hour).astype(np.int64) % 12
    radial = np.minimum((place.radius * RADIAL_BINS).astype(np.int64), RADIAL_BINS - 1)
    turn = np.round(place.hour * (RIM_BINS / 12)).astype(np.int64) % RIM_BINS
    rim = np.where(place.radius >= RIM_FROM, turn, RIM_BINS)
    return _Bins(zone, hour, radial, rim)


def crop(grid: DieGrid) -> DieGrid:
    """The grid without empty rows and columns around the dies."""
    rows, cols = np.flatnonzero(grid.any(axis=1)), np.flatnonzero(grid.any(axis=0))
    if not len(rows):
        return grid
    return grid[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]


def measure(grid: DieGrid, *, lines: bool = True) -> Measured:
    """Measure a die grid of shape (rows, cols) with at least one die.

    Args:
        grid: Die grid.
        lines: Whether to look for lines, the costliest part.
    """
    grid = crop(grid)
    rows, cols = grid.shape
    place, bins = disc(rows, cols), _bins(rows, cols)
    dies = grid > 0
    fails = grid == FAIL
    total = int(dies.sum())
    share = float(fails.sum()) / max(total, 1)
    zones = _rates(bins.zone, dies, fails, 4)
    cells = _rates(bins.zone * 12 + bins.hour, dies, fails, 48)
    counted = np.bincount((bins.zone * 12 + bins.hour)[dies], minlength=48) >= 4
    background = quantile(cells[counted], 0.35) if counted.any() else share
    smooth = _density(dies, fails)
    raised = _raised(dies, smooth, background)
    hollow, hollow_radius = _hollow(place, dies, raised)
    return Measured(
        dies=total,
        share=share,
        background=background,
        zones=zones,
        enrichment=zones / max(share, 1e-9),
        hours=_rates(bins.hour, dies, fails, 12),
        cells=cells.reshape(4, 12),
        radial=_rates(bins.radial, dies, fails, RADIAL_BINS),
        rim=_rim(bins, dies, fails),
        hollow=hollow,
        hollow_radius=hollow_radius,
        blobs=_describe_all(place, dies, fails, raised, smallest=max(5, total // 250)),
        lines=_lines(place, dies, fails) if lines else (),
    )


def quantile(values: Floats, share: float) -> float:
    """Lower quantile without interpolation (ten times faster than numpy's); 0 of nothing."""
    place = int(share * (len(values) - 1))
    return float(np.partition(values, place)[place]) if len(values) else 0.0


def _rates(bins: npt.NDArray[np.int64], dies: Mask, fails: Mask, count: int) -> Floats:
    whole = np.bincount(bins[dies], minlength=count)[:count]
    part = np.bincount(bins[fails], minlength=count)[:count]
    return np.asarray(part / np.maximum(whole, 1), dtype=np.float64)


def _rim(bins: _Bins, dies: Mask, fails: Mask) -> Floats:
    whole = np.bincount(bins.rim[dies], minlength=RIM_BINS + 1)[:RIM_BINS].astype(np.float64)
    part = np.bincount(bins.rim[fails], minlength=RIM_BINS + 1)[:RIM_BINS].astype(np.float64)
    # Small grids have rim bins of one die or none: pool each with its neighbours.
    whole = np.roll(whole, 1) + whole + np.roll(whole, -1)
    part = np.roll(part, 1) + part + np.roll(part, -1)
    return np.asarray(part / np.maximum(whole, 1), dtype=np.float64)


def _density(dies: Mask, fails: Mask) -> Floats:
    """Local failure rate over a window of about a seventeenth of the wafer."""
    size = [max(3, round(side / 17)) // 2 * 2 + 1 for side in dies.shape]
    around = ndimage.uniform_filter(dies.astype(np.float64), size, mode="constant")
    inside = ndimage.uniform_filter(fails.astype(np.float64), size, mode="constant")
    return np.where(dies, inside / np.maximum(around, 1e-9), 0.0)


def _raised(dies: Mask, smooth: Floats, background: float) -> Mask:
    """Where the local rate lies half way or more from the background to the wafer's peak."""
    peak = quantile(smooth[dies], 0.99)
    if peak - background < 0.2:
        return np.zeros_like(dies)
    # Chance alone raises a window of nine dies by its binomial deviation: stay well above it.
    noise = float(np.sqrt(max(background * (1 - background), 0.01) / 9))
    return smooth > background + max(0.5 * (peak - background), 0.2, 2.2 * noise)


def _hollow(place: Disc, dies: Mask, raised: Mask) -> tuple[float, float]:
    """Area and centroid radius of the largest region enclosed by raised density away from the rim."""
    inner = raised & (place.radius < 0.8)
    holes, count = ndimage.label(ndimage.binary_fill_holes(inner) & ~inner)
    if not count:
        return 0.0, 0.0
    sizes = np.bincount(holes.ravel())
    inside = holes == int(np.argmax(sizes[1:])) + 1
    x, y = float(place.x[inside].mean()), float(place.y[inside].mean())
    return float(inside.sum()) / max(int(dies.sum()), 1), float(np.hypot(x, y))


def _lines(place: Disc, dies: Mask, fails: Mask) -> tuple[Blob, ...]:
    """Ridges of failing dies: straight windows that fail while their parallels on both sides do not."""
    ridge = ridges(fails)
    found = _describe_all(place, dies, fails, fails & (ridge >= 0.5), smallest=6)
    return tuple(sorted((line for line in found if line.elongation >= 2.5), key=lambda line: -line.length))


def ridges(fails: Mask) -> Floats:
    """Largest contrast in [-1, 1], over 16 directions, between a short line of dies and its two parallels."""
    rows, cols = fails.shape
    reach = max(3, round(min(rows, cols) * 0.11))
    gap = max(2, round(min(rows, cols) * 0.05))
    margin = reach + gap
    wide = np.zeros((rows + 2 * margin, cols + 2 * margin), dtype=np.uint8)
    wide[margin:-margin, margin:-margin] = fails
    best = np.full(fails.shape, -(2 * reach + 1), dtype=np.int16)
    line = np.empty((rows + 2 * gap, cols + 2 * gap), dtype=np.uint8)
    for steps, (dy, dx) in _directions(reach, gap):
        line[:] = 0
        for top, left in steps:
            line += wide[top : top + rows + 2 * gap, left : left + cols + 2 * gap]
        here = line[gap : gap + rows, gap : gap + cols].astype(np.int16)
        one = line[gap + dy : gap + dy + rows, gap + dx : gap + dx + cols]
        other = line[gap - dy : gap - dy + rows, gap - dx : gap - dx + cols]
        np.maximum(best, here - np.maximum(one, other), out=best)
    return np.asarray(best / (2 * reach + 1), dtype=np.float64)


@lru_cache(maxsize=64)
def _directions(reach: int, gap: int) -> list[tuple[list[tuple[int, int]], tuple[int, int]]]:
    """For each direction, corners of the shifted windows along it, and the step to its parallels."""
    found = []
    for angle in np.arange(16) * np.pi / 16:
        down, right = float(np.sin(angle)), float(np.cos(angle))
        scale = max(abs(down), abs(right))
        steps = [
            (reach + round(step * down / scale), reach + round(step * right / scale))
            for step in range(-reach, reach + 1)
        ]
        found.append((steps, (round(gap * right), -round(gap * down))))
    return found


def _describe_all(place: Disc, dies: Mask, fails: Mask, mask: Mask, smallest: int) -> tuple[Blob, ...]:
    labelled, count = ndimage.label(mask, EIGHT)
    if not count:
        return ()
    sizes = np.bincount(labelled.ravel())
    order = [int(name) for name in np.argsort(-sizes[1:])[:4] + 1 if sizes[name] >= smallest]
    boxes = ndimage.find_objects(labelled)
    total = int(dies.sum())
    return tuple(_describe(place, fails, labelled, boxes[name - 1], name, total) for name in order)


def _describe(
    place: Disc,
    fails: Mask,
    labelled: npt.NDArray[Any],
    box: tuple[slice, ...],
    name: int,
    total: int,
) -> Blob:
    inside = labelled[box] == name
    x, y = place.x[box][inside], place.y[box][inside]
    radius, hour = np.sort(place.radius[box][inside]), place.hour[box][inside]
    middle_x, middle_y = float(x.mean()), float(y.mean())
    middle = float(np.arctan2(middle_x, -middle_y) * 6 / np.pi % 12)
    away = np.sort((hour - middle + 6) % 12 - 6)
    low, high = away[int(0.03 * (len(away) - 1))], away[int(np.ceil(0.97 * (len(away) - 1)))]
    length, elongation = _axes(x - middle_x, y - middle_y)
    return Blob(
        area=len(x) / total,
        radius=float(np.hypot(middle_x, middle_y)),
        hour=middle,
        inner=float(radius[int(0.02 * (len(radius) - 1))]),
        outer=float(radius[int(np.ceil(0.98 * (len(radius) - 1)))]),
        start=float((middle + low) % 12),
        span=float(high - low),
        length=length,
        elongation=elongation,
        fill=float(fails[box][inside].mean()),
    )


def _axes(x: Floats, y: Floats) -> tuple[float, float]:
    """Length along the main axis over the wafer's diameter, and ratio of the axes, from centred points."""
    xx, yy, xy = float(x @ x) / len(x), float(y @ y) / len(x), float(x @ y) / len(x)
    half, root = (xx + yy) / 2, float(np.hypot((xx - yy) / 2, xy))
    large, small = half + root, max(half - root, 1e-6)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    along = x * np.cos(angle) + y * np.sin(angle)
    return float(np.ptp(along)) / 2, float(np.sqrt(max(large, 1e-6) / small))
