"""What a question asks for, and what it takes for granted and need not be said again."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from functools import lru_cache

from .asked_slots import asked_slots
from .asked_survivors import asks_gap, asks_survivors
from .bearings import notch_of
from .claims import HEADS, PLACES, Claim
from .dial import PLAIN, Dial, dial_of
from .lengths import wafer_size
from .lexicon import load_lexicon
from .polar import AUXILIARIES, QUESTION_WORDS, STOPS, asked_place, is_closed, is_polar
from .reader import read
from .text import read_text
from .words import word_set

_KNOWN = word_set("the both two three these this that its their each four of")
_BEYOND = word_set("apart besides beside else addition aside beyond leaving ignoring disregarding except")
_ASIDE = word_set("relative respect from inside outside not near around of within between beyond seen than")
"""What may stand before a thing that is only a landmark: "with respect to the ring"."""
_SIDES = word_set(
    "side sides half halves quadrant quadrants quarter flank flanks corner region hemisphere direction"
)
_EXACT = word_set("clock hour hours o'clock degrees angle angular azimuth exactly precisely bearing")
_CONTENT = word_set("one first top single main best foremost")
"""Words of a question that one hypothesis answers: "name one cause", "what would you check first"."""
_DEPTHS = word_set("deep depth inward inwards")
_RELATED = word_set("to from of than besides beside apart addition with by")


@dataclass(slots=True)
class Asked:
    """A question, read.

    Attributes:
        words: Its tokens.
        slots: What it asks for.
        given: What it takes for granted: "the ring", "the two clusters".
        survivors: Whether it asks where dies pass.
        beyond: Whether it asks for what there is besides what it names.
        choices: The two things it lets choose from: "a ring or an arc?"
        polar: Whether it asks for yes or no.
        causes: The causes it names.
        about: What it asks about, without what it leaves aside.
        one: Whether it is content with one or two ideas.
        size: Diameter of the wafer in millimetres, when it names it, else 0.
        closed: Whether it asks for yes or no and for nothing more.
        depth: Whether it asks how far a thing reaches in from the rim.
        subject: The one thing it asks about, when it names one only.
        place: The zone whose state it asks for by yes or no.
        named: The things it asks about by name, landmarks aside.
        gap: Whether it asks where a ring is open.
        dial: How it has hours and degrees counted.
        sides: Whether a side or a quadrant in words is all it asks for.
    """

    words: list[str]
    slots: frozenset[str] = frozenset()
    given: list[Claim] = field(default_factory=list)
    survivors: bool = False
    beyond: bool = False
    choices: tuple[Claim, ...] = ()
    polar: bool = False
    causes: frozenset[str] = frozenset()
    about: tuple[Claim, ...] = ()
    one: bool = False
    size: float = 0.0
    closed: bool = False
    place: str = ""
    depth: bool = False
    subject: Claim | None = None
    named: tuple[Claim, ...] = ()
    gap: bool = False
    sides: bool = False
    dial: Dial = PLAIN


NOTHING = Asked([])


@lru_cache(maxsize=4096)
def read_question(question: str, lexicon_path: str | None) -> Asked:
    """Read a question; once for each, since every answer of a group has the same one."""
    if not question.strip():
        return NOTHING
    lexicon = load_lexicon(lexicon_path)
    text = read_text(question)
    words = text.words
    claims = read(text, lexicon).claims
    given = [claim for claim in claims if _is_given(words, claim)]
    return Asked(
        words,
        asked_slots(words),
        given,
        survivors=asks_survivors(words),
        beyond=not _BEYOND.isdisjoint(words),
        choices=_choices(words, claims),
        polar=is_polar(words),
        causes=frozenset(str(claim.value) for claim in claims if claim.slot == "cause"),
        about=_about(words, claims),
        one=not _CONTENT.isdisjoint(words),
        size=wafer_size(words),
        closed=is_closed(words),
        place=asked_place(words, claims),
        depth=not _DEPTHS.isdisjoint(words),
        subject=_subject(words, claims),
        named=_named(words, claims),
        gap=asks_gap(words),
        sides=not _SIDES.isdisjoint(words) and _EXACT.isdisjoint(words),
        dial=dial_of(words, notch_of(words, PLAIN)),
    )


def _about(words: list[str], claims: list[Claim]) -> tuple[Claim, ...]:
    """Return the features it asks about: those of its last question, but "ignoring the ring, ..."."""
    asks = [n for n, w in enumerate(words) if w in QUESTION_WORDS or w in AUXILIARIES]
    starts = [n for n in asks if not n or words[n - 1] in STOPS]
    start = starts[-1] if starts else 0
    return tuple(
        c
        for c in claims
        if c.start > start
        and (c.slot in HEADS or c.slot in PLACES)
        and _BEYOND.isdisjoint(words[max(start, c.start - 4) : c.start])
    )


def _subject(words: list[str], claims: list[Claim]) -> Claim | None:
    """Return the one thing the last sentence asks about: "The ring is at the rim. Where is the line?"."""
    ends = [n for n, word in enumerate(words[:-1]) if word in (".", "?")]
    heads = [
        c
        for c in claims
        if c.slot in HEADS
        and c.affirmed
        and c.start >= (ends[-1] if ends else 0)
        and _RELATED.isdisjoint(words[max(0, c.start - 3) : c.start])
    ]
    return heads[0] if len({c.value for c in heads}) == 1 and "and" not in words else None


_ALL_OF_THEM = word_set(
    "features patterns second two both other else all everything first types things structures"
)


def _named(words: list[str], claims: list[Claim]) -> tuple[Claim, ...]:
    """Return the things a question asks about by name; none when it asks for all there is."""
    if not _ALL_OF_THEM.isdisjoint(words):
        return ()
    return tuple(c for c in claims if c.slot in HEADS and c.affirmed and not _is_aside(words, c))


def _is_aside(words: list[str], claim: Claim) -> bool:
    """Tell whether a thing is named only as a landmark, or to be left aside."""
    before = words[max(0, claim.start - 3) : claim.start]
    aside = _ASIDE | _BEYOND
    return any(word in aside for word in before if word not in ("the", "a"))


def _choices(words: list[str], claims: list[Claim]) -> tuple[Claim, ...]:
    """Return the two things of a question that offers a choice, nouns before attributes; else nothing."""
    claims = [_class_word(words, claim) for claim in claims]
    found = [
        (a, b)
        for a, b in itertools.pairwise(claims)
        if a.slot == b.slot and a.value != b.value and "or" in words[a.end : b.start] and b.start - a.end <= 4
    ]
    heads = [pair for pair in found if pair[0].slot in HEADS]
    best = heads or found
    return best[0] if len(best) == 1 else ()


def _class_word(words: list[str], claim: Claim) -> Claim:
    """Take "a Center" for the class where a question offers it: "a Center or a Donut pattern"."""
    before, after = words[claim.start - 1 : claim.start], words[claim.end : claim.end + 1]
    if claim.value == "center" and words[claim.start] == "center" and (before == ["a"] or after == ["or"]):
        return replace(claim, slot="type", value="Center")
    return claim


def _is_given(words: list[str], claim: Claim) -> bool:
    """Tell whether a definite noun phrase names it, and not as one of two choices."""
    if claim.slot not in HEADS and claim.slot not in PLACES:
        return False
    if not claim.affirmed:
        # "Apart from the rim" takes the rim for granted.
        return not _BEYOND.isdisjoint(words[max(0, claim.start - 4) : claim.start])
    if words[claim.end : claim.end + 1] == ["or"] or "or" in words[max(0, claim.start - 2) : claim.start]:
        return False
    return not _KNOWN.isdisjoint(words[max(0, claim.start - 3) : claim.start + 1])
