"""What a question asks for, and what it takes for granted and need not be said again."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from .bearings import notch_of
from .claims import ATTRIBUTES, HEADS, PLACES, Claim
from .dial import PLAIN, Dial, dial_of
from .lengths import wafer_size
from .lexicon import load_lexicon
from .polar import asked_place, is_closed
from .reader import read
from .text import read_text
from .words import word_set

_SLOTS: Mapping[str, tuple[str, ...]] = {
    "zone arc around": ("where", "location", "located", "position", "lie", "lies", "sit", "sits", "place",
                        "positions", "locations", "places", "part", "parts", "portion", "course"),
    "type zone shape": ("criterion", "criteria", "reason", "why", "distinguishes"),
    "zone": ("zone", "zones", "radius", "radial", "radially", "far", "deep", "reach", "depth"),
    "arc": (
        "clock", "direction", "directions", "hour", "hours", "side", "angle", "azimuth", "quadrant",
        "o'clock",
    ),
    "arc around": ("circumference", "azimuthal", "symmetric", "symmetrical", "angular", "around", "round"),
    "density": (
        "dense", "denser", "density", "harder", "populated", "heavier", "filling", "weight", "loaded",
        "strong", "stronger", "packed", "filling", "compactness", "coverage", "tightly", "loading",
        "intensity",
    ),
    "density shape": ("compact",),
    "border density texture shape": ("texture",),
    "closure": (
        "closed", "closure", "continuous", "broken", "gap", "gaps", "interrupted", "complete", "continuity",
        "break", "breaks", "unbroken", "contiguous", "openings", "opening", "interruption", "interruptions",
        "closes", "fragmented", "incomplete",
    ),
    "border": (
        "border", "borders", "boundary", "boundaries", "sharp", "sharper", "crisp", "end", "edges", "fuzzy",
        "outline", "transition", "contour", "crisp", "hazy", "diffuse", "flank", "flanks",
    ),
    "width": ("width", "thick", "thickness", "thicker", "thin", "wide", "wider", "broad", "narrow"),
    "length": ("length", "long", "longer"),
    "size": ("size", "big", "bigger", "larger", "large", "largest", "extent"),
    "shape": ("shape", "shapes", "structure", "clustering", "form", "grouping", "geometry", "shaped"),
    "texture": (
        "straight", "curved", "hollow", "round", "straightness", "oriented", "orientation", "connected",
        "touch", "touches", "separated", "cross", "hole", "oval", "elongated", "parallel", "bent", "separate",
        "curvature", "curve", "slant", "tilt", "stretched", "crossing", "joined", "attached", "contact",
    ),
    "texture density": ("filled", "solid"),
    "type": (
        "class", "classes", "type", "types", "label", "labels", "pattern", "patterns", "category", "name",
    ),
    "shape density closure border width size length texture": (
        "look", "looks", "describe", "morphology", "appearance", "characterize", "characterise", "features",
    ),
}  # fmt: skip
_AT_LARGE = frozenset(_SLOTS["shape density closure border width size length texture"])
_CLASS_WORDS = word_set("class classes type types label labels category name")
_REFERRING = word_set("features patterns")
_COUNTS = word_set("two three four both these")
"""Nouns that only refer to what is there, where a question asks for attributes of it."""
_NONE: frozenset[str] = frozenset()
_CLOCK = word_set("clock hour hours o'clock direction")
_PLACE = word_set("where position location lie lies sit sits")
_ASKS = {word: tuple(slots.split()) for slots, words in _SLOTS.items() for word in words}
_KNOWN = word_set("the both two three these this that its their each four of")
_BEYOND = word_set("apart besides beside else addition aside beyond leaving ignoring disregarding except")
_ASIDE = word_set("relative respect from inside outside not near around of within between beyond seen than")
"""What may stand before a thing that is only a landmark: "with respect to the ring"."""
_SIDES = word_set(
    "side sides half halves quadrant quadrants quarter flank flanks corner region hemisphere direction"
)
_EXACT = word_set("clock hour hours o'clock degrees angle angular azimuth exactly precisely bearing")
_PASSING = word_set(
    "good passing pass passes survive survives survived survivors surviving healthy green yield working clean"
    " spared spares untouched unaffected intact alive fine unharmed"
)
_AUXILIARIES = word_set(
    "is are was were could can would will do does did should has have may might must shall"
    " isn't aren't couldn't can't wouldn't don't doesn't didn't shouldn't"
)
_QUESTION_WORDS = word_set("what which where how who why when whose name list give suggest assign propose")
_STOPS = frozenset((".", "?", "!", ",", ":", ";", "\n", "(", "\u2013"))
_APART = word_set("from rather by in at only two both several")
_CHOOSING = word_set("more rather either better")
_CONTENT = word_set("one first top single main best foremost")
"""Words of a question that one hypothesis answers: "name one cause", "what would you check first"."""
_SPARED = _PASSING | word_set("free alive spared untouched unaffected intact")
_DEPTHS = word_set("deep depth inward inwards")
_RADIALLY = word_set("radial radially radius radii")
_ANGULAR = word_set(
    "clock hour hours direction directions angle angular azimuth azimuthal side position positions"
)
_RELATED = word_set("to from of than besides beside apart addition with by")
_FAILS = word_set("fail fails")
_PARTS = word_set("part parts zone zones area areas region regions portion portions radius radii places")
_NAME = word_set("which what name list state give")


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
        closed: Whether it asks for yes or no.
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
    slots = {slot for n, word in enumerate(words) if word not in _AT_LARGE for slot in _asks(words, n)}
    referring = _NONE
    if slots.intersection(ATTRIBUTES) and _CLASS_WORDS.isdisjoint(words):
        # "Which of the two patterns is fuzzy?" asks for no class.
        counted = {b for a, b in itertools.pairwise(words) if a in _COUNTS}
        referring = _REFERRING & counted
        if referring:
            slots.discard("type")
    if slots.isdisjoint(("zone", "arc")):
        # "Describe it" asks for all of its form; "describe its position" does not.
        slots |= {slot for n, word in enumerate(words) if word not in referring for slot in _asks(words, n)}
    if "form" in words and len(slots.intersection(ATTRIBUTES)) > 1:
        # "The form: width, straightness, continuity" names what is meant by form.
        slots.discard("shape")
    if not _RADIALLY.isdisjoint(words) and _ANGULAR.isdisjoint(words):
        # "Where, radially?" asks for no direction.
        slots -= {"arc", "around"}
    return Asked(
        words,
        frozenset(slots),
        given,
        survivors=_asks_survivors(words),
        beyond=not _BEYOND.isdisjoint(words),
        choices=_choices(words, claims),
        polar=_is_polar(words),
        causes=frozenset(str(claim.value) for claim in claims if claim.slot == "cause"),
        about=_about(words, claims),
        one=not _CONTENT.isdisjoint(words),
        size=wafer_size(words),
        closed=is_closed(words),
        place=asked_place(words, claims),
        depth=not _DEPTHS.isdisjoint(words),
        subject=_subject(words, claims),
        named=_named(words, claims),
        gap=not _GAPS.isdisjoint(words) and _asks_where(words),
        sides=not _SIDES.isdisjoint(words) and _EXACT.isdisjoint(words),
        dial=dial_of(words, notch_of(words, PLAIN)),
    )


def _is_polar(words: list[str]) -> bool:
    """Tell whether it asks for yes or no: "Would a worn ring explain it?", "They blame it. Do you agree?"."""
    opens = [n for n, word in enumerate(words) if word in _AUXILIARIES and (not n or words[n - 1] in _STOPS)]
    if not opens or any(w in _QUESTION_WORDS for n, w in enumerate(words) if not n or words[n - 1] in _STOPS):
        return False
    after = {words[n + 1] for n, word in enumerate(words[:-1]) if word == "or" and n > opens[0]}
    return not after or (after.isdisjoint(_AUXILIARIES | _APART) and _CHOOSING.isdisjoint(words))


def _about(words: list[str], claims: list[Claim]) -> tuple[Claim, ...]:
    """Return the features it asks about: those of its last question, but "ignoring the ring, ..."."""
    asks = [n for n, w in enumerate(words) if w in _QUESTION_WORDS or w in _AUXILIARIES]
    starts = [n for n in asks if not n or words[n - 1] in _STOPS]
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


_FAILING = word_set("fail fails hit affected bad both")
_CARRYING = word_set("carries carry holds hold bears bear contains contain hosts houses")
_ONWARD = word_set("through over by across along from to")
_GAPS = word_set("gap gaps opening open opens interrupted interruption mouth break missing")
_WHICH = word_set("which what")
_STRETCHES = word_set(
    "side part stretch sector half quadrant region zone hours area portion section piece quarter direction"
)


def _asks_where(words: list[str]) -> bool:
    return "where" in words or (not _WHICH.isdisjoint(words) and not _STRETCHES.isdisjoint(words))


def _asks_survivors(words: list[str]) -> bool:
    """Tell whether a question asks where dies pass: "Which stretch is spared?", "which zones are clean?"."""
    if "and" in words and not _CARRYING.isdisjoint(words):
        # "Which half carries the arc and which one is clean?" asks for both.
        return False
    # "Two features fail here. Which zone is still clean?"
    return any(_is_about_survivors(sentence) for sentence in _sentences(words))


def _sentences(words: list[str]) -> list[list[str]]:
    ends = [n + 1 for n, word in enumerate(words) if word in (".", "?")]
    return [words[a:b] for a, b in itertools.pairwise([0, *ends, len(words)]) if a < b]


def _is_about_survivors(words: list[str]) -> bool:
    if not _FAILING.isdisjoint(words):
        return False
    at = next((n for n, word in enumerate(words) if word in _PARTS), 0)
    zones = at > 0 and "and" not in words and not _NAME.isdisjoint(words[max(0, at - 2) : at])
    # "Which sector does the line pass through?" asks for no survivors.
    passing = any(a in _SPARED and b not in _ONWARD for a, b in itertools.pairwise([*words, ""]))
    return passing and (zones or _asks_where(words))


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


def _asks(words: list[str], n: int) -> tuple[str, ...]:
    """Slots one word asks for; a place on the clock face is a direction, not a zone."""
    if words[n] in ("position", "positions") and n and words[n - 1] in _CLOCK:
        return ("arc",)
    near = words[max(0, n - 1) : n + 4]
    if words[n] in _PLACE and not _CLOCK.isdisjoint(near) and "and" not in near:
        return ("arc",)
    return _ASKS.get(words[n], ())


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
