"""Facts as words: the canonical terms of the rubric vocabulary, and sentences that hold them."""

from __future__ import annotations

from .facts import Arc, Pattern
from .records import NORMAL

DIRECTIONS = ("top", "upper-right", "right", "lower-right", "bottom", "lower-left", "left", "upper-left")
"""Directions clockwise from the top, 1.5 hours apart."""

ZONE_PLACES = {
    "center": "in the center",
    "mid-radius": "at mid-radius",
    "outer": "in the outer zone",
    "edge": "along the edge",
    "full": "across the entire wafer",
}

SHAPE_NOUNS = {
    "ring": "a ring",
    "arc": "an arc",
    "linear": "a linear streak",
    "blob": "a compact blob",
    "scattered": "scattered points",
    "full": "full coverage",
}

WIDE_ARC = 1.25
"""Hours from which a location is told as a range instead of one position."""


def join(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def hour_of(hour: float) -> int:
    """Nearest full hour, 1..12: each hour's bin is centred on it."""
    return round(hour) % 12 or 12


def direction_of(hour: float) -> str:
    """One of `DIRECTIONS`, whose bins are centred on multiples of 1.5 hours."""
    return DIRECTIONS[round(hour / 1.5) % 8]


def opposite(direction: str) -> str:
    """The direction across the wafer."""
    return DIRECTIONS[(DIRECTIONS.index(direction) + 4) % 8]


def clock(arc: Arc) -> str:
    """`4 o'clock`, or `2 to 5 o'clock` for wide arcs (clockwise)."""
    start, end = hour_of(arc.start), hour_of(arc.end)
    if arc.span < WIDE_ARC or start == end:
        return f"{hour_of(arc.middle)} o'clock"
    return f"{start} to {end} o'clock"


def type_names(labels: tuple[str, ...]) -> str:
    """`Center`, `Center and Edge-Ring` ..., `none` for a normal wafer."""
    return "None" if labels == (NORMAL,) else join(list(labels))


def zone_words(patterns: tuple[Pattern, ...]) -> list[str]:
    """Zones of all patterns, from the inside out, each once."""
    found = {zone for pattern in patterns for zone in pattern.zones}
    return [zone for zone in ZONE_PLACES if zone in found]


def place_of(pattern: Pattern) -> str:
    """A pattern's place in words; empty when unknown."""
    words = [ZONE_PLACES[zone] for zone in pattern.zones]
    if pattern.arc is not None:
        words.append(f"at {clock(pattern.arc)}")
    elif pattern.all_around and pattern.zones in (("edge",), ("mid-radius",)):
        words.append("all around")
    return join(words) if words else ""
