"""Read directions told by way of others: "midway between 7 and 8", "an hour before noon", "opposite the notch"."""

from __future__ import annotations

import math

from .angles import Arc, hour_of
from .clock import UNITS, between, hour_at
from .compass import COMPASS, POINTS, read_compass
from .degrees import angle_at
from .dial import Dial
from .words import word_set

Found = tuple[Arc, int]
Point = tuple[float, int]

_LEAD = word_set("the its very due straight exactly about around roughly some approximately dead just ~ of a")
_SIDES = {
    "top": 12.0, "up": 12.0, "peak": 12.0, "summit": 12.0, "zenith": 12.0, "bottom": 6.0, "down": 6.0,
    "left": 9.0, "right": 3.0, "upward": 12.0, "downward": 6.0,
}  # fmt: skip
_EXTREMES = {"highest": 12.0, "topmost": 12.0, "uppermost": 12.0, "lowest": 6.0, "bottommost": 6.0,
             "leftmost": 9.0, "rightmost": 3.0}  # fmt: skip
_SPOTS = word_set(
    "point spot position end place row rows die dies part rim edge border margin flap region area"
)
_PARTS = {
    "half": 0.5, "quarter": 0.25, "third": 1 / 3, "fourth": 0.25, "sixth": 1 / 6, "eighth": 0.125, "twelfth": 1 / 12,
    "quarters": 0.25, "thirds": 1 / 3, "eighths": 0.125, "sixths": 1 / 6, "twelfths": 1 / 12,
}  # fmt: skip
_TURNS = word_set("turn turns circle revolution rotation dial round")
_LOOSE = word_set("away further farther on or so off more about roughly counted measured going that is just")
_AGAINST = word_set("counterclockwise anticlockwise anti counter")
_AFTER = word_set("past after beyond behind")
_BEFORE = word_set("before ahead")
_MIDWAY = word_set("midway halfway half mid middle way")
_TO = word_set("to and until till through - \u2013 or")
_VIA = word_set("via over through past across")
_UP_TO = word_set("to until till - \u2013")
_STEPS = word_set("down up on round around clockwise going")
STARTS = frozenset(
    (*_PARTS, *_EXTREMES, "hour", "midway", "halfway", "mid", "opposite", "across", "diametrically", "other",
     "same", "away", "far", "without", "zero", "right", "highest", "lowest", "peak", "notch", "just", "slightly",
     "\u03c0", "pi", "one", "two", "three", "four", "five", "clockwise", "straight", "bit", "little", "somewhat",
     "above", "below", "under", "beneath", "underneath")
)  # fmt: skip
"""Words a direction told by way of others may begin with, beside figures and points."""


def _word(words: list[str], i: int) -> str:
    return words[i] if i < len(words) else ""


def read_point(words: list[str], i: int, dial: Dial) -> Point | None:
    """Read one direction as an hour: "the notch", "due east", "seven", "135\u00b0", "the highest point"."""
    for _ in range(3):
        if _word(words, i) not in _LEAD:
            break
        i += 1
    word = _word(words, i)
    if not word:
        return None
    if word == "notch":
        return dial.notch, i + 1
    if word in _EXTREMES and _word(words, i + 1) in _SPOTS:
        return _EXTREMES[word], i + 2
    if word in COMPASS or word in POINTS:
        parts = read_compass(words, i, anywhere=True)
        if parts is not None:
            return parts[0].middle, parts[1] + (_word(words, parts[1]) == "pole")
    if word in _SIDES:
        end = i + 1 + (_word(words, i + 1) == "most")
        return _SIDES[word], end + (_word(words, end) in _SPOTS)
    angle = angle_at(words, i)
    if angle is not None and (angle[2] or (dial.scale == "degrees" and word[0].isdigit() and angle[0] > 12)):
        return hour_of(dial.hour(angle[0])), angle[1]
    hour = hour_at(words, i)
    if hour is None or (not hour[2] and _word(words, hour[1]) in UNITS - {"on", "in", "at", "of", "or"}):
        return None
    end = hour[1] + (_word(words, hour[1]) in ("position", "mark", "point"))
    return hour[0], end


