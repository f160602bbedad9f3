"""What is known about a wafer, whichever way it became known: drawn, measured or entailed by labels.

Questions and rubrics are written from these facts only. A fact that is not known for sure is None (or
an empty tuple) and produces no rubric term.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .records import NORMAL


@dataclass(frozen=True)
class Arc:
    """A clockwise range of clock positions in hours; `start == end` is a single position."""

    start: float
    end: float

    @property
    def span(self) -> float:
        """Length in hours, in [0, 12)."""
        return (self.end - self.start) % 12

    @property
    def middle(self) -> float:
        """Clock position half way, in [0, 12)."""
        return (self.start + self.span / 2) % 12


@dataclass(frozen=True)
class Pattern:
    """One pattern on a wafer.

    Attributes:
        type: Canonical defect type.
        zones: Zones it mainly covers (`discs.ZONES`, or `("full",)`); empty when unknown.
        shape: ring, arc, linear, blob, scattered or full; None when unknown.
        arc: Where it lies, for one-sided patterns; None when unknown or not one-sided.
        all_around: True when it has no preferred direction, False when one-sided, None when unknown.
        density: dense or sparse; None when unknown or in between.
        continuity: continuous or broken; None when unknown.
    """

    type: str
    zones: tuple[str, ...] = ()
    shape: str | None = None
    arc: Arc | None = None
    all_around: bool | None = None
    density: str | None = None
    continuity: str | None = None


@dataclass(frozen=True)
class Facts:
    """All that is known about one wafer.

    Attributes:
        labels: Canonical defect types, `("None",)` for a normal wafer, `()` when unlabelled.
        patterns: One entry per label (none for a normal wafer), in the order of the labels.
        clear_zones: Zones known to be free of any pattern.
        fail_share: Failing dies over all dies, in [0, 1].
    """

    labels: tuple[str, ...]
    patterns: tuple[Pattern, ...]
    clear_zones: tuple[str, ...] = ()
    fail_share: float | None = None
    confidences: dict[str, float] = field(default_factory=dict)

    @property
    def normal(self) -> bool:
        """Whether the wafer has no pattern."""
        return self.labels == (NORMAL,)


# What a label alone says about its pattern. Zones and shapes that vary within a class are left out:
# in MixedWM38 a Loc may touch the outer zone and a scratch may lie anywhere (reference tables).
ENTAILED = {
    "Center": Pattern("Center", ("center",), "blob", all_around=True),
    "Donut": Pattern("Donut", ("mid-radius",), "ring", all_around=True),
    "Edge-Loc": Pattern("Edge-Loc", ("edge",), "arc", all_around=False),
    "Edge-Ring": Pattern("Edge-Ring", ("edge",), "ring", all_around=True),
    "Loc": Pattern("Loc", (), "blob", all_around=False),
    "Near-full": Pattern("Near-full", ("full",), "full", all_around=True, density="dense"),
    "Scratch": Pattern("Scratch", (), "linear"),
    "Random": Pattern("Random", ("full",), "scattered", all_around=True),
}


def from_labels(labels: tuple[str, ...], fail_share: float | None = None) -> Facts:
    """Facts entailed by the labels alone."""
    patterns = tuple(ENTAILED[label] for label in labels if label != NORMAL)
    return Facts(labels, patterns, clear_zones_of(patterns), fail_share)


def clear_zones_of(patterns: tuple[Pattern, ...]) -> tuple[str, ...]:
    """Zones that certainly hold no part of any of the patterns: only centre and edge can be certain."""
    if any(not pattern.zones for pattern in patterns):
        return ()
    covered = {zone for pattern in patterns for zone in pattern.zones}
    if not covered or "full" in covered:
        return ()
    clear = []
    if not covered & {"center", "mid-radius"} or (covered == {"mid-radius"} and _all_rings(patterns)):
        clear.append("center")
    if not covered & {"outer", "edge"}:
        clear.append("edge")
    return tuple(clear)


def _all_rings(patterns: tuple[Pattern, ...]) -> bool:
    return all(pattern.shape == "ring" for pattern in patterns)
