"""What a question asks for, and what it takes for granted and need not be said again."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from .claims import ATTRIBUTES, HEADS, PLACES, Claim
from .lexicon import load_lexicon
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
        "strong", "stronger", "packed", "filling", "compactness", "compact", "coverage", "tightly", "loading",
        "intensity",
    ),
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
_CLOCK = word_set("clock hour hours o'clock direction")
_PLACE = word_set("where position location lie lies sit sits")
_ASKS = {word: tuple(slots.split()) for slots, words in _SLOTS.items() for word in words}
_KNOWN = word_set("the both two three these this that its their each four of")
_BEYOND = word_set("apart besides beside else addition aside beyond")
_PASSING = word_set(
    "good passing pass passes survive survives survivors surviving healthy green yield working clean"
)


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
    """

    words: list[str]
    slots: frozenset[str] = frozenset()
    given: list[Claim] = field(default_factory=list)
    survivors: bool = False
    beyond: bool = False
    choices: tuple[Claim, ...] = ()


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
    if slots.isdisjoint(("zone", "arc")):
        # "Describe it" asks for all of its form; "describe its position" does not.
        slots |= {slot for n in range(len(words)) for slot in _asks(words, n)}
    if "form" in words and len(slots.intersection(ATTRIBUTES)) > 1:
        # "The form: width, straightness, continuity" names what is meant by form.
        slots.discard("shape")
    return Asked(
        words,
        frozenset(slots),
        given,
        not _PASSING.isdisjoint(words) and "where" in words and "fail" not in words and "fails" not in words,
        not _BEYOND.isdisjoint(words),
        _choices(words, claims),
    )


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
    """Take "a Center" for the class where the question offers it as a choice: "a Center or a Donut pattern"."""
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