def _amount(words: list[str], i: int, dial: Dial) -> tuple[float, int] | None:
    """Read an angle as hours: "two hours", "an hour and a half", "30\u00b0", "a quarter turn", "a right angle"."""
    word = _word(words, i)
    if word == "hour" and _word(words, i - 1) in ("a", "an", "one", "single") and i:
        half = words[i + 1 : i + 4] in (["and", "a", "half"],)
        return (1.5, i + 4) if half else (1.0, i + 1)
    if word == "right" and _word(words, i + 1) == "angle":
        return 3.0, i + 2
    if word == "half" and words[i + 1 : i + 3] in (["an", "hour"], ["a", "right"]):
        right = words[i + 2] == "right"
        return (1.5, i + 4) if right else (0.5, i + 3)
    count, at = 1.0, i
    number = hour_at(words, i)
    if number is not None and not number[2]:
        count, at = number[0], number[1]
        if words[at : at + 3] == ["and", "a", "half"]:
            count, at = count + 0.5, at + 3
        if _word(words, at) in ("hour", "hours"):
            return count, at + 1
        if _word(words, at) not in _PARTS:
            at = i
    if _word(words, at) in _PARTS:
        share = count * _PARTS[words[at]]
        at += 1
        for filler in (("of",), ("a", "the"), ("full", "whole", "complete")):
            at += _word(words, at) in filler
        return (12.0 * share, at + 1) if _word(words, at) in _TURNS else None
    angle = angle_at(words, i)
    if angle is not None and (angle[2] or (dial.scale == "degrees" and angle[0] > 12)):
        return angle[0] / 30.0, angle[1]
    return None


def _sideways(hour: float, right: bool) -> int:
    """Return the sense in which one goes to the right from an hour: clockwise at the top, not at the bottom."""
    return 1 if (math.cos(math.radians(hour * 30.0)) >= 0.0) == right else -1


def _relation(words: list[str], i: int) -> tuple[str, int]:
    """Read how a distance is taken from a point: `+`, `-`, `left`, `right`, `?` or ""."""
    for _ in range(3):
        if _word(words, i) not in _LOOSE:
            break
        i += 1
    word = _word(words, i)
    if word in _AGAINST or word == "clockwise":
        i += 1 + (word in ("counter", "anti") and _word(words, i + 1) == "clockwise")
        sign = "+" if word == "clockwise" else "-"
        return (sign, i + 1) if _word(words, i) in ("from", "of", "past", "after") else ("", i)
    if word in _AFTER:
        return "+", i + 1
    if word in _BEFORE:
        return "-", i + 1 + (_word(words, i + 1) == "of")
    if word == "short" and _word(words, i + 1) == "of":
        return "-", i + 2
    at = i
    while _word(words, at) in ("to", "on", "the", "its"):
        at += 1
    if _word(words, at) in ("left", "right") and _word(words, at + 1) in ("of", "from"):
        return words[at], at + 2
    return ("?", i + 1) if word in ("from", "off") else ("", i)


def _trailing(words: list[str], i: int) -> str:
    """Read the sense after the point: "30\u00b0 from the notch on its right"."""
    for at in range(i, min(len(words), i + 6)):
        word = words[at]
        if word in ("left", "right"):
            return word
        if word in _AGAINST:
            return "-"
        if word == "clockwise":
            return "+"
        if word not in ("on", "to", "the", "its", "in", ",", "going", "turning", "counting"):
            break
    return ""


def _offset(words: list[str], i: int, dial: Dial) -> Point | None:
    """Read "an hour before noon", "30\u00b0 to the left of the notch", "a quarter turn clockwise from twelve"."""
    amount = _amount(words, i, dial)
    if amount is None:
        return None
    relation, at = _relation(words, amount[1])
    if not relation:
        return None
    if dial.relative and _word(words, at) in ("it", "that", "there"):
        point: Point | None = (dial.notch, at + 1)
    else:
        point = read_point(words, at, dial)
    if point is None:
        return None
    if relation == "?":
        upright = point[0] == 12.0 or abs(amount[0] - 6.0) < 0.01
        relation = _trailing(words, point[1]) or ("+" if upright else "")
        if not relation:
            return None
    sense = 1 if relation == "+" else -1 if relation == "-" else _sideways(point[0], relation == "right")
    return hour_of(point[0] + sense * amount[0]), point[1]


