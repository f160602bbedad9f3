"""Directions in degrees, clockwise from the top."""

from __future__ import annotations

from .angles import Arc, hour_of
from .clock import between, word_before
from .words import word_set

_BEFORE = word_set(
    """
    bearing bearings azimuth at near towards toward the around from direction follow about say angle azimuths
    approx is are , : = ( @ \u2013
    """
) | {"\n"}
_WIDTH_FOLLOWS = word_set("long wide arc or of span in sector segment only")
_WIDTH_BEFORE = word_set("over spans spanning some only")


def read_degrees(words: list[str], start: int) -> tuple[Arc, int] | None:
    """Read "at 45 degrees", "from 300 to 240", "bearing 225": the arc and the index after it."""
    first = _angle_at(words, start)
    if first is None:
        return None
    value, index, marked = first
    size = len(words)
    join = index
    while (
        join < size and words[join] in ("to", "and", "-", "\u2013", "through", "until") and join - index < 2
    ):
        join += 1
    while (
        join > index and join < size and words[join] in ("about", "around", "roughly", "~", "approximately")
    ):
        join += 1
    second = _angle_at(words, join) if join > index else None
    if second is not None and (marked or second[2]):
        other, end, _ = second
        if {int(value), int(other)} == {0, 360}:
            return Arc(12.0, 12.0), end
        # A span stated downwards ("300 to 240") runs the short way; upwards it runs clockwise.
        return between(hour_of(value / 30), hour_of(other / 30), None if other < value else True), end
    if not marked:
        bearing = start and words[start - 1] in ("bearing", "azimuth", "theta", "heading")
        return (Arc(hour_of(value / 30), 0.0), index) if bearing else None
    if value == 360:
        return Arc(12.0, 12.0), index
    unit = words[index] if index < size else ""
    before = word_before(words, start)
    if before == "of" and start > 1 and words[start - 2] in ("azimuth", "angle", "bearing"):
        return Arc(hour_of(value / 30), 0.0), index
    if unit in _WIDTH_FOLLOWS or before in _WIDTH_BEFORE:
        return None
    if unit in ("bearing", "bearings", "azimuth", "direction", "mark", "position", "clockwise"):
        return Arc(hour_of(value / 30), 0.0), index
    if before in _BEFORE:
        return Arc(hour_of(value / 30), 0.0), index
    return None


def _angle_at(words: list[str], index: int) -> tuple[float, int, bool] | None:
    if index >= len(words):
        return None
    word = words[index]
    if not (word.isascii() and word.replace(".", "", 1).isdigit()) or len(word) > 5:
        return None
    value = float(word)
    if value > 360:
        return None
    index += 1
    if index < len(words) and words[index] in ("\u00b0", "degrees", "degree", "deg"):
        return value, index + 1, True
    return value, index, False
