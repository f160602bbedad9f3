"""Synthetic wafer maps whose truth is known exactly: a disc, background failures and drawn patterns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .discs import Disc, disc, zones_between
from .facts import Arc, Facts, Pattern, clear_zones_of
from .records import DEFECT_TYPES, FAIL, NO_DIE, NORMAL, PASS, DieGrid, WaferMap

ORIGIN = "synthetic"

MIXES = (
    ("Center", "Edge-Loc"),
    ("Center", "Edge-Ring"),
    ("Center", "Loc"),
    ("Center", "Scratch"),
    ("Donut", "Edge-Loc"),
    ("Donut", "Edge-Ring"),
    ("Donut", "Loc"),
    ("Donut", "Scratch"),
    ("Edge-Loc", "Loc"),
    ("Edge-Loc", "Scratch"),
    ("Edge-Ring", "Loc"),
    ("Edge-Ring", "Scratch"),
    ("Loc", "Scratch"),
    ("Center", "Edge-Loc", "Loc"),
    ("Center", "Edge-Ring", "Loc"),
    ("Donut", "Edge-Ring", "Scratch"),
    ("Edge-Ring", "Loc", "Scratch"),
)
"""Types that are drawn together: the pairs of MixedWM38 and some of its triples."""

DENSE, SPARSE = (0.8, 0.97), (0.38, 0.5)
"""Share of failing dies inside a dense and a sparse pattern."""


@dataclass(frozen=True)
class Drawn:
    """A drawn pattern with its exact parameters.

    Attributes:
        type: Canonical defect type.
        inner: Smallest radius r/R it reaches.
        outer: Largest radius r/R it reaches.
        hour: Clock position of its middle in [0, 12); None when it has no direction.
        span: Hours of the clock it covers; 12 when all around.
        density: Probability that a die inside it fails.
    """

    type: str
    inner: float
    outer: float
    hour: float | None
    span: float
    density: float


@dataclass(frozen=True)
class Truth:
    """Exact facts of a synthetic map: `background` is the failure probability outside the patterns."""

    background: float
    patterns: tuple[Drawn, ...]

    def to_json(self) -> dict[str, Any]:
        """As plain JSON types."""
        return asdict(self)

    @staticmethod
    def from_json(made: dict[str, Any]) -> Truth:
        """Inverse of `to_json`."""
        return Truth(made["background"], tuple(Drawn(**pattern) for pattern in made["patterns"]))


def generate(
    count: int, seed: int = 0, *, mixed: float = 0.3, side: tuple[int, int] = (32, 52)
) -> Iterator[WaferMap]:
    """Yield `count` synthetic wafers; wafer k depends on the seed and k only.

    Args:
        count: Number of wafers.
        seed: Any integer.
        mixed: Share of wafers with two or three patterns, in [0, 1].
        side: Smallest and largest number of dies across.
    """
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        if rng.random() < mixed:
            labels: tuple[str, ...] = MIXES[rng.integers(len(MIXES))]
        else:
            labels = ((*DEFECT_TYPES, NORMAL)[rng.integers(len(DEFECT_TYPES) + 1)],)
        rows = int(rng.integers(side[0], side[1] + 1))
        cols = int(np.clip(round(rows * rng.choice((1.0, 1.0, 0.85, 1.15))), *side))
        yield make(labels, rng, (rows, cols), wafer_id=f"s{seed}-{number:06d}")


def make(
    labels: tuple[str, ...], rng: np.random.Generator, shape: tuple[int, int] = (52, 52), wafer_id: str = "s"
) -> WaferMap:
    """Draw one wafer with exactly these patterns."""
    place = disc(*shape)
    background = float(rng.uniform(0.01, 0.06))
    chance = np.full(shape, background)
    drawn = []
    taken: list[float] = []
    for label in labels:
        if label == NORMAL:
            continue
        mask, pattern = _DRAW[label](place, rng, taken)
        drawn.append(pattern)
        chance = np.where(mask, np.maximum(chance, pattern.density), chance)
        if pattern.hour is not None:
            taken.append(pattern.hour)
    fails = rng.random(shape) < chance
    grid: DieGrid = np.where(place.inside, np.where(fails, FAIL, PASS), NO_DIE).astype(np.uint8)
    return WaferMap(grid, labels, wafer_id, ORIGIN, oriented=True, truth=Truth(background, tuple(drawn)))


def facts_of(truth: Truth, grid: DieGrid) -> Facts:
    """Facts of a synthetic map, exact by construction."""
    patterns = tuple(_describe(drawn) for drawn in truth.patterns)
    labels = tuple(pattern.type for pattern in patterns) or (NORMAL,)
    dies = int(np.count_nonzero(grid))
    return Facts(
        labels, patterns, clear_zones_of(patterns), int(np.count_nonzero(grid == FAIL)) / max(dies, 1)
    )


def _describe(drawn: Drawn) -> Pattern:
    density = "dense" if drawn.density >= DENSE[0] else "sparse" if drawn.density <= SPARSE[1] else None
    shape = _SHAPES[drawn.type]
    if drawn.type in ("Near-full", "Random"):
        return Pattern(
            drawn.type, ("full",), shape, None, True, "dense" if drawn.type == "Near-full" else None
        )
    zones = zones_between(drawn.inner, drawn.outer)
    arc = None
    if drawn.hour is not None:
        arc = Arc((drawn.hour - drawn.span / 2) % 12, (drawn.hour + drawn.span / 2) % 12)
    continuity = None
    if shape in ("ring", "arc", "linear") and density:
        continuity = "continuous" if density == "dense" else "broken"
    return Pattern(drawn.type, zones, shape, arc, drawn.hour is None, density, continuity)


_SHAPES = {
    "Center": "blob",
    "Donut": "ring",
    "Edge-Loc": "arc",
    "Edge-Ring": "ring",
    "Loc": "blob",
    "Near-full": "full",
    "Scratch": "linear",
    "Random": "scattered",
}

_Mask = npt.NDArray[np.bool_]


def _density(rng: np.random.Generator, sparse: float = 0.25) -> float:
    return float(rng.uniform(*(SPARSE if rng.random() < sparse else DENSE)))


def _free_hour(rng: np.random.Generator, taken: list[float], apart: float = 3.0) -> float:
    """A clock position at least `apart` hours from those taken, where one can be found."""
    hour = float(rng.uniform(0, 12))
    for _ in range(40):
        if all(min(abs(hour - other) % 12, 12 - abs(hour - other) % 12) >= apart for other in taken):
            break
        hour = float(rng.uniform(0, 12))
    return hour


def _center(place: Disc, rng: np.random.Generator, taken: list[float]) -> tuple[_Mask, Drawn]:
    size = float(rng.uniform(0.2, 0.32))
    x, y = rng.uniform(-0.06, 0.06, 2)
    mask = np.hypot(place.x - x, place.y - y) <= size
    return mask, Drawn("Center", 0.0, size, None, 12.0, _density(rng))


def _donut(place: Disc, rng: np.random.Generator, taken: list[float]) -> tuple[_Mask, Drawn]:
    inner, outer = float(rng.uniform(0.34, 0.42)), float(rng.uniform(0.56, 0.66))
    mask = (place.radius >= inner) & (place.radius <= outer)
    return mask, Drawn("Donut", inner, outer, None, 12.0, _density(rng))


def _edge_ring(place: Disc, rng: np.random.Generator, taken: list[float]) -> tuple[_Mask, Drawn]:
    inner = float(rng.uniform(0.85, 0.9))
    return place.radius >= inner, Drawn("Edge-Ring", inner, 1.0, None, 12.0, _density(rng))


def _edge_loc(place: Disc, rng: np.random.Generator, taken: list[float]) -> tuple[_Mask, Drawn]:
    inner, span = float(rng.uniform(0.8, 0.88)), float(rng.uniform(1.5, 4.5))
    hour = _free_hour(rng, taken, 4.0)
    away = np.abs((place.hour - hour + 6) % 12 - 6)
    mask = (place.radius >= inner) & (away <= span / 2)
    return mask, Drawn("Edge-Loc", inner, 1.0, hour, span, _density(rng))


def _loc(place: Disc, rng: np.random.Generator, taken: list[float]) -> tuple[_Mask, Drawn]:
    size, middle = float(rng.uniform(0.13, 0.2)), float(rng.uniform(0.45, 0.62))
    hour = _free_hour(rng, taken)
    angle = hour * np.pi / 6
    x, y = middle * np.sin(angle), -middle * np.cos(angle)
    mask = np.hypot(place.x - x, place.y - y) <= size
    span = float(2 * np.arcsin(size / middle) * 6 / np.pi)
    return mask, Drawn("Loc", middle - size, middle + size, hour, span, _density(rng))


def _scratch(place: Disc, rng: np.random.Generator, taken: list[float]) -> tuple[_Mask, Drawn]:
    """A slightly bent line that stays within one third of the clock, so that it has a direction."""
    hour = _free_hour(rng, taken)
    angle, tilt = hour * np.pi / 6, rng.uniform(-1.0, 1.0)
    inner, outer, bend = rng.uniform(0.28, 0.4), rng.uniform(0.8, 0.95), rng.uniform(-0.12, 0.12)
    t = np.linspace(0, 1, 160)
    radius = inner + (outer - inner) * t
    around = angle + tilt * (t - 0.5) * 0.7 + bend * np.sin(np.pi * t)
    x, y = radius * np.sin(around), -radius * np.cos(around)
    rows, cols = place.x.shape
    row, col = ((y + 1) / 2 * rows).astype(int), ((x + 1) / 2 * cols).astype(int)
    mask = np.zeros((rows, cols), dtype=np.bool_)
    mask[row.clip(0, rows - 1), col.clip(0, cols - 1)] = True
    if rng.random() < 0.4:  # two dies wide
        mask[row.clip(0, rows - 1), (col + 1).clip(0, cols - 1)] = True
    hours = around * 6 / np.pi
    middle = float((hours.min() + hours.max()) / 2 % 12)
    span = float(hours.max() - hours.min())
    return mask, Drawn("Scratch", float(inner), float(outer), middle, span, _density(rng, sparse=0.0))


def _random(place: Disc, rng: np.random.Generator, taken: list[float]) -> tuple[_Mask, Drawn]:
    return place.inside, Drawn("Random", 0.0, 1.0, None, 12.0, float(rng.uniform(0.25, 0.5)))


def _near_full(place: Disc, rng: np.random.Generator, taken: list[float]) -> tuple[_Mask, Drawn]:
    return place.inside, Drawn("Near-full", 0.0, 1.0, None, 12.0, float(rng.uniform(0.85, 0.98)))


_DRAW = {
    "Center": _center,
    "Donut": _donut,
    "Edge-Loc": _edge_loc,
    "Edge-Ring": _edge_ring,
    "Loc": _loc,
    "Near-full": _near_full,
    "Scratch": _scratch,
    "Random": _random,
}
