"""How strongly measured geometry speaks for each defect type, and what it says about the pattern.

Confidences are ramps over measured contrasts, set by hand on the training maps of both public sets and
reported against the human labels (docs/data.md). A pattern below `SURE` produces no rubric term.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .discs import hour_distance, zones_between
from .facts import ENTAILED, Arc, Facts, Pattern, clear_zones_of
from .geometry import RIM_BINS, Blob, Measured, measure, quantile
from .records import DEFECT_TYPES, NORMAL, DieGrid

SURE = 0.5
"""Confidence from which a measured pattern counts as found."""
DENSE_FROM, SPARSE_TO = 0.72, 0.5
"""Failing share inside a pattern from which it is dense, and up to which it is sparse."""


class Found(NamedTuple):
    """A pattern with the confidence in [0, 1] that it is there."""

    confidence: float
    pattern: Pattern


def ramp(value: float, low: float, high: float) -> float:
    """0 below `low`, 1 above `high`, straight between."""
    return float(min(max((value - low) / (high - low), 0.0), 1.0))


def find(measured: Measured) -> dict[str, Found]:
    """Confidence and description for every defect type, whatever the labels say."""
    return {name: finder(measured) for name, finder in _FINDERS.items()}


def facts_from(grid: DieGrid, labels: tuple[str, ...]) -> Facts:
    """Facts of a real map: what its labels entail, located by geometry where geometry agrees with them.

    Args:
        grid: Die grid.
        labels: Human labels; empty for an unlabelled wafer, which then only has facts if geometry is
            sure of every one of its patterns.
    """
    measured = measure(grid, lines=not labels or "Scratch" in labels)
    if labels == (NORMAL,):
        return Facts(labels, (), (), measured.share)
    found = {name: _FINDERS[name](measured) for name in (labels or DEFECT_TYPES)}
    if not labels:
        found = {name: hit for name, hit in found.items() if hit.confidence >= SURE}
        labels = tuple(found)
        if not labels:
            return Facts((), (), (), measured.share)
    found = _untangle(found)
    patterns = tuple(_reconcile(hit, labels) for hit in found.values())
    confidences = {name: hit.confidence for name, hit in found.items()}
    return Facts(labels, patterns, clear_zones_of(patterns), measured.share, confidences)


def _untangle(found: dict[str, Found]) -> dict[str, Found]:
    """Where a local area touches the rim next to an edge arc, geometry cannot tell which is which."""
    if not {"Loc", "Edge-Loc"} <= set(found):
        return found
    loc, edge = found["Loc"].pattern.arc, found["Edge-Loc"].pattern.arc
    if loc is None or edge is None or "edge" not in found["Loc"].pattern.zones:
        return found
    if hour_distance(loc.middle, edge.middle) > (loc.span + edge.span) / 2:
        return found
    tangled = {name: Found(0.4 * found[name].confidence, found[name].pattern) for name in ("Loc", "Edge-Loc")}
    return found | tangled


def _reconcile(found: Found, labels: tuple[str, ...]) -> Pattern:
    """The measured pattern when it is sure, else what its label says however the wafer looks."""
    name = found.pattern.type
    if found.confidence >= SURE:
        return found.pattern
    # Geometry does not see what the label says: keep only the type, not where or how.
    return Pattern(name) if name not in ("Random", "Near-full") else ENTAILED[name]


def _density(fill: float) -> str | None:
    return "dense" if fill >= DENSE_FROM else "sparse" if fill <= SPARSE_TO else None


def _near_full(m: Measured) -> Found:
    return Found(ramp(m.share, 0.55, 0.75), ENTAILED["Near-full"])


def _random(m: Measured) -> Found:
    """Many failures, spread over every zone and direction alike."""
    spread = float(np.std(m.hours)) / max(m.share, 1e-6)
    alike = float(m.zones.min()) / max(float(m.zones.max()), 1e-6)
    confidence = ramp(m.share, 0.2, 0.3) * (1 - ramp(m.share, 0.6, 0.75))
    return Found(confidence * ramp(alike, 0.3, 0.55) * (1 - ramp(spread, 0.3, 0.6)), ENTAILED["Random"])


def _center(m: Measured) -> Found:
    inner = float(m.radial[:2].mean())
    around = float(m.radial[5:8].mean())
    confidence = ramp(inner - around, 0.15, 0.35)
    level = around + 0.5 * (inner - around)
    below = np.flatnonzero(m.radial < level)
    outer = float(below[0] / 10) if len(below) else 1.0
    zones = zones_between(0.0, max(outer, 0.1))
    fill = float(m.radial[: max(int(outer * 10), 1)].mean())
    confidence *= 1 - _enclosed(m)
    return Found(confidence, Pattern("Center", zones, "blob", None, True, _density(fill)))


def _enclosed(m: Measured) -> float:
    """Confidence that raised density encloses a hole near the wafer's centre."""
    return ramp(m.hollow, 0.006, 0.02) * (1 - ramp(m.hollow_radius, 0.35, 0.5))


