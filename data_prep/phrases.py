"""Facts as words: the canonical terms of the rubric vocabulary, and sentences that hold them."""

from __future__ import annotations

from .facts import Arc, Pattern

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
    "blob": "a blob",
    "scattered": "scattered points",
    "full": "dense full coverage",
}

DENSITY_NOUNS = {
    "ring": "ring",
    "arc": "arc",
    "linear": "linear streak",
    "blob": "blob",
}

WIDE_ARC = 1.25
"""Hours from which a location is told as a range instead of one position."""
LONG_ARC = 5.4
"""Hours up to which it is."""


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
    """`4 o'clock`, or `2 to 5 o'clock` for wide arcs (clockwise).

    Arcs of nearly half the clock and more are told by their middle: people read `8 to 4` either way round.
    """
    start, end = hour_of(arc.start), hour_of(arc.end)
    if arc.span < WIDE_ARC or arc.span > LONG_ARC or start == end:
        return f"{hour_of(arc.middle)} o'clock"
    return f"{start} to {end} o'clock"


def zone_words(patterns: tuple[Pattern, ...]) -> list[str]:
    """Zones of all patterns, from the inside out, each once."""
    found = {zone for pattern in patterns for zone in pattern.zones}
    return [zone for zone in ZONE_PLACES if zone in found]


def name_of(pattern: Pattern) -> str:
    """How sentences call a pattern; the bare word center would read as a place."""
    return "Center cluster" if pattern.type == "Center" else pattern.type


def place_of(pattern: Pattern, *, clocks: bool = True) -> str:
    """A pattern's place in words, e.g. `along the edge at 2 to 5 o'clock`; empty when unknown.

    Args:
        pattern: The pattern.
        clocks: Whether to tell the clock position, where there is one.
    """
    words = [join([ZONE_PLACES[zone] for zone in pattern.zones])] if pattern.zones else []
    if pattern.arc is not None and clocks:
        words.append(f"at {clock(pattern.arc)}")
    elif pattern.all_around and pattern.shape == "ring":
        words.append("all around")
    return " ".join(words)


def look_of(pattern: Pattern, *, density: bool = False) -> str:
    """A pattern's shape in words, e.g. `a dense ring`."""
    noun = SHAPE_NOUNS[pattern.shape or "blob"]
    if not density or pattern.density is None or pattern.shape in ("full", "scattered"):
        return noun
    return f"a {pattern.density} {DENSITY_NOUNS[pattern.shape or 'blob']}"
