"""Read directions: clock positions, compass points, degrees, sides and quadrants are arcs of one dial."""

from __future__ import annotations

from itertools import pairwise

from .angles import Arc, hour_of
from .clock import HOUR_WORDS, read_clock, word_before
from .compass import COMPASS, POINTS, read_compass
from .degrees import read_degrees
from .dial import PLAIN, Dial
from .words import word_set

COMPOUNDS = {
    a + joint + b: (1 if a in ("top", "upper", "up") else -1, 1 if b == "right" else -1)
    for a in ("top", "upper", "up", "bottom", "lower", "down")
    for b in ("left", "right")
    for joint in ("",)
    if (a, b) != ("up", "right")
}
COMPOUNDS |= {"ul": (1, -1), "ur": (1, 1), "ll": (-1, -1), "lr": (-1, 1)}
COMPOUNDS |= {"tl": (1, -1), "tr": (1, 1), "bl": (-1, -1), "br": (-1, 1)}
"""Two sides written as one word: "topleft", "UL"."""
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
QUARTERS = {"q1": 1, "q2": 2, "q3": 3, "q4": 4}
_NUMERALS = {
    "1": 1,
    "2": 2,
    "3": 3,
    "4": 4,
    "i": 1,
    "ii": 2,
    "iii": 3,
    "iv": 4,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
}
_QUADRANTS = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1)}
"""Quadrants as mathematics counts them, from the upper right against the clock."""
VERTICAL = {
    "above": 1,
    "below": -1,
    "up": 1,
    "down": -1,
    "high": 1,
    "low": -1,
    "upward": 1,
    "upwards": 1,
    "downward": -1,
    "downwards": -1,
}
"""Words that are a direction only beside left or right, or before a side."""
_UP = word_set(
    """
    crown top upper uppermost topmost above overhead topside uppper
    """
)
_DOWN = word_set(
    """
    foot chin bottom lower lowermost bottommost below underside bottomside
    """
)
_LEFT = word_set(
    """
    left leftmost lefthand leftward leftwards leftside port
    """
)
_RIGHT = word_set(
    """
    right rightmost righthand rightward rightwards rightside starboard
    """
)
_NOT_LEFT = word_set("out alone by over to a an open before until for")
_RANGES = (["to"], ["until"], ["till"], ["\u2013"], ["-"])
_INTO = frozenset(("to", "into", "until", "till"))
_SIDED = word_set("the on to at upper lower far top bottom and or its")
_ORIGIN = word_set(
    """
    clockwise measured counted counting \u00b0 degrees degree deg
    """
)


def read_arcs(words: list[str], start: int, dial: Dial = PLAIN) -> tuple[Arc, int] | None:
    """Read a direction that begins at a token.

    Returns:
        The arc and the index after its last token, or None when no direction begins here.
    """
    word = words[start]
    digit = "0" <= word[0] <= "9"
    if digit or word in HOUR_WORDS:
        if _is_origin(words, start):
            return None
        return (read_degrees(words, start, dial) if digit else None) or read_clock(words, start, dial)
    if word in COMPOUNDS:
        return _direction(*COMPOUNDS[word]), start + 1
    if word in QUARTERS and "quarter" not in words[start + 1 : start + 3]:
        return _direction(*_QUADRANTS[QUARTERS[word]]), start + 1
    if word in ("quadrant", "quadrants", "q") or (
        word in ORDINALS and (dial.quadrants or words[start + 1 : start + 2] == ["quadrant"])
    ):
        return _quadrant(words, start)
    if word in ("l", "r"):
        return _initial(words, start)
    if word in ("up", "down") and _is_origin(words, start):
        return None
    if word in VERTICAL:
        return _vertical(words, start)
    if _is_origin(words, start):
        return None
    if word in _UP or word in _DOWN or word in _LEFT or word in _RIGHT:
        return _side(words, start)
    if word in COMPASS or (word in POINTS and len(word) > 1) or word in ("n", "s", "w", "e"):
        return read_compass(words, start)
    if (
        word == "flat"
        and words[max(0, start - 2) : start][-1:] == ["the"]
        and word_before(words, start) in _NEAR
    ):
        return Arc(3.5, 5.0, True), start + 1
    if word in ("above", "below"):
        return _vertical(words, start)
    if word == "notch" and word_before(words, start) == "opposite":
        return Arc(hour_of(dial.notch + 3.5), 5.0, True), start + 1
    if word == "notch":
        return (
            (Arc(hour_of(dial.notch - 1.5), 3.0, True), start + 1)
            if word_before(words, start) not in ("from",)
            else None
        )
    return None


