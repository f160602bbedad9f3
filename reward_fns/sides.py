"""Tell which flank of a feature an attribute is said of: sharp inside, soft outside."""

from __future__ import annotations

from collections.abc import Sequence

from .claims import Claim
from .scan import SEPARATORS
from .words import word_set

_FLANKS = {
    **dict.fromkeys(word_set("inner inside inboard inward inwards innermost interior"), "in"),
    **dict.fromkeys(word_set("outer outside outboard outward outwards outermost outskirts"), "out"),
}
_PLACES = {
    **dict.fromkeys(word_set("hub center middle core hole eye axis heart"), "in"),
    **dict.fromkeys(word_set("rim edge perimeter periphery margin circumference brim bevel"), "out"),
}
_OWNERS = word_set(
    """
    cluster clusters patch ring rings band arc blob spot piece feature features one donut pattern loop hoop
    clump lump circle segment crescent defect object structure scratch line belt
    """
)
"""Nouns that make a name of a place before them: "the edge cluster", "the inner ring" is no flank."""
_OTHER = {"in": "out", "out": "in", "": ""}
_STOPS = (SEPARATORS - {":"}) | {"while", "but", "whereas", "with", "than"}
_TELLING = _STOPS.union(_FLANKS, _PLACES)
_REACH = 6
_HEAVY = word_set(
    """
    dense denser densest darkest blackest heavier heaviest hottest highest peaks stronger strongest worst
    increases increase increasing rises rising grows
    """
)
_LIGHT = word_set(
    """
    fade fades fading faded thin thins thinner thinning decreases decrease decreasing falls drops declines
    weakens tapers tapering sparse sparser weaker lighter peters tails pales dwindles diminishes lessens ebbs
    decays gradient dissolves going ramps
    """
)


def flank_of(words: Sequence[str], slot: str, i: int, j: int) -> str:
    """Return the flank that what is said from token `i` to `j` goes with: `in`, `out` or ""."""
    side = _nearest(words, range(i - 1, max(-1, i - 1 - _REACH), -1))
    if not side:
        side = _nearest(words, range(i, min(len(words), j + _REACH)))
    if slot == "border" or not side:
        return side
    said = words[i:j]
    if not _HEAVY.isdisjoint(said):
        return side
    # What thins toward one flank is heaviest at the other.
    return "" if _LIGHT.isdisjoint(said) else _OTHER[side]


def _nearest(words: Sequence[str], tokens: range) -> str:
    found = ""
    for n in tokens:
        word = words[n]
        if word not in _TELLING:
            continue
        if word in _STOPS:
            break
        if words[n + 1 : n + 2] and words[n + 1] in _OWNERS:
            continue
        flank = _FLANKS.get(word)
        if flank:
            return flank
        if not found:
            found = _PLACES[word]
            if "from" in words[max(0, n - 2) : n]:
                found = _OTHER[found]
    return found


def flanks(claims: Sequence[Claim]) -> list[tuple[str, str, str]]:
    """Return slot, value and flank of each claim that goes with one; of density, where it is highest."""
    return [
        (c.slot, str(c.value) if c.slot == "border" else "heaviest", c.side)
        for c in claims
        if c.side and c.affirmed and not c.good
    ]
