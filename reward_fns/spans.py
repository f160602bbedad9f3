"""Read stretches told by their middle: "an hour either side of six", "twelve, plus its two neighbours"."""

from __future__ import annotations

from .angles import Arc, hour_of
from .dial import Dial
from .points import read_amount, read_point, word_at
from .words import word_set

BOTH = word_set("either each both")
OPENS = word_set(", ( plus with and give an one half \u00b1 + \u2013 together along")
"""What may go on with a single direction."""
_WAYS = word_set("side sides way ways hand hands direction directions")
_OF = word_set("of from around about round")
_LINKS = word_set(", ( plus with and an a \u2013 to on in at together along")
_NEIGHBORS = word_set("neighbors neighbours neighbor neighbour neighboring neighbouring adjacent adjoining")
_WIDEST = 3.0
"""Hours to each side at most."""


def spread_over(words: list[str], i: int, dial: Dial) -> tuple[Arc, int] | None:
    """Read "an hour either side of six" where the amount begins."""
    told = read_amount(words, i, dial)
    if told is None or not 0.0 < told[0] <= _WIDEST:
        return None
    end = _both_ways(words, told[1])
    if end is None or word_at(words, end) not in _OF:
        return None
    point = read_point(words, end + 1, dial)
    return None if point is None else (Arc(hour_of(point[0] - told[0]), 2.0 * told[0]), point[1])


def spread_about(arc: Arc, words: list[str], end: int, dial: Dial) -> tuple[Arc, int] | None:
    """Widen a single hour by what follows it: "three o'clock, an hour each way"."""
    at, loose = end, False
    for _ in range(5):
        if words[at : at + 3] in (["give", "or", "take"], ["plus", "or", "minus"]):
            at, loose = at + 3, True
        elif words[at : at + 2] in (["plus", "minus"], ["+", "-"], ["+", "/"]):
            at, loose = at + 2, True
        elif word_at(words, at) == "\u00b1":
            at, loose = at + 1, True
        elif word_at(words, at) in _LINKS:
            at += 1
        else:
            break
    told = read_amount(words, at, dial)
    if told is None:
        beside = _neighbors(words, at)
        return None if beside is None else (Arc(hour_of(arc.start - 1.0), 2.0), beside)
    after = told[1] if loose else _both_ways(words, told[1])
    if after is None or not 0.0 < told[0] <= _WIDEST or word_at(words, after) in _OF:
        return None
    return Arc(hour_of(arc.start - told[0]), 2.0 * told[0]), after


def _both_ways(words: list[str], at: int) -> int | None:
    while word_at(words, at) in ("to", "on", "in", "at"):
        at += 1
    return at + 2 if word_at(words, at) in BOTH and word_at(words, at + 1) in _WAYS else None


def _neighbors(words: list[str], at: int) -> int | None:
    """Return the index after "its two neighbours", "the hours on both sides"."""
    while word_at(words, at) in ("its", "the", "two", "both", "his"):
        at += 1
    if word_at(words, at) in _NEIGHBORS:
        return at + 1 + (word_at(words, at + 1) in ("hour", "hours"))
    if word_at(words, at) == "hours" and word_at(words, at + 1) in ("on", "to"):
        return _both_ways(words, at + 1)
    return None
