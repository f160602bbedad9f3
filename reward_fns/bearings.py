"""Read arcs told by way of others: "opposite the notch", "north by way of east to ESE"."""

from __future__ import annotations

from .angles import Arc, hour_of
from .clock import between
from .compass import COMPASS
from .dial import Dial
from .points import (
    AFTER,
    AGAINST,
    BEFORE,
    EXTREMES,
    PARTS,
    SIDES,
    Point,
    read_amount,
    read_midpoint,
    read_offset,
    read_point,
    read_relation,
    sideways,
    word_at,
)
from .words import word_set

Found = tuple[Arc, int]

_VIA = word_set("via over through past across")
_BEYOND = AFTER | BEFORE
_UP_TO = word_set("to until till - \u2013")
_STEPS = word_set("down up on round around clockwise going")
STARTS = frozenset(
    (*PARTS, *EXTREMES, "hour", "midway", "halfway", "mid", "opposite", "across", "diametrically", "other",
     "same", "away", "far", "without", "zero", "right", "highest", "lowest", "peak", "notch", "just",
     "slightly",
     "\u03c0", "pi", "one", "two", "three", "four", "five", "clockwise", "straight", "bit", "little",
     "somewhat",
     "above", "below", "under", "beneath", "underneath")
)  # fmt: skip
"""Words a direction told by way of others may begin with, beside figures and points."""


def _opposite(words: list[str], i: int, dial: Dial) -> Found | None:
    """Read "opposite the notch", "the far end", "away from the notch", "the half without the notch"."""
    word, at = words[i], i + 1
    if word in ("other", "far", "same"):
        if not dial.relative or word_at(words, at) not in ("end", "side", "rim", "edge", "extreme", "half"):
            return None
        turn = 0.0 if word == "same" else 6.0
        return _broad(dial.notch + turn), at + 1
    if word == "across":
        if word_at(words, at) != "from":
            return None
    elif word == "diametrically" and word_at(words, at) in ("opposite", "opposed", "away", "across"):
        at += 1
        word = words[i + 1]
    while word_at(words, at) in ("from", "to", "of", "side", "end"):
        at += 1
    if word_at(words, at) == "the" or word_at(words, at) == "its":
        at += 1
    following = word_at(words, at)
    if following == "orientation":
        at += 1
        following = word_at(words, at)
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
    while word_at(words, at) in ("to", "the", "way"):
        at += 1
    side = word_at(words, at)
    if side in ("left", "right") and word_at(words, at + 1) == "of":
        point = read_point(words, at + 2, dial)
        if point is None or abs(point[0] % 6.0) > 0.01:
            return None
        sense = sideways(point[0], side == "right")
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


_OF_LINE = word_set("the of wafer wafer's nine three to center horizontal own disc")


