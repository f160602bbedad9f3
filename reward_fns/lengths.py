"""Turn millimetres on a wafer of known size into shares of its radius, word for word."""

from __future__ import annotations

from collections.abc import Sequence

from .clock import NUMBERS
from .radii import JOINS, TENS
from .words import word_set

UNITS = {
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), 1.0),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 10.0),
    **dict.fromkeys(("inch", "inches"), 25.4),
}
"""Units of length in millimetres."""
_DIAMETERS = frozenset((75.0, 76.0, 100.0, 125.0, 150.0, 200.0, 300.0, 450.0))
"""Wafer sizes, in millimetres."""
_INCHES = {2.0: 50.8, 3.0: 76.2, 4.0: 100.0, 5.0: 125.0, 6.0: 150.0, 8.0: 200.0, 12.0: 300.0, 18.0: 450.0}
_WAFERS = word_set("wafer wafers slice disc disk piece substrate plate silicon map")
_DOZENS = {("half", "a", "dozen"): 6.0, ("half", "dozen"): 6.0, ("a", "dozen"): 12.0, ("dozen",): 12.0}


def number_before(words: Sequence[str], end: int) -> tuple[float, int] | None:
    """Read the number that ends before a token, in digits or words, and return it with its first token."""
    for dozen, value in _DOZENS.items():
        if tuple(words[max(0, end - len(dozen)) : end]) == dozen:
            return value, end - len(dozen)
    word = words[end - 1] if 0 < end <= len(words) else ""
    if word[:1].isdigit():
        try:
            return float(word), end - 1
        except ValueError:
            return None
    tens = TENS.get(words[end - 2], 0) if end > 1 else 0
    if word in NUMBERS:
        return (float(tens + NUMBERS[word]), end - 2) if tens else (float(NUMBERS[word]), end - 1)
    if word in TENS:
        return float(TENS[word]), end - 1
    return (1.0, end - 1) if word in ("a", "an", "single") and end > 0 else None


def wafer_size(words: Sequence[str]) -> float:
    """Return the diameter of the wafer in millimetres that a text names; 0 when it names none."""
    for at, word in enumerate(words):
        scale = UNITS.get(word, 0.0)
        if scale:
            number = number_before(words, at)
            if number is None:
                continue
            size = _INCHES.get(number[0], 0.0) if scale > 20 else number[0] * scale
            alone = not _WAFERS.isdisjoint(words[at + 1 : at + 3]) or words[number[1] - 1] in ("on", "=")
            if size in _DIAMETERS and (alone or not _WAFERS.isdisjoint(words[max(0, number[1] - 4) : at])):
                return size
        elif word in _WAFERS and words[at + 1 : at + 2] in (["is"], ["of"], ["="], [":"]):
            # "if the slice is 300"
            number = number_before(words, at + 3)
            if number is not None and number[0] in _DIAMETERS and number[1] == at + 2:
                return number[0]
    return 0.0


def in_radii(words: list[str], size: float) -> list[str]:
    """Write lengths as shares of the radius: "60 mm" on a 200 mm wafer becomes "0.6 r".

    Each token is replaced by one, so that what is found stands where it was said.
    """
    if UNITS.keys().isdisjoint(words):
        return words
    size = wafer_size(words) or size
    if not size:
        return words
    words = list(words)
    for at, word in enumerate(words):
        scale = UNITS.get(word, 0.0)
        number = number_before(words, at) if scale else None
        if number is None:
            continue
        value, start = number
        whole = 2 * value * scale == size and words[at + 1 : at + 2] == ["radius"]
        if whole or (value * scale == size and _names_wafer(words, at)):
            # The wafer's own size says nothing of the defect; "the 100 mm radius" is the whole of it.
            words[start : at + 1] = ["the"] * (at + 1 - start)
            continue
        share = _share(value * scale, size)
        if not share:
            continue
        words[start:at] = [share, *["of"] * (at - start - 1)]
        words[at] = "r"
        if start > 1 and words[start - 1] in JOINS:
            # "5 to 7 mm"
            low = number_before(words, start - 1)
            other = _share(low[0] * scale, size) if low is not None else ""
            if low is not None and other and low[0] < value:
                words[low[1] : start - 1] = [*["about"] * (start - 2 - low[1]), other]
    return words


def _names_wafer(words: Sequence[str], at: int) -> bool:
    return not _WAFERS.isdisjoint(words[at + 1 : at + 3]) or not _WAFERS.isdisjoint(
        words[max(0, at - 5) : at]
    )


def _share(value: float, size: float) -> str:
    share = round(2 * value / size, 3)
    return f"{share:.3f}" if 0.0 <= share <= 1.0 else ""