def _donut(m: Measured) -> Found:
    """A band whose rate exceeds both the centre's and the outer zone's."""
    smooth = np.convolve(m.radial, [0.25, 0.5, 0.25], mode="same")
    band = int(np.argmax(smooth[2:7])) + 2
    peak = float(m.radial[max(band - 1, 1) : band + 2].mean())
    hollow = peak - float(m.radial[0])
    outside = peak - float(m.radial[min(band + 2, 8) : 9].mean())
    confidence = max(ramp(min(hollow, outside), 0.08, 0.25), _enclosed(m) * ramp(outside, 0.05, 0.15))
    high = m.radial >= float(m.radial[7:9].mean()) + 0.5 * (peak - float(m.radial[7:9].mean()))
    inner, outer = band, band
    while inner > 1 and high[inner - 1]:
        inner -= 1
    while outer < 8 and high[outer + 1]:
        outer += 1
    zones = zones_between(inner / 10, (outer + 1) / 10)
    fill = float(m.radial[inner : outer + 1].mean())
    # C-shaped donuts are common in real sets: they have a direction, but not one a clock tells well.
    level = m.background + 0.4 * (float(m.cells[1].max()) - m.background)
    closed = float((m.cells[1] > level).mean()) >= 0.9
    return Found(confidence, Pattern("Donut", zones, "ring", None, closed or None, _density(fill)))


def _rim_level(m: Measured) -> float:
    """Rate from which a part of the rim counts as affected: half way from background to the rim's peak."""
    return m.background + max(0.15, 0.5 * (quantile(m.rim, 0.9) - m.background))


def _edge_ring(m: Measured) -> Found:
    covered = float((m.rim > m.background + 0.12).mean())
    excess = float(np.median(m.rim)) - max(m.background, float(m.zones[2]))
    confidence = ramp(covered, 0.7, 0.9) * ramp(excess, 0.08, 0.2)
    fill = float(m.rim.mean())
    even = float((m.rim > 0.5 * fill).mean())
    continuity = "continuous" if fill >= DENSE_FROM and even >= 0.97 else "broken" if even < 0.85 else None
    return Found(confidence, Pattern("Edge-Ring", ("edge",), "ring", None, True, _density(fill), continuity))


def rim_run(m: Measured) -> tuple[int, int]:
    """First bin and length of the longest run of affected rim bins; gaps of one bin are bridged."""
    high = m.rim > _rim_level(m)
    high = high | (np.roll(high, 1) & np.roll(high, -1))
    if high.all() or not high.any():
        return 0, RIM_BINS if high.all() else 0
    first = int(np.flatnonzero(~high)[0])
    turned = np.roll(high, -first)
    best, start, length = 0, 0, 0
    for place, value in enumerate(turned):
        length = length + 1 if value else 0
        if length > best:
            best, start = length, place - length + 1
    return (start + first) % RIM_BINS, best


