"""Whether an answer says yes or no to a question like "could this cause explain the map?"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .asked import Asked
from .claims import Claim, Reading
from .lexicon import Lexicon
from .scan import SENTENCE_ENDS, SEPARATORS
from .things import Truth, fit
from .words import word_set

_SENTENCES = 3
"""A verdict stands in one of the first sentences."""
_LOOK_BACK = 4
_DENIALS = word_set("no not never neither hardly scarcely barely nor cannot little without less nothing")
_BARE = 0.6
_EXPLAINED = 0.7
_LONG = 10
_REASONED = 0.88
_UNSAID = 0.75
"""What a right verdict is worth alone, with words nobody reads, with a reason, and the reason without it."""
MISPLACED = 0.35
"""What is left of what rests on a place or a shape that is not there."""


def read_verdict(words: Sequence[str], lexicon: Lexicon) -> int:
    """Return +1 when words say yes to what was asked, -1 when they say no, 0 when they say neither."""
    sentence, fresh = 0, True
    start = 0
    for i, word in enumerate(words):
        if word in SENTENCE_ENDS:
            sentence, fresh, start = sentence + (not fresh), True, i + 1
            if sentence >= _SENTENCES:
                return 0
            continue
        found = _phrase_at(words, i, fresh, lexicon.verdicts)
        if found:
            # "Not implausible", "doesn't make sense": a denial before it turns it round.
            before = words[max(start, i - _LOOK_BACK) : i]
            turned = any(w in _DENIALS or w.endswith("n't") for w in before)
            if found > 0 and words[i + 1 : i + 2] in (["not"], ["no"]):
                # "Certainly not"
                return -1
            return -found if turned else found
        fresh = fresh and word in SEPARATORS
    return 0


def _phrase_at(
    words: Sequence[str], i: int, fresh: bool, verdicts: Mapping[str, Sequence[tuple[tuple[str, ...], int]]]
) -> int:
    """Return what the longest verdict that starts at a word says; those with "^" open a sentence."""
    best, said = -1, 0
    for key in (f"^{words[i]}", words[i]) if fresh else (words[i],):
        for rest, value in verdicts.get(key, ()):
            if len(rest) > best and _follows(words, i + 1, rest):
                best, said = len(rest), value
    return said


def _follows(words: Sequence[str], start: int, rest: tuple[str, ...]) -> bool:
    end = start + len(rest)
    if rest and rest[-1] == "$":
        # It must end its phrase: "it is, since ...".
        end -= 1
        closed = end >= len(words) or words[end] in SEPARATORS
        return closed and tuple(words[start:end]) == rest[:-1]
    return tuple(words[start:end]) == rest


def verdict_of_answer(reading: Reading, asked: Asked, lexicon: Lexicon) -> int:
    """Return the verdict of an answer; where no word states it, what it claims of the cause in question."""
    said = read_verdict(reading.words, lexicon)
    if said:
        return said
    about = [c for c in reading.claims if c.slot == "cause" and c.value in asked.causes]
    if about and all(not c.affirmed for c in about):
        return -1
    return 0


def judge_verdict(
    said: int, truth: Truth, reading: Reading, share: float, charge: float, denied: bool, lexicon: Lexicon
) -> float:
    """Return the score of an answer to a question that asks whether a cause fits.

    Args:
        said: The verdict of the answer.
        truth: The verdict of the reference is in it.
        reading: The answer.
        share: What the causes it proposes earn, in [0, 1].
        charge: What false ones cost, in [0, 1].
        denied: Whether it denies a true cause.
        lexicon: The vocabulary.
    """
    if said == -truth.verdict or (denied and not share):
        return 0.0
    placed = placed_at(reading.claims, truth, lexicon)
    reasoned = placed > 0 or share > 0
    if not said:
        return max(share * (1.0 - charge), _UNSAID * (1.0 - charge) if placed > 0 and not charge else 0.0)
    value = _REASONED if reasoned else _EXPLAINED if len(reading.words) >= _LONG else _BARE
    if share > 0 and (placed > 0 or truth.labels == ["None"]):
        value = 1.0
    value = max(value, share)
    if truth.verdict > 0 and placed < 0:
        value *= MISPLACED
    if truth.labels == ["None"]:
        # To say that there is nothing, and to blame a tool all the same.
        return value * (1.0 - charge)
    return value * (1.0 - min(charge, 0.5 if share else 0.8))


def misplaced(claims: Sequence[Claim], truth: Truth, lexicon: Lexicon) -> bool:
    """Tell whether an answer speaks of a zone where nothing fails, and of none where something does."""
    if any(thing.label not in _ZONED for thing in truth.things):
        return False
    zones = [c for c in claims if c.slot == "zone" and c.affirmed and not c.good and c.value in _ZONES]
    return placed_at(zones, truth, lexicon) < 0 and placed_at(claims, truth, lexicon) <= 0


_ZONED = frozenset(("Center", "Donut", "Edge-Ring", "Edge-Loc"))
"""Classes whose zone is part of what they are."""
_ZONES = frozenset(("center", "middle", "edge"))


def placed_at(claims: Sequence[Claim], truth: Truth, lexicon: Lexicon) -> int:
    """Tell whether what is said of the pattern is true of a feature (+1), of none (-1), or nothing (0)."""
    found = 0
    for claim in claims:
        if claim.slot not in ("type", "shape", "zone", "arc") or not claim.affirmed or claim.good:
            continue
        best = max((fit(claim, thing, lexicon) for thing in truth.things), default=0.0)
        if best > 0.5:
            return 1
        if best < 0:
            found = -1
    return found