def _midpoint(words: list[str], i: int, dial: Dial) -> Point | None:
    """Read "midway between the 7 and the 8", "two thirds of the way from east to up"."""
    at, share = i, 0.5
    number = hour_at(words, i)
    if number is not None and not number[2] and _word(words, number[1]) in _PARTS:
        share, at = number[0] * _PARTS[words[number[1]]], number[1] + 1
    elif _word(words, i) in _PARTS and words[i] != "half":
        share, at = _PARTS[words[i]], i + 1
    elif _word(words, i) in _MIDWAY:
        while _word(words, at) in _MIDWAY:
            at += 1
    else:
        return None
    if words[at : at + 3] == ["of", "the", "way"]:
        at += 3
    elif share != 0.5:
        return None
    if _word(words, at) not in ("between", "from"):
        return None
    first = read_point(words, at + 1, dial)
    if first is None:
        return None
    at = _aside(words, first[1])
    if _word(words, at) not in ("and", "to", "till", "until", "towards", "toward"):
        return None
    second = read_point(words, at + 1, dial)
    if second is None:
        return None
    gap = (second[0] - first[0] + 6.0) % 12.0 - 6.0
    return hour_of(first[0] + share * gap), _aside(words, second[1])


def _aside(words: list[str], i: int) -> int:
    """Skip a figure in brackets: "due east (90)"."""
    if _word(words, i) == "(":
        for at in range(i + 1, min(len(words), i + 5)):
            if words[at] == ")":
                return at + 1
    return i + (_word(words, i) in ("axis", "line", "point"))


def _opposite(words: list[str], i: int, dial: Dial) -> Found | None:
    """Read "opposite the notch", "the far end", "away from the notch", "the half without the notch"."""
    word, at = words[i], i + 1
    if word in ("other", "far", "same"):
        if not dial.relative or _word(words, at) not in ("end", "side", "rim", "edge", "extreme", "half"):
            return None
        turn = 0.0 if word == "same" else 6.0
        return _broad(dial.notch + turn), at + 1
    if word == "across":
        if _word(words, at) != "from":
            return None
    elif word == "diametrically" and _word(words, at) in ("opposite", "opposed", "away", "across"):
        at += 1
        word = words[i + 1]
    while _word(words, at) in ("from", "to", "of", "side", "end"):
        at += 1
    if _word(words, at) == "the" or _word(words, at) == "its":
        at += 1
    following = _word(words, at)
    if following in ("orientation",):
        at += 1
        following = _word(words, at)
    if following in ("notch", "mark") and (following == "notch" or words[at - 1] == "orientation"):
        return _broad(dial.notch + 6.0), at + 1
    if word in ("away", "without", "far") or following == "each":
        return None
    if dial.relative and (following in ("it", "that", "") or not following[0].isalnum()):
        return _broad(dial.notch + 6.0), at + (following in ("it", "that"))
    point = read_point(words, at, dial) if word in ("opposite", "across", "opposed") else None
    return None if point is None else (_broad(point[0] + 6.0), point[1])


def _broad(hour: float) -> Arc:
    return Arc(hour_of(hour - 1.5), 3.0, True)


def _beside(words: list[str], i: int, dial: Dial) -> Found | None:
    """Read "just left of the notch", "a bit below due west": next to a point, on one side of it."""
    at = i + 1
    while _word(words, at) in ("to", "the", "way"):
        at += 1
    side = _word(words, at)
    if side in ("left", "right") and _word(words, at + 1) == "of":
        point = read_point(words, at + 2, dial)
        if point is None or abs(point[0] % 6.0) > 0.01:
            return None
        sense = _sideways(point[0], side == "right")
    elif side in ("above", "below", "under", "over"):
        point = read_point(words, at + 1, dial)
        if point is None or abs(point[0] % 6.0 - 3.0) > 0.01:
            return None
        upward = side in ("above", "over")
        sense = 1 if upward == (point[0] > 6.0) else -1
    else:
        return None
    return Arc(hour_of(point[0] + sense - 1.0), 2.0, True), point[1]


_HALVING = word_set(
    "equator midline centerline centreline axis line diameter meridian horizontal middle center midpoint"
)


