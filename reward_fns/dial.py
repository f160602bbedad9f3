"""How the hours and degrees of a text are counted: what its question asks for, and where the notch is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .words import word_set


@dataclass(frozen=True, slots=True)
class Dial:
    """The dial that directions are read on.

    Attributes:
        scale: What bare numbers are, `hours` or `degrees`; "" when they are neither.
        zero: The hour at which degrees begin.
        sense: 1 when degrees run clockwise, -1 when they run against the clock.
        notch: The hour of the notch.
        relative: Whether the question asks how something lies to the notch.
        counts: Whether it asks how many there are, so that a first number is none of the hours.
        distance: The sense in which it asks how far it is from the notch, 0 when it does not.
        quadrants: Whether it asks for quadrants, so that "the second" is one.
    """

    scale: str = ""
    zero: float = 12.0
    sense: int = 1
    notch: float = 6.0
    relative: bool = False
    counts: bool = False
    quadrants: bool = False
    distance: int = 0

    def exact(self) -> Dial:
        """Return the dial of a text written with care, in which a bare number is no hour."""
        return replace(self, scale="") if self.scale == "hours" else self

    def hour(self, degrees: float) -> float:
        """Return the hour of an angle."""
        return self.zero + self.sense * degrees / 30.0


PLAIN = Dial()
DEGREES = Dial("degrees")
_HOURS = word_set("clock hour hours o'clock dial")
_DEGREES = word_set("degrees degree angle azimuth bearing \u00b0")
_AGAINST = word_set("counterclockwise anticlockwise counter anti mathematical math mathematics")
_QUADRANTS = word_set("quadrant quadrants")
_RELATIVE = word_set("relative respect from opposite starting close near to")
_MEASURED = word_set("many between much far wide long")
"""What asks for an angle that is no direction: "how many degrees"."""
_TURN = word_set("clockwise zero")
_ORIGINS = word_set("up top north twelve right east")


def dial_of(words: Sequence[str], notch: float | None) -> Dial:
    """Return the dial a question speaks of; `notch` is the hour at which it says that the notch is."""
    if not words:
        return PLAIN
    mathematical = not _AGAINST.isdisjoint(words) and not _DEGREES.isdisjoint(words)
    degrees = not _DEGREES.isdisjoint(words) and _MEASURED.isdisjoint(words)
    scale = "degrees" if degrees else "hours" if not _HOURS.isdisjoint(words) else ""
    at = words.index("notch") if "notch" in words else -1
    return Dial(
        scale,
        3.0 if mathematical else 12.0,
        -1 if mathematical else 1,
        6.0 if notch is None else notch,
        any(w == "notch" and not _RELATIVE.isdisjoint(words[max(0, n - 3) : n]) for n, w in enumerate(words)),
        "many" in words or "count" in words,
        not _QUADRANTS.isdisjoint(words),
        (-1 if not _AGAINST.isdisjoint(words) else 1)
        if at >= 0 and "far" in words and "clockwise" in words
        else 0,
    )


def dial_for(words: Sequence[str], dial: Dial) -> Dial:
    """Return the dial of a text that says itself how it counts: "270 if up is zero"."""
    if dial.scale or _TURN.isdisjoint(words) or _ORIGINS.isdisjoint(words):
        return dial
    return DEGREES if dial is PLAIN else replace(dial, scale="degrees")