def _is_origin(words: list[str], start: int) -> bool:
    """Tell whether a direction is the origin of the angles: "measured clockwise from the top"."""
    return (
        start > 1
        and "from" in words[start - 2 : start]
        and words[start + 1 : start + 2] not in _RANGES
        and not _ORIGIN.isdisjoint(words[max(0, start - 4) : start])
    )


_NEAR = word_set("near at by towards toward around close")


_NEARBY = 60


def _initial(words: list[str], start: int) -> tuple[Arc, int] | None:
    """Read "L: straight. R: curved." as left and right."""
    if words[start + 1 : start + 2] != [":"] or (start and words[start - 1].isalnum()):
        return None
    near = words[max(0, start - _NEARBY) : start + _NEARBY]
    if not any(a == "l" and b == ":" for a, b in pairwise(near)):
        return None
    return _direction(0, -1 if words[start] == "l" else 1), start + 1


def _quadrant(words: list[str], start: int) -> tuple[Arc, int] | None:
    """Read "third quadrant", "quadrant 3", "Q III"."""
    number = ORDINALS.get(words[start])
    if number is not None:
        named = words[start + 1 : start + 2] == ["quadrant"]
        return _direction(*_QUADRANTS[number]), start + 1 + named
    if start + 1 < len(words):
        number = _NUMERALS.get(words[start + 1])
    return None if number is None else (_direction(*_QUADRANTS[number]), start + 2)


_JOINTS = word_set(
    "and to the - across over toward towards slightly somewhat a bit little smaller also on hand"
)
_HIGH_JOINTS = word_set("and to the - on hand")
_PLACED = word_set(
    ". , ; : ( is are lies lie sits sit it's they're stays side end there low high all only"
) | {"\n"}
_PLACE_ENDS = word_set(". , ; : ) ! ? at by near there in and also ok") | {"", "\n", "\u2013"}
_THEN = word_set("is are it has have : there")


def _vertical(words: list[str], start: int) -> tuple[Arc, int] | None:
    """Read "up and to the left", "down right", "high on the left", "down side"."""
    word = words[start]
    index = start + 1
    joints = _HIGH_JOINTS if word in ("high", "low") else _JOINTS
    while index < min(start + 7, len(words)) and words[index] in joints:
        index += 1
    side = words[index] if index < len(words) else ""
    if word in ("above", "below") and words[start + 1 : start + 2] != ["and"]:
        return None
    if side in ("left", "right"):
        return _direction(VERTICAL[word], 1 if side == "right" else -1), index + 1
    before = words[start - 1] if start else "\n"
    if word in ("up", "down") and side in _THEN and index == start + 1 and not before.isalpha():
        # "Down it has four rows"
        return _direction(VERTICAL[word], 0), start + 1
    following = words[start + 1] if start + 1 < len(words) else ""
    # "The dies are down" is no place.
    placed = before in _PLACED and following in _PLACE_ENDS and (before, word) != ("are", "down")
    if word in ("up", "down") and placed:
        # "The notch is down", "up at the border"
        return _direction(VERTICAL[word], 0), start + 1
    if (
        word in ("up", "down")
        and side in ("side", "part", "half", "area", "zone", "border", "edge", "rim")
        and index == start + 1
    ):
        return _direction(VERTICAL[word], 0), start + 1
    return None


