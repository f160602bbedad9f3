"""Which slots the words of a question ask for."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from .claims import ATTRIBUTES
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
"""Nouns that only refer to what is there, where a question asks for attributes of it."""
_COUNTS = word_set("two three four both these")
_NONE: frozenset[str] = frozenset()
_CLOCK = word_set("clock hour hours o'clock direction")
_PLACE = word_set("where position location lie lies sit sits")
_ASKS = {word: tuple(slots.split()) for slots, words in _SLOTS.items() for word in words}
_RADIALLY = word_set("radial radially radius radii")
_ANGULAR = word_set(
    "clock hour hours direction directions angle angular azimuth azimuthal side position positions"
)


def asked_slots(words: list[str]) -> frozenset[str]:
    """Return the slots a question asks for: "which zone?", "how dense?", "describe its form"."""
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
    return frozenset(slots)


def _asks(words: list[str], n: int) -> tuple[str, ...]:
    """Slots one word asks for; a place on the clock face is a direction, not a zone."""
    if words[n] in ("position", "positions") and n and words[n - 1] in _CLOCK:
        return ("arc",)
    near = words[max(0, n - 1) : n + 4]
    if words[n] in _PLACE and not _CLOCK.isdisjoint(near) and "and" not in near:
        return ("arc",)
    return _ASKS.get(words[n], ())
