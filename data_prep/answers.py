"""Answers and rubric terms, one function per kind of question; a fact that is missing gives None.

Terms are those of the rubric vocabulary (types, zones, o'clock positions, shapes, densities, cause
groups), so that the scorer's lexicon knows their synonyms. Every answer holds its own must-hit terms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from . import causes, phrases
from .facts import Facts
from .records import DEFECT_TYPES

Term: TypeAlias = str | dict[str, Any]
NO_PATTERN: Term = {"any_of": ["no systematic pattern", "no pattern", "None"]}


@dataclass(frozen=True)
class Answer:
    """A right answer with what it must and must not say."""

    text: str
    must_hit: tuple[Term, ...]
    must_avoid: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Voice:
    """How answers are worded: at random from `rng`, in sentences or in a few words."""

    rng: np.random.Generator
    concise: bool = False

    def say(self, concise: str, *sentences: str) -> str:
        """The concise form, or one of the sentences."""
        return concise if self.concise else sentences[self.rng.integers(len(sentences))]


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def type_(facts: Facts, voice: Voice) -> Answer | None:
    """Every type present, none other."""
    if not facts.labels:
        return None
    others = tuple(name for name in DEFECT_TYPES if name not in facts.labels)
    if facts.normal:
        text = voice.say(
            "None, no pattern.",
            "The wafer shows no systematic pattern; it is normal.",
            "There is no systematic pattern on this map, only background.",
            "None: the map holds no systematic pattern.",
        )
        return Answer(text, (NO_PATTERN,), others)
    names = phrases.type_names(facts.labels)
    if len(facts.labels) == 1:
        text = voice.say(
            f"{names}.",
            f"The map shows a {names} pattern.",
            f"This is a {names} pattern.",
            f"The failing dies form the {names} type of pattern.",
        )
    else:
        text = voice.say(
            f"{names}.",
            f"The map combines the pattern types {names}.",
            f"Several patterns overlap: {names}.",
            f"This wafer is of a mixed type with {names}.",
        )
    return Answer(text, tuple(facts.labels), others)


def several(facts: Facts, voice: Voice) -> Answer | None:
    """Whether two or more patterns overlap."""
    if not facts.labels:
        return None
    count = len(facts.patterns)
    if count > 1:
        number = ("two", "three", "four")[min(count, 4) - 2]
        text = voice.say(
            "Yes.", f"Yes, {number} different patterns overlap.", f"Yes, the map holds {number} patterns."
        )
        return _polar(True, text)
    if count == 1:
        return _polar(
            False, voice.say("No.", "No, a single pattern explains the failures.", "No, only one is present.")
        )
    return _polar(
        False, voice.say("No.", "No, the failures are background only.", "No, there is none at all.")
    )


def zone(facts: Facts, voice: Voice) -> Answer | None:
    """Radial zones of all patterns."""
    if facts.normal:
        text = voice.say(
            "No pattern, no zone.",
            "There is no systematic pattern, so every radius is affected alike.",
            "The failures show no systematic pattern along the radius.",
        )
        return Answer(text, (NO_PATTERN,))
    if not facts.patterns or any(not pattern.zones for pattern in facts.patterns):
        return None
    words = phrases.zone_words(facts.patterns)
    places = phrases.join([phrases.ZONE_PLACES[word] for word in words])
    text = voice.say(
        f"{_capital(places)}.",
        f"The failures are concentrated {places}.",
        f"Failing dies accumulate {places} of the wafer."
        if words != ["full"]
        else f"They are spread {places}.",
        f"The failure density is raised {places}.",
    )
    hits = tuple("entire wafer" if word == "full" else word for word in words)
    return Answer(text, hits, facts.clear_zones)


def clock(facts: Facts, voice: Voice) -> Answer | None:
    """Clock positions of one-sided patterns, or that there is no direction."""
    sided = [pattern for pattern in facts.patterns if not pattern.all_around]
    if any(pattern.arc is None for pattern in sided) or not facts.labels:
        return None
    if not sided:
        text = voice.say(
            "No preferred direction.",
            "There is no preferred direction; all clock positions are affected alike.",
            "No preferred direction: the failures lie all around.",
        )
        return Answer(text, ({"any_of": ["no preferred direction", "all around"]},))
    arcs = [pattern.arc for pattern in sided if pattern.arc is not None]
    hours = [phrases.clock(arc) for arc in arcs]
    if len(arcs) == 1:
        direction = phrases.direction_of(arcs[0].middle)
        text = voice.say(
            f"{hours[0]}.",
            f"The failures lie at {hours[0]}, towards the {direction}.",
            f"They concentrate in the {direction} of the map, at {hours[0]}.",
            f"The affected area is at {hours[0]}.",
        )
        return Answer(text, (hours[0],), (phrases.opposite(direction),))
    listed = phrases.join(hours)
    text = voice.say(
        f"{listed}.",
        f"The failures lie at {listed}.",
        f"There are {('two', 'three', 'four')[min(len(arcs), 4) - 2]} affected areas, at {listed}.",
        f"They concentrate at {listed}.",
    )
    return Answer(text, tuple(dict.fromkeys(hours)))


def center_clear(facts: Facts, voice: Voice) -> Answer | None:
    """Whether the centre is free of patterns."""
    return _clear(facts, "center", voice)


def edge_clear(facts: Facts, voice: Voice) -> Answer | None:
    """Whether the edge is free of patterns."""
    return _clear(facts, "edge", voice)


def _clear(facts: Facts, name: str, voice: Voice) -> Answer | None:
    if facts.normal or name in facts.clear_zones:
        return _polar(
            True,
            voice.say("Yes.", f"Yes, the {name} is clear apart from background.", "Yes, it is unaffected."),
        )
    if any(name in pattern.zones or "full" in pattern.zones for pattern in facts.patterns):
        return _polar(
            False, voice.say("No.", f"No, the {name} is affected.", "No, failing dies accumulate there.")
        )
    return None


_SHAPES_TO_AVOID = ("ring", "linear", "blob")


def shape(facts: Facts, voice: Voice) -> Answer | None:
    """Geometric shapes of all patterns."""
    if facts.normal:
        text = voice.say(
            "Scattered points, no pattern.",
            "The failing dies are scattered points without any shape.",
            "There is no pattern, only a few scattered failing dies.",
        )
        return Answer(text, ({"any_of": ["scattered", "no pattern"]},), ("ring", "linear"))
    shapes = list(dict.fromkeys(pattern.shape for pattern in facts.patterns if pattern.shape))
    if not facts.patterns or len(shapes) < len({pattern.shape for pattern in facts.patterns}):
        return None
    nouns = phrases.join([phrases.SHAPE_NOUNS[name] for name in shapes])
    text = voice.say(
        f"{_capital(nouns)}.",
        f"The failing dies form {nouns}.",
        f"The structure is {nouns}.",
        f"Geometrically the failures make up {nouns}.",
    )
    hits: tuple[Term, ...] = tuple(
        {"any_of": ["full coverage", "full", "saturated"]} if name == "full" else name for name in shapes
    )
    spared = (
        set(shapes) | ({"ring"} if "arc" in shapes else set()) | ({"blob"} if "full" in shapes else set())
    )
    return Answer(text, hits, tuple(name for name in _SHAPES_TO_AVOID if name not in spared))


def density(facts: Facts, voice: Voice) -> Answer | None:
    """Density, where all patterns share one that is known."""
    found = {"sparse"} if facts.normal else {pattern.density for pattern in facts.patterns}
    if len(found) != 1 or None in found or not facts.labels:
        return None
    word = found.pop()
    if word == "dense":
        text = voice.say(
            "Dense.",
            "The affected area is dense: nearly every die in it fails.",
            "It is dense, with tightly packed failing dies.",
            "The pattern is dense.",
        )
        return Answer(text, ("dense",), ("sparse",))
    text = voice.say(
        "Sparse.",
        "The failing dies are sparse, with many passing dies between them.",
        "It is sparse: failing and passing dies alternate.",
        "The density is sparse.",
    )
    return Answer(text, ("sparse",), ("dense",))


def random(facts: Facts, voice: Voice) -> Answer | None:
    """Whether the failures follow no spatial structure."""
    if not facts.labels or "Near-full" in facts.labels:
        return None
    if facts.normal or facts.labels == ("Random",):
        return _polar(
            True,
            voice.say("Yes.", "Yes, the failures are scattered at random.", "Yes, any structure is missing."),
        )
    return _polar(
        False,
        voice.say(
            "No.", "No, they form a systematic structure.", "No, the failures follow a spatial structure."
        ),
    )


def symmetry(facts: Facts, voice: Voice) -> Answer | None:
    """Whether all patterns look alike in every direction."""
    if facts.normal or not facts.patterns or any(pattern.all_around is None for pattern in facts.patterns):
        return None
    if all(pattern.all_around for pattern in facts.patterns):
        return _polar(
            True,
            voice.say("Yes.", "Yes, all directions are affected alike.", "Yes, it is radially symmetric."),
        )
    return _polar(
        False,
        voice.say(
            "No.", "No, the failures prefer one side.", "No, some directions are affected more than others."
        ),
    )


def cause(facts: Facts, voice: Voice) -> Answer | None:
    """Hedged hypotheses; any accepted group is enough."""
    if facts.normal:
        text = voice.say(
            "No systematic cause, background.",
            "There is no systematic cause; background defectivity may explain the failures.",
            "Probably no systematic cause: this looks like background defectivity.",
        )
        return Answer(text, ({"any_of": ["no systematic cause", "background defectivity", "background"]},))
    groups = causes.accepted_groups(facts.labels)
    if not groups:
        return None
    items: list[Term] = []
    told: list[causes.Cause] = []
    for label in facts.labels:
        accepted = causes.ACCEPTED[label]
        first = accepted[int(voice.rng.integers(min(2, len(accepted))))]
        told.append(first)
        item = {"any_of": list(dict.fromkeys(cause.group for cause in accepted))}
        if item not in items:
            items.append(item)
    if len(facts.labels) == 1:
        rest = [entry for entry in causes.ACCEPTED[facts.labels[0]] if entry.group != told[0].group]
        if rest:
            told.append(rest[int(voice.rng.integers(len(rest)))])
    told = list(dict.fromkeys(told))
    short = phrases.join(list(dict.fromkeys(entry.group for entry in told)))
    words = " or ".join(entry.words for entry in told)
    text = voice.say(
        f"Possibly {short}.",
        f"Possible causes are {words} ({short}); I would check {told[0].check}.",
        f"The pattern may come from {words}, that is {short}. A look at {told[0].check} could tell.",
        f"Likely candidates: {short}, for instance {words}.",
    )
    return Answer(text, tuple(items), tuple(causes.implausible_terms(facts.labels)))


def contact(facts: Facts, voice: Voice) -> Answer | None:
    """Whether one mechanical contact is a sufficient explanation."""
    if not facts.labels:
        return None
    if facts.labels == ("Scratch",):
        return _polar(
            True,
            voice.say(
                "Yes.", "Yes, one mechanical contact could explain it.", "Yes, a single contact may suffice."
            ),
        )
    if (
        facts.normal
        or len(facts.labels) > 1
        or set(facts.labels) & (causes.AXISYMMETRIC | {"Near-full", "Random"})
    ):
        return _polar(
            False,
            voice.say("No.", "No, one contact is unlikely to explain it.", "No, that would look different."),
        )
    return None


def _polar(yes: bool, text: str) -> Answer:
    word, other = ("yes", "no") if yes else ("no", "yes")
    return Answer(text, (word,), (other,))


def full(facts: Facts, voice: Voice) -> dict[str, Answer] | None:
    """The three parts of a full analysis; None unless each has something certain to say."""
    spatial, look, why = zone(facts, voice), shape(facts, voice), cause(facts, voice)
    if spatial is None or look is None or why is None:
        return None
    at = clock(facts, voice) if any(pattern.arc for pattern in facts.patterns) else None
    if at is not None:
        avoid = tuple(dict.fromkeys((*spatial.must_avoid, *at.must_avoid)))
        spatial = Answer(f"{spatial.text} {at.text}", (*spatial.must_hit, *at.must_hit), avoid)
    filled = density(facts, voice)
    if filled is not None and not facts.normal:
        avoid = tuple(dict.fromkeys((*look.must_avoid, *filled.must_avoid)))
        look = Answer(f"{look.text} {filled.text}", (*look.must_hit, *filled.must_hit), avoid)
    return {"spatial": spatial, "morphology": look, "root_cause": why}


Asker: TypeAlias = Callable[[Facts, Voice], Answer | None]


def terms(items: Sequence[Term]) -> list[Term]:
    """Rubric items as a list of plain JSON types."""
    return list(items)
