"""Read single directions as hours: "due east", "midway between 7 and 8", "an hour before noon"."""

from __future__ import annotations

import math

from .angles import hour_of
from .clock import UNITS, hour_at
from .compass import COMPASS, POINTS, read_compass
from .degrees import angle_at
from .dial import Dial
from .words import word_set

Point = tuple[float, int]

_LEAD = word_set("the its very due straight exactly about around roughly some approximately dead just ~ of a")
SIDES = {
    "top": 12.0, "up": 12.0, "peak": 12.0, "summit": 12.0, "zenith": 12.0, "bottom": 6.0, "down": 6.0,
    "left": 9.0, "right": 3.0, "upward": 12.0, "downward": 6.0,
}  # fmt: skip
EXTREMES = {"highest": 12.0, "topmost": 12.0, "uppermost": 12.0, "lowest": 6.0, "bottommost": 6.0,
             "leftmost": 9.0, "rightmost": 3.0}  # fmt: skip
_SPOTS = word_set(
    "point spot position end place row rows die dies part rim edge border margin flap region area"
)
PARTS = {
    "half": 0.5, "quarter": 0.25, "third": 1 / 3, "fourth": 0.25, "sixth": 1 / 6, "eighth": 0.125,
    "twelfth": 1 / 12,
    "quarters": 0.25, "thirds": 1 / 3, "eighths": 0.125, "sixths": 1 / 6, "twelfths": 1 / 12,
}  # fmt: skip
_TURNS = word_set("turn turns circle revolution rotation dial round")
_LOOSE = word_set("away further farther on or so off more about roughly counted measured going that is just")
AGAINST = word_set("counterclockwise anticlockwise anti counter")
AFTER = word_set("past after beyond behind")
BEFORE = word_set("before ahead")
_COUNTED = UNITS - {"on", "in", "at", "of", "or"}
"""What a plain number before it counts, and is no hour."""
_LONGEST = 4
"""Words of "half way", "right in the middle": more are noise."""
_MIDWAY = word_set("midway halfway half mid middle way")


def word_at(words: list[str], i: int) -> str:
    """Return a token, or "" before the beginning and past the end."""
    return words[i] if 0 <= i < len(words) else ""


def read_point(words: list[str], i: int, dial: Dial) -> Point | None:
    """Read one direction as an hour: "the notch", "due east", "seven", "135\u00b0", "the highest point"."""
    for _ in range(3):
        if word_at(words, i) not in _LEAD:
            break
        i += 1
    word = word_at(words, i)
    if not word:
        return None
    if word == "notch":
        return dial.notch, i + 1
    if word in EXTREMES and word_at(words, i + 1) in _SPOTS:
        return EXTREMES[word], i + 2
    if word in COMPASS or word in POINTS:
        parts = read_compass(words, i, anywhere=True)
        if parts is not None:
            return parts[0].middle, parts[1] + (word_at(words, parts[1]) == "pole")
    if word in SIDES:
        end = i + 1 + (word_at(words, i + 1) == "most")
        return SIDES[word], end + (word_at(words, end) in _SPOTS)
    angle = angle_at(words, i)
    if angle is not None and (angle[2] or (dial.scale == "degrees" and word[0].isdigit() and angle[0] > 12)):
        return hour_of(dial.hour(angle[0])), angle[1]
    hour = hour_at(words, i)
    if hour is None or (not hour[2] and word_at(words, hour[1]) in _COUNTED):
        return None
    end = hour[1] + (word_at(words, hour[1]) in ("position", "mark", "point"))
    return hour[0], end


def read_amount(words: list[str], i: int, dial: Dial) -> tuple[float, int] | None:
    """Read an angle as hours: "an hour and a half", "30\u00b0", "a quarter turn", "a right angle"."""
    word = word_at(words, i)
    if word == "hour" and word_at(words, i - 1) in ("a", "an", "one", "single") and i:
        half = words[i + 1 : i + 4] in (["and", "a", "half"],)
        return (1.5, i + 4) if half else (1.0, i + 1)
    if word == "right" and word_at(words, i + 1) == "angle":
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
        if word_at(words, at) in ("hour", "hours"):
            return count, at + 1
        if word_at(words, at) not in PARTS:
            at = i
    if word_at(words, at) in PARTS:
        share = count * PARTS[words[at]]
        at += 1
        for filler in (("of",), ("a", "the"), ("full", "whole", "complete")):
            at += word_at(words, at) in filler
        return (12.0 * share, at + 1) if word_at(words, at) in _TURNS else None
    angle = angle_at(words, i)
    if angle is not None and (angle[2] or (dial.scale == "degrees" and angle[0] > 12)):
        return angle[0] / 30.0, angle[1]
    return None


