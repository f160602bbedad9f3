"""Judgements on an answer, each with the words it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .claims import Feature
from .things import Thing

Weight = Callable[[str, str], float]
"""How much a slot counts when a source knows it."""


@dataclass(slots=True)
class Evidence:
    """One judgement and the words it rests on.

    Attributes:
        verdict: `met`, `near`, `missing`, `false`, `denied` or `invented`.
        what: The rubric item, or the true fact, in words.
        credit: Between -1 and 1.
        weight: How much it counts.
        start: First token of the words; -1 when none were found.
        end: Token after the last.
        why: The reason in words.
        slot: Slot of the fact, when it is about one.
        aspect: Values of the slot it is about; empty for all of them.
        thing: Index of the true feature it is about, -1 for none.
    """

    verdict: str
    what: str
    credit: float
    weight: float
    start: int = -1
    end: int = -1
    why: str = ""
    thing: int = -1
    slot: str = ""
    aspect: frozenset[str] = frozenset()


@dataclass(slots=True)
class Judgement:
    """The evidence on one part of an answer."""

    evidence: list[Evidence] = field(default_factory=list)
    bound: list[tuple[Feature, Thing | None]] = field(default_factory=list)
    denied_truth: bool = False
    engaged: bool = False

    @property
    def weight(self) -> float:
        """Return the weight of everything but inventions."""
        return sum([e.weight for e in self.evidence if e.verdict != "invented"], 0.0)

    @property
    def invented(self) -> int:
        """Return the number of claims that are false."""
        return sum(e.verdict in ("invented", "false", "denied") for e in self.evidence)


def seen(feature: Feature) -> bool:
    """Tell whether a group of claims asserts that something is there."""
    return any(
        c.affirmed and not c.good and c.slot in ("type", "shape", "zone", "arc") for c in feature.claims
    )