def _edge_loc(m: Measured) -> Found:
    start, length = rim_run(m)
    span = length / RIM_BINS
    inside = np.zeros(RIM_BINS, dtype=bool)
    inside[(start + np.arange(length)) % RIM_BINS] = True
    within = float(m.rim[inside].mean()) if length else 0.0
    without = float(m.rim[~inside].mean()) if length < RIM_BINS else 1.0
    excess = np.clip(m.rim - m.background, 0, None)
    gathered = float(excess[inside].sum()) / max(float(excess.sum()), 1e-6)
    confidence = ramp(within - without, 0.2, 0.4) * ramp(gathered, 0.45, 0.65)
    confidence *= ramp(span, 0.05, 0.09) * (1 - ramp(span, 0.75, 0.9))
    per_hour = RIM_BINS / 12
    arc = Arc((start - 0.5) / per_hour % 12, (start + length - 0.5) / per_hour % 12)
    along_rim = Found(confidence, Pattern("Edge-Loc", ("edge",), "arc", arc, False, _density(within)))
    patch = _edge_patch(m)
    return patch if patch.confidence > along_rim.confidence else along_rim


def _edge_patch(m: Measured) -> Found:
    """An area that touches the rim and reaches inwards, rather than an arc along it."""
    fit = [
        blob
        for blob in m.blobs
        if blob.outer > 0.93 and blob.radius > 0.6 and blob.span < 5.5 and blob.elongation < 4
    ]
    if not fit:
        return Found(0.0, Pattern("Edge-Loc"))
    blob = max(fit, key=lambda blob: blob.area * blob.fill)
    lead = blob.area / sum(other.area for other in m.blobs)
    confidence = ramp(blob.area, 0.01, 0.025) * ramp(_significance(m, blob), 6, 10) * ramp(lead, 0.25, 0.5)
    confidence *= 1 - _edge_ring(m).confidence
    arc = Arc(blob.start, (blob.start + blob.span) % 12)
    zones = tuple(dict.fromkeys((*zones_between(min(blob.inner, 0.86), blob.outer), "edge")))
    shape = "arc" if blob.inner > 0.75 else None
    return Found(confidence, Pattern("Edge-Loc", zones, shape, arc, False, _density(blob.fill)))


def _significance(m: Measured, blob: Blob) -> float:
    """Failures of a blob beyond the background, in binomial standard deviations."""
    noise = np.sqrt(m.background * (1 - m.background) + 0.01)
    return float((blob.fill - m.background) * np.sqrt(blob.area * m.dies) / noise)


def _loc(m: Measured) -> Found:
    """One compact area off the centre."""
    fit = [
        blob
        for blob in m.blobs
        if 0.2 < blob.radius < 0.9
        and blob.elongation < 2.8
        and blob.span < 4
        and blob.inner < 0.85
        and blob.outer - blob.inner < 0.65
    ]
    if not fit:
        return Found(0.0, Pattern("Loc"))
    blob = max(fit, key=lambda blob: blob.area * blob.fill)
    lead = blob.area / sum(other.area for other in fit)
    confidence = ramp(_significance(m, blob), 6, 10) * ramp(lead, 0.3, 0.55)
    zones = zones_between(blob.inner, blob.outer)
    arc = Arc(blob.start, (blob.start + blob.span) % 12)
    return Found(confidence, Pattern("Loc", zones, "blob", arc, False, _density(blob.fill)))


def _scratch(m: Measured) -> Found:
    lines = [line for line in m.lines if line.inner < 0.8 and line.length >= 0.1]
    if not lines:
        return Found(0.0, Pattern("Scratch"))
    line = lines[0]
    confidence = ramp(line.length, 0.12, 0.22) * ramp(line.elongation, 2.5, 4.0)
    arc = Arc(line.start, (line.start + line.span) % 12) if line.span <= 5 and line.inner > 0.15 else None
    # Short pieces are often fragments of a longer scratch: they do not tell how far it reaches.
    zones = zones_between(line.inner, line.outer) if line.length >= 0.25 else ()
    return Found(confidence, Pattern("Scratch", zones, "linear", arc, False if arc else None))


_FINDERS: dict[str, Callable[[Measured], Found]] = {
    "Center": _center,
    "Donut": _donut,
    "Edge-Loc": _edge_loc,
    "Edge-Ring": _edge_ring,
    "Loc": _loc,
    "Near-full": _near_full,
    "Scratch": _scratch,
    "Random": _random,
}
