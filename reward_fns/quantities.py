"""Read numbers with their units: dies, die rows, shares of the wafer, millimetres, degrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .clock import NUMBERS
from .degrees import DEGREE
from .lengths import UNITS, number_before
from .radii import PARTS_OF, TENS
from .words import word_set

_ROWS = word_set("row rows")
_DIES = word_set("die dies chip chips")
_DEEP = word_set("deep thick wide broad")
_TURNS = word_set("circumference perimeter rim dial turn circle edge clock periphery border")
_PASSING = word_set(
    "ok okay good clean healthy passing pass passes green fine alive survive survives yield yields free"
)
_ADJECTIVES = word_set(
    "outermost outer last failing bad dead red affected single individual die chip edge of the"
)
_JOINS = word_set("to - \u2013 or and ,")
_LESS = word_set("less fewer below under most maximum")
_MORE = word_set("more over above beyond least exceeds exceeding minimum")
_DENY = word_set("not never nor isn't aren't")
_WHOLES = word_set("wafer area surface dies chips disc disk map")
_ONCE = {"pair": 2.0, "couple": 2.0, "dozen": 12.0}
_NAMES_NUMBER = word_set("no number r wafer bin")
_MOST = 12
"""Numbers read of one answer at most."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, or a range, with its unit.

    Attributes:
        kind: `dies`, `rows`, `share` (percent), `mm`, `angle` (degrees), or "" for a bare number.
        low: Its lower end.
        high: Its upper end.
        start: First token.
        end: Token after the last.
    """

    kind: str
    low: float
    high: float
    start: int
    end: int


def read_quantities(words: Sequence[str]) -> list[Quantity]:
    """Return the numbers of a text that are sizes of what fails, in order."""
    found: list[Quantity] = []
    at = 0
    while at < len(words) and len(found) < _MOST:
        number = _number(words, at)
        if number is None:
            at += 1
            continue
        low, high, end = number
        kind, scale, after = _unit(words, at, end)
        if kind != "none" and _DENY.isdisjoint(words[max(0, at - 2) : at]):
            low, high = _bounded(words, at, after, low * scale, high * scale)
            if not _PASSING.isdisjoint(words[after : after + 4]) and not _far(words, after):
                low, high, kind = (
                    (100.0 - high, 100.0 - low, kind) if kind == "share" else (low, high, "none")
                )
            if kind != "none":
                found.append(Quantity(kind, low, high, at, after))
        at = max(after, at + 1)
    return found


def _far(words: Sequence[str], after: int) -> bool:
    """Tell whether a stop parts a number from the word for passing after it."""
    stretch = words[after : after + 4]
    stop = next(
        (n for n, word in enumerate(stretch) if word in (",", ".", ";", ":", "and", "\n")), len(stretch)
    )
    return _PASSING.isdisjoint(stretch[:stop])


def _number(words: Sequence[str], at: int) -> tuple[float, float, int] | None:
    """Read a number or a range that begins at a token."""
    first = _one(words, at)
    if first is None:
        return None
    low, end = first
    high = low
    while end + 1 < len(words) and words[end] in _JOINS:
        step = end + 1 + (words[end] == "," and words[end + 1] in ("or", "and"))
        other = _one(words, step)
        if other is None or not low < other[0] <= 4 * low + 1:
            break
        high, end = other
    if words[end : end + 1] in (["by"], ["x"], ["\u00d7"]):
        # "three by three dies"
        other = _one(words, end + 1)
        if other is not None:
            low, high, end = low * other[0], high * other[0], other[1]
    if words[end : end + 2] == ["or", "so"]:
        end += 2
    return low, high, end


def _one(words: Sequence[str], at: int) -> tuple[float, int] | None:
    if at >= len(words):
        return None
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    if word == "half" and words[at + 1 : at + 3] == ["a", "dozen"]:
        return 6.0, at + 3
    if word == "half" and following == "dozen":
        return 6.0, at + 2
    if word == "a" and following in _ONCE:
        return _ONCE[following], at + 2
    if word in ("a", "an", "one") and following in PARTS_OF:
        return 1 / PARTS_OF[following], at + 2
    if word in NUMBERS and following in PARTS_OF and NUMBERS[word] < PARTS_OF[following]:
        return NUMBERS[word] / PARTS_OF[following], at + 2
    if word in ("half", "quarter", "third"):
        return 1 / PARTS_OF[word], at + 1
    if word in ("a", "an", "single"):
        return (1.0, at + 1) if following in _DIES or following in _ROWS else None
    end = at + 1
    if word in TENS and following in NUMBERS and NUMBERS[following] < 10:
        end = at + 2
    elif not (word[:1].isdigit() or word in NUMBERS or word in TENS or word == "dozen"):
        return None
    number = number_before(words, end)
    return None if number is None or number[1] != at else (number[0], end)


def _unit(words: Sequence[str], start: int, end: int) -> tuple[str, float, int]:
    """Return the kind of a number by what follows it, its scale, and the index after the unit."""
    unit = words[end] if end < len(words) else ""
    value = words[start]
    if start and words[start - 1] in _NAMES_NUMBER:
        return "none", 1.0, end
    if unit in ("%", "percent"):
        return "share", 1.0, end + 1
    if unit in UNITS:
        return "mm", UNITS[unit], end + 1
    if unit in DEGREE:
        return "angle", 1.0, end + 1
    if unit in ("o'clock", "r", "radius", "h", "hour", "hours", "thirds", "/"):
        return "none", 1.0, end + 1
    if unit == ":" and words[end + 1 : end + 2] and words[end + 1][0].isdigit():
        # "10:30"
        return "none", 1.0, end + 2
    part = value in ("half", "quarter", "third") and "dozen" not in words[start:end]
    fraction = part or (end == start + 2 and words[end - 1] in PARTS_OF)
    if fraction:
        near = words[end : end + 4]
        if not _TURNS.isdisjoint(near):
            return "angle", 360.0, end
        of_all = not near or near[0] in (",", ".") or not _WHOLES.isdisjoint(near)
        return ("share", 100.0, end) if of_all else ("none", 1.0, end)
    if unit == "in" or words[end : end + 2] == ["out", "of"]:
        whole = _one(words, end + (1 if unit == "in" else 2))
        one = _one(words, start)
        if whole is not None and one is not None and whole[0] > one[0]:
            return "share", 100.0 / whole[0], whole[1]
    dies = words[end - 1] in _DIES
    for at in range(end, min(len(words), end + 4)):
        word = words[at]
        if word in _ROWS:
            return "rows", 1.0, at + 1
        if word in _DEEP and dies:
            return "rows", 1.0, at + 1
        if word in _DIES:
            dies, end = True, at + 1
        elif word not in _ADJECTIVES:
            break
    if dies:
        return "dies", 1.0, end
    if "." in value and value[:2] == "0.":
        return "share", 100.0, end
    return "", 1.0, end


def _bounded(words: Sequence[str], start: int, end: int, low: float, high: float) -> tuple[float, float]:
    """Widen what is only a bound: "less than 3 %", "a dozen at the most"."""
    before = words[max(0, start - 3) : start]
    after = words[end : end + 4]
    if "no" in before:
        return low, high
    if not _LESS.isdisjoint(before) or ("at" in after and "most" in after):
        return 0.4 * low, high
    if not _MORE.isdisjoint(before) or ("at" in after and "least" in after):
        return low, 1.6 * high
    return low, high