def sideways(hour: float, right: bool) -> int:
    """Return the sense of going right from an hour: clockwise at the top, not at the bottom."""
    return 1 if (math.cos(math.radians(hour * 30.0)) >= 0.0) == right else -1


def read_relation(words: list[str], i: int) -> tuple[str, int]:
    """Read how a distance is taken from a point: `+`, `-`, `left`, `right`, `?` or ""."""
    for _ in range(3):
        if word_at(words, i) not in _LOOSE:
            break
        i += 1
    word = word_at(words, i)
    if word in AGAINST or word == "clockwise":
        i += 1 + (word in ("counter", "anti") and word_at(words, i + 1) == "clockwise")
        sign = "+" if word == "clockwise" else "-"
        return (sign, i + 1) if word_at(words, i) in ("from", "of", "past", "after") else ("", i)
    if word in AFTER:
        return "+", i + 1
    if word in BEFORE:
        return "-", i + 1 + (word_at(words, i + 1) == "of")
    if word == "short" and word_at(words, i + 1) == "of":
        return "-", i + 2
    at = i
    while word_at(words, at) in ("to", "on", "the", "its"):
        at += 1
    if word_at(words, at) in ("left", "right") and word_at(words, at + 1) in ("of", "from"):
        return words[at], at + 2
    return ("?", i + 1) if word in ("from", "off") else ("", i)


def _trailing(words: list[str], i: int) -> str:
    """Read the sense after the point: "30\u00b0 from the notch on its right"."""
    for at in range(i, min(len(words), i + 6)):
        word = words[at]
        if word in ("left", "right"):
            return word
        if word in AGAINST:
            return "-"
        if word == "clockwise":
            return "+"
        if word not in ("on", "to", "the", "its", "in", ",", "going", "turning", "counting"):
            break
    return ""


def read_offset(words: list[str], i: int, dial: Dial) -> Point | None:
    """Read "an hour before noon", "30\u00b0 to the left of the notch", "a quarter turn from twelve"."""
    amount = read_amount(words, i, dial)
    if amount is None:
        return None
    relation, at = read_relation(words, amount[1])
    if not relation:
        return None
    if dial.relative and word_at(words, at) in ("it", "that", "there"):
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
    sense = 1 if relation == "+" else -1 if relation == "-" else sideways(point[0], relation == "right")
    return hour_of(point[0] + sense * amount[0]), point[1]


def read_midpoint(words: list[str], i: int, dial: Dial) -> Point | None:
    """Read "midway between the 7 and the 8", "two thirds of the way from east to up"."""
    at, share = i, 0.5
    number = hour_at(words, i)
    if number is not None and not number[2] and word_at(words, number[1]) in PARTS:
        share, at = number[0] * PARTS[words[number[1]]], number[1] + 1
    elif word_at(words, i) in PARTS and words[i] != "half":
        share, at = PARTS[words[i]], i + 1
    elif word_at(words, i) in _MIDWAY:
        while at < i + _LONGEST and word_at(words, at) in _MIDWAY:
            at += 1
    else:
        return None
    if words[at : at + 3] == ["of", "the", "way"]:
        at += 3
    elif share != 0.5:
        return None
    if word_at(words, at) not in ("between", "from"):
        return None
    first = read_point(words, at + 1, dial)
    if first is None:
        return None
    at = _aside(words, first[1])
    if word_at(words, at) not in ("and", "to", "till", "until", "towards", "toward"):
        return None
    second = read_point(words, at + 1, dial)
    if second is None:
        return None
    gap = (second[0] - first[0] + 6.0) % 12.0 - 6.0
    return hour_of(first[0] + share * gap), _aside(words, second[1])


def _aside(words: list[str], i: int) -> int:
    """Skip a figure in brackets: "due east (90)"."""
    if word_at(words, i) == "(":
        for at in range(i + 1, min(len(words), i + 5)):
            if words[at] == ")":
                return at + 1
    return i + (word_at(words, i) in ("axis", "line", "point"))
