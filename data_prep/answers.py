"""Answers and rubric terms, one function per kind of question; a fact that is missing gives None.

Terms are those of the rubric vocabulary (types, zones, o'clock positions, shapes, densities, cause
groups), so that the scorer's lexicon knows their synonyms. Every answer holds its own must-hit terms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from . import phrases
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
    names = phrases.join([phrases.name_of(pattern) for pattern in facts.patterns])
    if len(facts.labels) == 1:
        text = voice.say(
            f"{names}.",
            f"The map shows the {names} pattern.",
            f"This is the {names} pattern.",
            f"The failing dies form the {names} type of pattern.",
        )
    else:
        text = voice.say(
            f"{names}.",
            f"The map combines the patterns {names}.",
            f"Several patterns overlap: {names}.",
            f"This wafer shows a mix of {names}.",
        )
    return Answer(text, tuple(facts.labels), others)


def several(facts: Facts, voice: Voice) -> Answer | None:
    """Whether two or more patterns overlap."""
    if not facts.labels:
        return None
    names = phrases.join([phrases.name_of(pattern) for pattern in facts.patterns]) if facts.patterns else ""
    if len(facts.patterns) > 1:
        text = voice.say(
            f"Yes, {names}.", f"Yes, the patterns {names} overlap.", f"Yes, the map combines {names}."
        )
        return polar(True, text, facts.labels)
    if facts.patterns:
        text = voice.say(
            f"No, only {names}.",
            f"No, there is only the {names} pattern.",
            f"No, {names} is the only pattern.",
        )
        return polar(False, text, facts.labels)
    return polar(False, *_none(voice))


def _none(voice: Voice) -> tuple[str, tuple[Term, ...]]:
    text = voice.say(
        "No pattern.",
        "There is no systematic pattern on this wafer.",
        "The failures are background without any pattern.",
    )
    return text, (NO_PATTERN,)


def _each(facts: Facts, voice: Voice, verb: str, pieces: list[str]) -> str:
    """One clause per pattern: `The Donut lies at mid-radius and the Loc at 4 o'clock`."""
    names = [phrases.name_of(pattern) for pattern in facts.patterns]
    if voice.concise:
        return ", ".join(f"{name} {piece}" for name, piece in zip(names, pieces, strict=True)) + "."
    adjective = names[0] in ("Random", "Near-full")
    noun = " pattern" if (adjective or voice.rng.random() < 0.4) and " " not in names[0] else ""
    clauses = [f"the {names[0]}{noun} {verb} {pieces[0]}"]
    clauses += [f"the {name} {piece}" for name, piece in zip(names[1:], pieces[1:], strict=True)]
    return _capital(phrases.join(clauses)) + "."


def zone(facts: Facts, voice: Voice) -> Answer | None:
    """Radial zones of all patterns."""
    if facts.normal:
        return Answer(*_none(voice))
    if not _placed(facts):
        return None
    text = _where(facts, voice, clocks=False)
    hits = tuple(ENTIRE if word == "full" else word for word in phrases.zone_words(facts.patterns))
    return Answer(text, hits, facts.clear_zones)


ENTIRE = "entire wafer"


def _placed(facts: Facts) -> bool:
    return bool(facts.patterns) and all(pattern.zones for pattern in facts.patterns)


def _where(facts: Facts, voice: Voice, *, clocks: bool) -> str:
    verb = ("lies", "is located", "sits")[voice.rng.integers(3)]
    return _each(facts, voice, verb, [phrases.place_of(pattern, clocks=clocks) for pattern in facts.patterns])


def clock(facts: Facts, voice: Voice) -> Answer | None:
    """Clock positions of one-sided patterns, or that there is no direction."""
    if not facts.labels:
        return None
    if facts.normal:
        text = voice.say(
            "No pattern, no preferred direction.",
            "There is no pattern and no preferred direction.",
            "No preferred direction: the map shows no pattern.",
        )
        return Answer(text, (NO_DIRECTION,))
    sided = [pattern for pattern in facts.patterns if not pattern.all_around]
    if any(pattern.arc is None for pattern in sided) or any(not phrases.place_of(p) for p in facts.patterns):
        return None
    text = _where(facts, voice, clocks=True)
    if not sided:
        if not text.endswith("all around."):
            text = f"{text[:-1]}, no preferred direction." if voice.concise else _no_direction(text, voice)
        return Answer(text, (NO_DIRECTION,))
    arcs = [pattern.arc for pattern in sided if pattern.arc is not None]
    hits = tuple(dict.fromkeys(phrases.clock(arc) for arc in arcs))
    if len(facts.patterns) > 1:
        return Answer(text, hits)
    direction = phrases.direction_of(arcs[0].middle)
    if not voice.concise and voice.rng.random() < 0.5:
        text = f"{text[:-1]}, towards the {direction}."
    return Answer(text, hits, (phrases.opposite(direction),))


NO_DIRECTION: Term = {"any_of": ["no preferred direction", "all around"]}


def _no_direction(text: str, voice: Voice) -> str:
    ends = (", with no preferred direction.", " and shows no preferred direction.")
    return text[:-1] + ends[voice.rng.integers(2)]


def center_clear(facts: Facts, voice: Voice) -> Answer | None:
    """Whether the centre is free of patterns."""
    return _clear(facts, "center", voice)


def edge_clear(facts: Facts, voice: Voice) -> Answer | None:
    """Whether the edge is free of patterns."""
    return _clear(facts, "edge", voice)


def _clear(facts: Facts, name: str, voice: Voice) -> Answer | None:
    if facts.normal:
        return polar(True, *_none(voice))
    if not _placed(facts):
        return None
    hits = tuple(ENTIRE if word == "full" else word for word in phrases.zone_words(facts.patterns))
    if name in facts.clear_zones:
        return polar(True, _where(facts, voice, clocks=False), hits)
    if any(name in pattern.zones or "full" in pattern.zones for pattern in facts.patterns):
        return polar(False, _where(facts, voice, clocks=False), hits)
    return None


_SHAPES_TO_AVOID = ("ring", "linear", "blob")


def _shaped(facts: Facts) -> bool:
    return bool(facts.patterns) and all(pattern.shape for pattern in facts.patterns)


def _look(facts: Facts, voice: Voice, *, density: bool = False) -> str:
    verb = "is" if density else ("forms", "is", "shows as")[voice.rng.integers(3)]
    return _each(
        facts, voice, verb, [phrases.look_of(pattern, density=density) for pattern in facts.patterns]
    )


def _shape_terms(facts: Facts) -> tuple[Term, ...]:
    full: Term = {"any_of": ["full coverage", "full", "saturated"]}
    shapes = dict.fromkeys(pattern.shape for pattern in facts.patterns)
    return tuple(full if name == "full" else str(name) for name in shapes)


def shape(facts: Facts, voice: Voice) -> Answer | None:
    """Geometric shapes of all patterns."""
    if facts.normal:
        text = voice.say(
            "Scattered points, no pattern.",
            "The failing dies are scattered points; there is no pattern.",
            "There is no pattern, only a few scattered failing dies.",
        )
        return Answer(text, ({"any_of": ["scattered", "no pattern"]},), ("ring", "linear"))
    if not _shaped(facts):
        return None
    shapes = {pattern.shape for pattern in facts.patterns}
    spared = shapes | ({"ring"} if "arc" in shapes else set()) | ({"blob"} if "full" in shapes else set())
    avoid = tuple(name for name in _SHAPES_TO_AVOID if name not in spared)
    return Answer(_look(facts, voice), _shape_terms(facts), avoid)


SPARSE_BACKGROUND = 0.12
"""Share of failing dies up to which a normal wafer's failures are sparse."""


