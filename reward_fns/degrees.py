"""Directions in degrees, clockwise from the top."""

from __future__ import annotations

from .angles import Arc, hour_of
from .clock import NUMBERS, between, word_before
from .dial import PLAIN, Dial
from .radii import TENS
from .words import word_set

_BEFORE = word_set(
    """
    bearing bearings azimuth at near towards toward the around from direction follow about say angle azimuths
    approx is are , : = ( @ \u2013
    """
) | {"\n"}
DEGREE = frozenset(("\u00b0", "degrees", "degree", "deg"))
_WIDTH_FOLLOWS = word_set("long wide arc or of span in sector segment only")
_WIDTH_BEFORE = word_set("over spans spanning some only")


def read_degrees(words: list[str], start: int, dial: Dial = PLAIN) -> tuple[Arc, int] | None:
    """Read "at 45 degrees", "from 300 to 240", "bearing 225": the arc and the index after it."""
    first = angle_at(words, start)
    if first is None:
        return None
    value, index, marked = first
    if _is_negative(words, start):
        value = -value
    bare = not marked and dial.scale == "degrees"
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
    second = angle_at(words, join) if join > index else None
    if second is None and join > index and join < size and words[join] in ("+", "-", "\u2013"):
        join += 1
        second = angle_at(words, join)
    if second is not None and (marked or second[2] or (bare and max(value, second[0]) > 12)):
        other, end, _ = second
        if _is_negative(words, join):
            other = -other
        if {int(value), int(other)} == {0, 360}:
            return Arc(12.0, 12.0), end
        # A span stated downwards ("300 to 240") runs the short way; upwards it runs clockwise.
        sense = None if other < value else dial.sense > 0
        a, b = dial.hour(value), dial.hour(other)
        return between(b, a, True) if sense is False else between(hour_of(a), hour_of(b), sense), end
    if bare and abs(value) > 12 and (index >= size or words[index] in _BARE_ENDS):
        return Arc(hour_of(dial.hour(value)), 0.0), index
    if not marked:
        bearing = start and words[start - 1] in ("bearing", "azimuth", "theta", "heading")
        return (Arc(hour_of(dial.hour(value)), 0.0), index) if bearing else None
    if value == 360:
        return Arc(12.0, 12.0), index
    unit = words[index] if index < size else ""
    before = word_before(words, start)
    if before == "of" and start > 1 and words[start - 2] in ("azimuth", "angle", "bearing"):
        return Arc(hour_of(dial.hour(value)), 0.0), index
    if unit == "clockwise" or (dial.scale == "degrees" and (unit in _BARE_ENDS or not unit)):
        return Arc(hour_of(dial.hour(value)), 0.0), index
    if unit in _WIDTH_FOLLOWS or before in _WIDTH_BEFORE:
        return None
    if unit in ("bearing", "bearings", "azimuth", "direction", "mark", "position", "clockwise"):
        return Arc(hour_of(dial.hour(value)), 0.0), index
    if before in _BEFORE:
        return Arc(hour_of(dial.hour(value)), 0.0), index
    return None


_BARE_ENDS = word_set(
    ". , ; : ) ! ? and or if when so \u2013 clockwise counted i sailors with zero as which hence"
) | {"\n"}


def _is_negative(words: list[str], at: int) -> bool:
    """Tell whether a figure has a minus sign, and not a dash: "-60\u00b0"."""
    if not at or words[at - 1] not in ("-", "minus"):
        return False
    return at < 2 or words[at - 1] == "minus" or not (words[at - 2][0].isdigit() or words[at - 2] == "\u00b0")


def angle_at(words: list[str], index: int) -> tuple[float, int, bool] | None:
    """Read a figure as an angle: its value, the index after it, and whether it has the unit."""
    if index >= len(words):
        return None
    word = words[index]
    if word in TENS or word == "hundred":
        return _spoken(words, index)
    if not (word.isascii() and word.replace(".", "", 1).isdigit()) or len(word) > 5:
        return None
    value = float(word)
    if value > 360:
        return None
    index += 1
    if index < len(words) and words[index] in DEGREE:
        return value, index + 1, True
    return value, index, False


def _spoken(words: list[str], index: int) -> tuple[float, int, bool] | None:
    """Read "one hundred thirty five deg", "forty five degrees"; only with the unit it is an angle."""
    value = 0.0
    if words[index] == "hundred":
        before = words[index - 1] if index else ""
        value, index = 100.0 * (NUMBERS.get(before) or 1), index + 1
        index += words[index : index + 1] == ["and"]
    if words[index : index + 1] and words[index] in TENS:
        value, index = value + TENS[words[index]], index + 1
    if words[index : index + 1] and NUMBERS.get(words[index], 10) < 10:
        value, index = value + NUMBERS[words[index]], index + 1
    if words[index : index + 1] and words[index] in DEGREE and value <= 360:
        return value, index + 1, True
    return None