def _over_line(words: list[str], i: int) -> Found | None:
    """Read "below the horizontal midline", "above the wafer's equator": one half of the wafer."""
    at = i + 1
    for word in words[at : at + 6]:
        if word not in _OF_LINE:
            break
        at += 1
    end = at + (word_at(words, at) in _HALVING)
    said = words[i + 1 : end]
    if (
        not said
        or said[-1] not in _HALVING
        or word_at(words, end) in ("cluster", "blob", "spot", "patch", "core")
    ):
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
        if word == "clockwise" or word in AGAINST:
            sense = word == "clockwise"
            at += 1 + (word in ("counter", "anti") and word_at(words, at + 1) == "clockwise")
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
        elif word in _UP_TO or (word == "and" and word_at(words, i - 1) == "between"):
            last = (
                read_offset(words, at + 1, dial)
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
    while word_at(words, i) in (",", "going", "passing", "running"):
        i += 1
    if words[i : i + 3] == ["by", "way", "of"]:
        i += 2
    elif word_at(words, i) not in _VIA and word_at(words, i - 1) != "passing":
        return None
    return read_point(words, i + (word_at(words, i - 1) != "passing"), dial)


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
    amount = read_amount(words, at + (word_at(words, at) in ("an", "a")), dial)
    begun = read_amount(words, i, dial)
    if amount is None or begun is None:
        return None
    relation, anchor = read_relation(words, begun[1])
    point = read_point(words, anchor, dial)
    if point is None or relation not in ("+", "-") or word_at(words, amount[1]) not in _BEYOND:
        return None
    sense = 1 if words[amount[1]] in AFTER else -1
    return hour_of(point[0] + sense * amount[0]), amount[1] + 1


def _from_to(a: float, b: float, via: float | None, sense: bool | None) -> Arc:
    if sense is None and via is not None:
        sense = (via - a) % 12.0 <= (b - a) % 12.0
    if sense is False:
        return Arc(hour_of(b), (a - b) % 12.0)
    return between(a, b, sense)


_STANDS = word_set("is points lies sits being = :")
_BEFORE_POINT = _STANDS | word_set("to at on in the")


def _notch_is(words: list[str], i: int, dial: Dial) -> int | None:
    """Return the index after a statement of where the notch is, which places no defect."""
    at = i + 1
    opens = i == 0 or not words[i - 1].isalnum() or (words[i - 1] in ("the", "its") and i < 2)
    if word_at(words, at) not in _STANDS and not (
        opens and word_at(words, at) in ("at", "down", "up", "left", "right")
    ):
        return None
    while word_at(words, at) in _BEFORE_POINT:
        at += 1
    point = read_point(words, at, dial)
    if point is None or word_at(words, point[1]) == "and":
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
    at = i + 1 + (word_at(words, i + 1) in ("\u00b0", "degrees", "degree"))
    if word_at(words, at) not in ("is", "being", "=", "at", ":", "means", "up"):
        return None
    at += words[at] != "up"
    while word_at(words, at) in ("at", "the", "is"):
        at += 1
    word = word_at(words, at)
    return at + 1 if word in SIDES or word in COMPASS or word in ("twelve", "noon", "12") else None


def read_bearing(words: list[str], i: int, dial: Dial) -> tuple[Arc | None, int] | None:
    """Read a direction told by way of others.

    Returns:
        The arc, None for a landmark that places no defect, and the index after it; None when there is none.
    """
    word = words[i]
    if word in ("zero", "0") and (end := _zero_is(words, i)) is not None:
        return None, end
    if word in _QUARTERS and word_at(words, i + 1) in (",", "and", "/") and (end := _all_round(words, i)):
        return Arc(12.0, 12.0), end
    if word in ("left", "right") and word_at(words, i + 1) == "of":
        return _beside(words, i - 1, dial)
    if word in ("up", "top", "north") and words[i + 1 : i + 3] in (["is", "zero"], ["is", "0"], ["=", "0"]):
        return None, i + 3
    if word == "notch":
        end = _notch_is(words, i, dial)
        if end is not None:
            return None, end
        if word_at(words, i - 1) == "the" and i > 1 and words[i - 2] == "without":
            return _broad(dial.notch + 6.0), i + 1
        return _course(words, i, (dial.notch, i + 1), dial, sides=False)
    if word in ("opposite", "across", "diametrically", "other", "same", "far", "away", "without"):
        return _opposite(words, i, dial)
    if word in ("above", "below", "under", "beneath", "underneath", "over"):
        return _over_line(words, i)
    if word in ("just", "slightly", "bit", "little", "somewhat"):
        return _beside(words, i, dial)
    point = read_midpoint(words, i, dial) or read_offset(words, i, dial)
    if point is not None:
        return _course(words, i, point, dial, sides=False) or (Arc(point[0], 0.0), point[1])
    if dial.distance and (told := read_amount(words, i, dial)) is not None and told[0] < 12.0:
        # "How far is it from the notch?"
        return Arc(hour_of(dial.notch + dial.distance * told[0]), 0.0), told[1]
    if word in PARTS or word in ("hour", "right", "one", "half"):
        return None
    start = read_point(words, i, dial)
    if start is None:
        return None
    sided = word in SIDES and word not in ("peak", "summit", "zenith")
    course = _course(words, i, start, dial, sides=sided)
    if course is not None and (word not in COMPASS or word_at(words, i - 1) in ("from", "between", "\n", "")):
        return course
    if word in EXTREMES:
        return _broad(start[0]), start[1]
    return None