def _over_line(words: list[str], i: int) -> Found | None:
    """Read "below the horizontal midline", "above the wafer's equator": one half of the wafer."""
    at = i + 1
    for word in words[at : at + 6]:
        if word not in ("the", "of", "wafer", "wafer's", "nine", "three", "to", "center", "horizontal", "own", "disc"):
            break
        at += 1
    end = at + (_word(words, at) in _HALVING)
    said = words[i + 1 : end]
    if not said or said[-1] not in _HALVING or _word(words, end) in ("cluster", "blob", "spot", "patch", "core"):
        return None
    hour = 12.0 if words[i] in ("above", "over") else 6.0
    return Arc(hour_of(hour - 2.5), 5.0, True), end


def _course(words: list[str], i: int, first: Point, dial: Dial, sides: bool) -> Found | None:
    """Read on from a point: "north by way of east to ESE", "300 over 360 to 30"."""
    at, via, sense = first[1], None, None
    steps = 0
    while at < len(words) and steps < 5:
        steps += 1
        word = words[at]
        if word == "clockwise" or word in _AGAINST:
            sense = word == "clockwise"
            at += 1 + (word in ("counter", "anti") and _word(words, at + 1) == "clockwise")
        elif word in ("by", "in") and words[at : at + 3] == ["by", "way", "of"]:
            passed = read_point(words, at + 3, dial)
            if passed is None:
                return None
            via, at = passed[0], passed[1]
        elif word in _VIA:
            passed = read_point(words, at + 1, dial)
            if passed is None:
                return None
            via, at = passed[0], passed[1]
        elif word in _UP_TO or (word == "and" and _word(words, i - 1) == "between"):
            last = (
                _offset(words, at + 1, dial)
                or read_point(words, at + 1, dial)
                or _as_far_beyond(words, i, at + 1, dial)
            )
            if last is None or (sides and via is None):
                return None
            end = last[1]
            if via is None and (passed := _passing(words, end, dial)) is not None:
                via, end = passed
            return _from_to(first[0], last[0], via, sense), end
        elif word in _STEPS:
            at += 1
        else:
            return None
    return None


def _passing(words: list[str], i: int, dial: Dial) -> Point | None:
    """Read what a course passes when it is told last: "notch to top, going past nine"."""
    while _word(words, i) in (",", "going", "passing", "running"):
        i += 1
    if words[i : i + 3] == ["by", "way", "of"]:
        i += 2
    elif _word(words, i) not in _VIA and _word(words, i - 1) != "passing":
        return None
    return read_point(words, i + (_word(words, i - 1) != "passing"), dial)


_QUARTERS = {
    **dict.fromkeys(("n", "north", "top", "up", "upper", "12", "twelve", "noon"), 12),
    **dict.fromkeys(("e", "east", "right", "3", "three"), 3),
    **dict.fromkeys(("s", "south", "bottom", "down", "lower", "6", "six"), 6),
    **dict.fromkeys(("w", "west", "left", "9", "nine"), 9),
}


def _all_round(words: list[str], i: int) -> int | None:
    """Return the index after a list of all four quarters: "N, E, S and W", "left, right, top, bottom"."""
    seen, at, end = set(), i, i
    while at < len(words) and at < i + 9:
        word = words[at]
        if word in _QUARTERS:
            seen.add(_QUARTERS[word])
            end = at + 1
        elif word not in (",", "and", "/", "&", "or", "as", "well"):
            break
        at += 1
    return end if len(seen) == 4 else None


def _as_far_beyond(words: list[str], i: int, at: int, dial: Dial) -> Point | None:
    """Read the end of "from an hour before noon until an hour after"."""
    amount = _amount(words, at + (_word(words, at) in ("an", "a")), dial)
    begun = _amount(words, i, dial)
    if amount is None or begun is None:
        return None
    relation, anchor = _relation(words, begun[1])
    point = read_point(words, anchor, dial)
    if point is None or relation not in ("+", "-") or _word(words, amount[1]) not in _AFTER | _BEFORE:
        return None
    sense = 1 if words[amount[1]] in _AFTER else -1
    return hour_of(point[0] + sense * amount[0]), amount[1] + 1