def _side(words: list[str], start: int) -> tuple[Arc, int] | None:
    index, up, right, seen = start, 0, 0, 0
    while index < len(words) and seen < 3:
        word = words[index]
        if word in _UP:
            up = 1
        elif word in _DOWN:
            up = -1
        elif word in _LEFT:
            right = -1
        elif word in _RIGHT:
            right = 1
        elif word in ("up", "down", "low", "high") and right and not up and index > start:
            up = VERTICAL[word]
        elif word not in ("-", "most", "hand"):
            break
        index += 1
        seen += 1
    if right and not up and words[index : index + 2] in (["and", "up"], ["and", "down"]):
        up = VERTICAL[words[index + 1]]
        index += 2
    while index > start + 1 and words[index - 1] in ("-", "hand"):
        index -= 1
    following = words[index] if index < len(words) else ""
    if (
        start == index - 1
        and words[start] == "right"
        and following
        in (
            "in",
            "at",
            "answer",
            "away",
            "on",
            "label",
            "away",
            "next",
            "way",
            "by",
            "now",
            "there",
            "here",
            "up",
            "down",
            "to",
            "from",
            "?",
        )
    ):
        return None
    if words[start] in ("above", "below") or (words[start] in _GATED and not _is_side(words, start)):
        return None
    if right and not up and following == "shoulder":
        return _direction(1, right), index + 1
    index = _past_axis(words, index)
    if (
        words[start] == "left"
        and start == index - 1
        and word_before(words, start)
        in (
            "are",
            "is",
            "what's",
            "were",
            "die",
            "dies",
            "remains",
            "step",
            "which",
            "been",
            "gap",
            "nothing",
            "yield",
            "has",
            "have",
            "be",
            "patch",
            "was",
        )
    ):
        return None
    if words[start] == "right" and words[start + 1 : start + 2] in (["down"], ["up"]) and following in _INTO:
        # "right down to the midpoint"
        return None
    if (
        words[start] == "left"
        and start == index - 1
        and following in ("in", "behind", "the", "its", "no", "only", "some", "traces", "marks")
        and start
        and words[start - 1].isalpha()
        and words[start - 1] not in _SIDED
    ):
        # "a doughnut left in the rain"
        return None
    if words[start] == "left" and following in _NOT_LEFT:
        return None
    return _direction(up, right), index


_GATED = word_set("port crown foot chin")
_OF_WAFER = word_set("side rim edge border margin flank half quarter of part bow end")


def _is_side(words: list[str], start: int) -> bool:
    """Tell whether a word with another sense names a side here: "the port rim", "the foot of the wafer"."""
    following = words[start + 1] if start + 1 < len(words) else ""
    if words[start] == "port":
        return following in _OF_WAFER or word_before(words, start) == "to"
    return following == "of" or words[max(0, start - 2) : start] in (["at", "the"], ["on", "the"])


_AXES = word_set("axis line midline meridian equator centerline centreline diameter")
_OF_AXIS = word_set("of the that its vertical horizontal center six twelve to from nine three wafer's own")


def _past_axis(words: list[str], index: int) -> int:
    """Skip the axis a side is told by: "left of the vertical axis"."""
    if words[index : index + 1] not in (["of"], ["from"]):
        return index
    at = index
    while at < min(len(words), index + 8) and words[at] in _OF_AXIS:
        at += 1
    return at + 1 if at < len(words) and words[at] in _AXES else index


def _direction(up: int, right: int) -> Arc:
    return _SIDES[up, right]


_SIDES = {
    sides: Arc(hour_of(middle - width / 2), width, True)
    for sides, middle, width in (
        ((1, 0), 12.0, 5.0),
        ((1, 1), 1.5, 3.0),
        ((0, 1), 3.0, 5.0),
        ((-1, 1), 4.5, 3.0),
        ((-1, 0), 6.0, 5.0),
        ((-1, -1), 7.5, 3.0),
        ((0, -1), 9.0, 5.0),
        ((1, -1), 10.5, 3.0),
    )
}
"""Sides and quadrants as arcs, by up or down and right or left."""