def density(facts: Facts, voice: Voice) -> Answer | None:
    """Density, where all patterns share one that is known."""
    if facts.normal and (facts.fail_share is None or facts.fail_share > SPARSE_BACKGROUND):
        return None
    if facts.normal:
        text = voice.say(
            "No pattern, sparse.",
            "There is no pattern; the failing dies are sparse.",
            "The failing dies are sparse and show no pattern.",
        )
        return Answer(text, ("sparse",), ("dense",))
    found = {pattern.density for pattern in facts.patterns}
    if len(found) != 1 or None in found or not _shaped(facts):
        return None
    word, other = ("dense", "sparse") if found == {"dense"} else ("sparse", "dense")
    return Answer(_look(facts, voice, density=True), (word,), (other,))


def random(facts: Facts, voice: Voice) -> Answer | None:
    """Whether the failures follow no spatial structure."""
    if not facts.labels or "Near-full" in facts.labels:
        return None
    if facts.normal:
        text = voice.say(
            "No pattern, only scattered points.",
            "There is no pattern, only scattered failing dies.",
            "The failing dies are scattered and form no pattern.",
        )
        return polar(True, text, ("scattered",))
    if facts.labels == ("Random",):
        text = voice.say(
            "Random, scattered points.",
            "This is a Random pattern of scattered failing dies.",
            "The failing dies are scattered over the entire wafer, a Random pattern.",
        )
        return polar(True, text, ("scattered",))
    if not _shaped(facts):
        return None
    return polar(False, _look(facts, voice), _shape_terms(facts), ("scattered",))


def symmetry(facts: Facts, voice: Voice) -> Answer | None:
    """Whether all patterns look alike in every direction."""
    if facts.normal or not facts.patterns or any(pattern.all_around is None for pattern in facts.patterns):
        return None
    if any(not phrases.place_of(pattern) for pattern in facts.patterns):
        return None
    hits: tuple[Term, ...] = tuple(
        phrases.clock(pattern.arc) for pattern in facts.patterns if pattern.arc and not pattern.all_around
    )
    text = _where(facts, voice, clocks=True)
    symmetric = all(pattern.all_around for pattern in facts.patterns)
    if not symmetric and not hits:
        return None
    if symmetric and not text.endswith("all around."):
        text = f"{text[:-1]}, no preferred direction." if voice.concise else _no_direction(text, voice)
    return polar(symmetric, text, (NO_DIRECTION,) if symmetric else tuple(dict.fromkeys(hits)))


def polar(yes: bool, text: str, hits: tuple[Term, ...] = (), avoid: tuple[Term, ...] = ()) -> Answer:
    """A yes/no answer with its evidence, which is scored along with the word."""
    word, other = ("yes", "no") if yes else ("no", "yes")
    if not text.lower().startswith((f"{word},", f"{word}.")):
        head, _, rest = text.partition(" ")
        text = f"{_capital(word)}, {head.lower() if head in _OPENERS else head} {rest}"
    return Answer(text, (word, *hits), (other, *avoid))


_OPENERS = ("The", "There", "This", "It", "A", "No", "More", "Possibly", "Handling", "Random", "Scattered")


Asker: TypeAlias = Callable[[Facts, Voice], Answer | None]
