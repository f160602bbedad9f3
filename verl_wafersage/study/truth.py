"""Measures of truth that no reward contains: which types an answer names, and which hours.

Deliberately simple and apart from the reward's reading of language: they serve the short answers of the
study's tiny model, whose words are those of the reference answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NONE = "None"
_TYPES = {
    "Center cluster": "Center",
    "Edge-Loc": "Edge-Loc",
    "Edge-Ring": "Edge-Ring",
    "Near-full": "Near-full",
    "Donut": "Donut",
    "Scratch": "Scratch",
    "Random": "Random",
    "Loc": "Loc",
}
_NAMED = re.compile(r"(?<![\w-])(" + "|".join(map(re.escape, _TYPES)) + r")(?![\w-])", re.IGNORECASE)
_CANONICAL = {name.lower(): kind for name, kind in _TYPES.items()}
_NO_PATTERN = re.compile(r"\b(no pattern|none)\b", re.IGNORECASE)
_HOURS = re.compile(r"\b(\d{1,2})(?: to (\d{1,2}))? o'clock", re.IGNORECASE)
MISSING_HOURS = 3.0
"""Error of an answer that names no hour: what a guess makes on average."""


def types_named(answer: str) -> frozenset[str]:
    """Defect types named by an answer; `None` alone when it says that there is no pattern."""
    found = frozenset(_CANONICAL[name.lower()] for name in _NAMED.findall(answer))
    return found or (frozenset({NONE}) if _NO_PATTERN.search(answer) else found)


def exact_set(answer: str, labels: Sequence[str]) -> bool:
    """Whether an answer names the wafer's types, all of them and no other."""
    return types_named(answer) == frozenset(labels)


def invents(answer: str, labels: Sequence[str]) -> bool:
    """Whether an answer names a type that the wafer does not have."""
    return bool(types_named(answer) - {NONE} - frozenset(labels))


def hours_named(answer: str) -> tuple[float, ...]:
    """Clock positions named, in hours in [0, 12); a range by its middle, clockwise."""
    hours = []
    for start, end in _HOURS.findall(answer):
        first = int(start) % 12
        span = (int(end) - first) % 12 if end else 0
        hours.append((first + span / 2) % 12)
    return tuple(hours)


def clock_error(answer: str, reference: str) -> float | None:
    """Distance in hours between the positions of an answer and of the reference.

    The mean over true positions of the distance to the nearest one named, and over those named to the
    nearest true one, averaged: naming every hour does not help.

    Returns:
        Hours in [0, 6]; `MISSING_HOURS` when the answer names none; None when the reference names none.
    """
    true, named = hours_named(reference), hours_named(answer)
    if not true:
        return None
    if not named:
        return MISSING_HOURS
    return (_mean_distance(true, named) + _mean_distance(named, true)) / 2


def _mean_distance(of: Sequence[float], to: Sequence[float]) -> float:
    return sum(min(_apart(hour, other) for other in to) for hour in of) / len(of)


def _apart(one: float, other: float) -> float:
    turned = abs(one - other) % 12
    return min(turned, 12 - turned)
