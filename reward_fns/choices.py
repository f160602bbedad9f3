"""Settle which of two things a question lets choose from an answer means without naming it."""

from __future__ import annotations

from collections.abc import Sequence

from .claims import HEADS, Claim, Reading
from .scan import SEPARATORS
from .words import word_set

_LONGEST = 9
"""Words up to which an opening names a choice: "I would say the one without edge"."""
_NUMBERED = {
    "first": 0, "1": 0, "a": 0, "former": 0, "second": 1, "2": 1, "b": 1, "latter": 1, "other": 1,
}  # fmt: skip
_NOUNS = word_set("option alternative choice number variant possibility")
_ONES = word_set("one type class kind label variant option version pattern defect")
_CHOOSERS = word_set("i we one i'd")
_DENIALS = word_set("not no without can't cannot isn't never hardly")


def settle(reading: Reading, choices: Sequence[Claim]) -> None:
    """Add the choice an answer makes by its number, by half of its name, or by ruling out the other."""
    if len(choices) != 2 or any(c.slot == "type" and c.affirmed for c in reading.claims):
        return
    if choices[0].slot != "type":
        return
    values = [choice.value for choice in choices]
    denied = {values.index(c.value) for c in reading.claims if c.slot == "type" and c.value in values}
    if len(denied) == 1:
        _add(reading, choices[1 - denied.pop()], 0)
        return
    words = reading.words
    end = next((n for n, word in enumerate(words) if word in SEPARATORS), len(words))
    opening = words[:end]
    if not 0 < end <= _LONGEST or any(c.slot in HEADS and c.start < end for c in reading.claims):
        return
    which = _numbered(opening)
    if which is None and not _supposes(opening):
        which = _half_named(opening, choices)
    if which is not None:
        _add(reading, choices[which if _DENIALS.isdisjoint(opening) else 1 - which], end)


def _add(reading: Reading, choice: Claim, end: int) -> None:
    claim = Claim(choice.slot, choice.value, True, False, 0, max(1, end), 0, 0)
    reading.claims.insert(0, claim)
    reading.spoken.add(0)


def _numbered(opening: Sequence[str]) -> int | None:
    """Return the choice named by its place: "option 2", "the first one"; none when both are."""
    found = set()
    for n, word in enumerate(opening):
        which = _NUMBERED.get(word)
        if which is None:
            continue
        beside = {*opening[max(0, n - 1) : n], *opening[n + 1 : n + 2]}
        if not _NOUNS.isdisjoint(beside) or (word not in ("a", "b", "1", "2") and len(opening) <= n + 2):
            found.add(which)
    return found.pop() if len(found) == 1 else None


def _supposes(opening: Sequence[str]) -> bool:
    """Tell whether it says what a class would be like: "An Edge-Loc would be confined to one sector"."""
    at = opening.index("would") if "would" in opening else 0
    return at > 0 and opening[at - 1] not in _CHOOSERS


def _half_named(opening: Sequence[str], choices: Sequence[Claim]) -> int | None:
    """Return the choice named by what sets it off: "the ring one", of Edge-Ring and Edge-Loc."""
    if len(opening) > 1 and _ONES.isdisjoint(opening):
        return None
    first, second = (set(str(choice.value).lower().split("-")) for choice in choices)
    for own, other, which in ((first, second, 0), (second, first, 1)):
        if _says(opening, own - other):
            return which
    if first != second and _says(opening, first & second):
        # "Local", of Loc and Edge-Loc.
        return 0 if first < second else 1 if second < first else None
    return None


def _says(opening: Sequence[str], names: set[str]) -> bool:
    return any(word.startswith(name) for word in opening for name in names)