def _from_to(a: float, b: float, via: float | None, sense: bool | None) -> Arc:
    if sense is None and via is not None:
        sense = (via - a) % 12.0 <= (b - a) % 12.0
    if sense is False:
        return Arc(hour_of(b), (a - b) % 12.0)
    return between(a, b, sense)


def _notch_is(words: list[str], i: int, dial: Dial) -> int | None:
    """Return the index after a statement of where the notch is, which places no defect."""
    at = i + 1
    opens = i == 0 or not words[i - 1].isalnum() or (words[i - 1] in ("the", "its") and i < 2)
    if _word(words, at) not in ("is", "points", "lies", "sits", "being", "=", ":") and not (
        opens and _word(words, at) in ("at", "down", "up", "left", "right")
    ):
        return None
    while _word(words, at) in ("is", "points", "lies", "sits", "being", "=", ":", "to", "at", "on", "in", "the"):
        at += 1
    point = read_point(words, at, dial)
    if point is None or _word(words, point[1]) in ("and",):
        return None
    return point[1]


def notch_of(words: list[str], dial: Dial) -> float | None:
    """Return the hour at which a question says that the notch is."""
    for i, word in enumerate(words):
        if word == "notch" and (end := _notch_is(words, i, dial)) is not None:
            for at in range(end - 1, i, -1):
                point = read_point(words, at, dial)
                if point is not None:
                    return point[0]
    return None


def _zero_is(words: list[str], i: int) -> int | None:
    """Return the index after a convention: "zero at the top", "0\u00b0 = up", "up is zero"."""
    at = i + 1 + (_word(words, i + 1) in ("\u00b0", "degrees", "degree"))
    if _word(words, at) not in ("is", "being", "=", "at", ":", "means", "up"):
        return None
    at += words[at] != "up"
    while _word(words, at) in ("at", "the", "is"):
        at += 1
    word = _word(words, at)
    return at + 1 if word in _SIDES or word in COMPASS or word in ("twelve", "noon", "12") else None


def read_bearing(words: list[str], i: int, dial: Dial) -> tuple[Arc | None, int] | None:
    """Read a direction told by way of others.

    Returns:
        The arc, None for a landmark that places no defect, and the index after it; None when there is none.
    """
    word = words[i]
    if word in ("zero", "0") and (end := _zero_is(words, i)) is not None:
        return None, end
    if word in _QUARTERS and _word(words, i + 1) in (",", "and", "/") and (end := _all_round(words, i)):
        return Arc(12.0, 12.0), end
    if word in ("left", "right") and _word(words, i + 1) == "of":
        return _beside(words, i - 1, dial)
    if word in ("up", "top", "north") and words[i + 1 : i + 3] in (["is", "zero"], ["is", "0"], ["=", "0"]):
        return None, i + 3
    if word == "notch":
        end = _notch_is(words, i, dial)
        if end is not None:
            return None, end
        if _word(words, i - 1) == "the" and i > 1 and words[i - 2] == "without":
            return _broad(dial.notch + 6.0), i + 1
        return _course(words, i, (dial.notch, i + 1), dial, sides=False)
    if word in ("opposite", "across", "diametrically", "other", "same", "far", "away", "without"):
        return _opposite(words, i, dial)
    if word in ("above", "below", "under", "beneath", "underneath", "over"):
        return _over_line(words, i)
    if word in ("just", "slightly", "bit", "little", "somewhat"):
        return _beside(words, i, dial)
    point = _midpoint(words, i, dial) or _offset(words, i, dial)
    if point is not None:
        return _course(words, i, point, dial, sides=False) or (Arc(point[0], 0.0), point[1])
    if dial.distance and (told := _amount(words, i, dial)) is not None and told[0] < 12.0:
        # "How far is it from the notch?"
        return Arc(hour_of(dial.notch + dial.distance * told[0]), 0.0), told[1]
    if word in _PARTS or word in ("hour", "right", "one", "half"):
        return None
    start = read_point(words, i, dial)
    if start is None:
        return None
    sided = word in _SIDES and word not in ("peak", "summit", "zenith")
    course = _course(words, i, start, dial, sides=sided)
    if course is not None and (word not in COMPASS or _word(words, i - 1) in ("from", "between", "\n", "")):
        return course
    if word in _EXTREMES:
        return _broad(start[0]), start[1]
    return None
