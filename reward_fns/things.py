"""The features that are really there, and how well what is said fits them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .angles import Arc, agreement, hour_of
from .claims import HEADS, Claim, Value
from .lexicon import Lexicon
from .quantities import Quantity


@dataclass(slots=True)
class Fact:
    """A true value of one slot and where it is known from: `hit`, `reference` or `class`."""

    value: Value
    source: str


@dataclass(slots=True)
class Thing:
    """One feature that is really there.

    Attributes:
        label: Its class, or "" when the row names none.
        facts: True values by slot.
        sized: Whether the question tells it from another one by its size.
        anyone: Whether its directions are those of the row, whichever feature they belong to.
        told: Whether the reference answer has spoken of it.
        focus: Whether the question asks about it, and not about all there is.
        sides: Whether its side in words is all that the question asks for.
        sealed: Whether the facts are complete, so that what fits them may be remembered.
        known: How values said before fit; by value, not by answer.
        pulls: How much values said before look like talk about it.
        listed: True values by slot, once the facts are complete.
        worded: The same in words.
        pairs: Attributes that hold in one direction only ("wider at 6 o'clock").
        flanks: Attributes that hold on one flank only: slot, value, `in` or `out`.
        spots: Radius and direction of each of several places of it.
    """

    label: str
    facts: dict[str, list[Fact]] = field(default_factory=dict)
    pairs: list[tuple[Claim, Arc]] = field(default_factory=list)
    spots: list[tuple[Value, Arc]] = field(default_factory=list)
    flanks: list[tuple[str, str, str]] = field(default_factory=list)
    sealed: bool = False
    sized: bool = False
    anyone: bool = False
    told: bool = False
    sides: bool = False
    focus: bool = False
    known: dict[tuple[str, Value], float] = field(default_factory=dict, repr=False)
    pulls: dict[tuple[str, Value], float] = field(default_factory=dict, repr=False)
    listed: dict[str, list[Value]] = field(default_factory=dict, repr=False)
    worded: dict[str, str] = field(default_factory=dict, repr=False)

    def add(self, slot: str, value: Value, source: str) -> None:
        """Add a fact; one known twice keeps the stronger source."""
        known = self.facts.setdefault(slot, [])
        for fact in known:
            if fact.value == value:
                if source == "hit" or (source == "reference" and fact.source == "class"):
                    fact.source = source
                return
        known.append(Fact(value, source))

    def values(self, slot: str) -> list[Value]:
        """Return the true values of a slot."""
        found = self.listed.get(slot)
        if found is None:
            found = [fact.value for fact in self.facts.get(slot, ())]
            if self.sealed:
                self.listed[slot] = found
        return found

    def wording(self, slot: str) -> str:
        """Return the true values of a slot in words, for the evidence."""
        found = self.worded.get(slot)
        if found is None:
            found = f"{self.label or 'feature'} {slot}: " + " / ".join(map(describe, self.values(slot)))
            if self.sealed:
                self.worded[slot] = found
        return found

    def outdated(self, shape: str) -> bool:
        """Tell whether a shape is only what the class usually has, where the reference names another one."""
        facts = self.facts.get("shape", ())
        usual = any(fact.value == shape and fact.source == "class" for fact in facts)
        return usual and shape != "ring" and any(fact.source != "class" for fact in facts)

    def forget(self, slot: str) -> None:
        """Drop what is known of a slot."""
        self.facts.pop(slot, None)
        self.known.clear()
        self.pulls.clear()
        self.listed.clear()
        self.worded.clear()


@dataclass(slots=True)
class Truth:
    """All that is known to be true of a row.

    Attributes:
        things: The features.
        clear: Zones and directions known to be free of defects.
        survivors: What is true of the dies that pass.
        denied: Other claims the reference denies.
        causes: Cause concepts the row itself names.
        excluded: Cause concepts the row rules out.
        phrases: Must-hit items the lexicon does not know, by item.
        tolerated: What the reference answer names beside the features; never charged.
        opening: +1 or -1 when the reference opens with yes or no.
        verdict: The same in any words, when the question asks for yes or no.
        extent: The numbers of the reference that the question asks for.
    """

    things: list[Thing]
    clear: list[Claim] = field(default_factory=list)
    survivors: list[Claim] = field(default_factory=list)
    denied: list[Claim] = field(default_factory=list)
    causes: dict[str, str] = field(default_factory=dict)
    excluded: set[str] = field(default_factory=set)
    opening: int = 0
    verdict: int = 0
    tolerated: set[str] = field(default_factory=set)
    extent: list[Quantity] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        """Return the classes present."""
        return [thing.label for thing in self.things if thing.label]


_MISSED = 0.2
"""How much of the radius two stretches may differ by and still touch."""


def zone_fit(said: Value, true: Value, lexicon: Lexicon) -> float:
    """Return how well two radial bands agree: 1 the same, 0.5 neighbours that touch, 0 apart."""
    if said == true:
        return 1.0
    a = lexicon.zones.get(said) if isinstance(said, str) else said
    b = lexicon.zones.get(true) if isinstance(true, str) else true
    if a is None or b is None or isinstance(a, Arc) or isinstance(b, Arc):
        return 0.0
    if "full" in (said, true):
        # The whole wafer contains every band and is none of them.
        return 1.0 if min(a[1] - a[0], b[1] - b[0]) >= 0.8 else 0.0
    if a[0] == a[1] or b[0] == b[1]:
        point, band = (a[0], b) if a[0] == a[1] else (b[0], a)
        gap = max(band[0] - point, point - band[1], 0.0)
        return 1.0 if gap <= 0.05 else 0.5 if gap <= 0.12 else 0.0
    shared = min(a[1], b[1]) - max(a[0], b[0])
    if isinstance(said, tuple) and a[0] < 0.1 and b[0] >= 0.3:
        # A disc from the center outward is no band.
        return 0.5 if shared > 0.0 else 0.0
    if isinstance(said, tuple) and isinstance(true, tuple):
        # Two stretches in numbers must have both ends in common.
        whole = max(a[1], b[1]) - min(a[0], b[0])
        if shared < 0.3 * whole and whole - shared > _MISSED:
            # "The outermost 3 %" of what reaches to half the radius.
            return 0.0
        return 1.0 if shared >= 0.55 * whole else 0.5 if shared > 0.0 else 0.0
    if shared >= 0.55 * min(a[1] - a[0], b[1] - b[0]):
        return 1.0
    return 0.5 if shared > 0.0 else 0.0


def fit(claim: Claim, thing: Thing, lexicon: Lexicon) -> float:
    """Return how a claim fits a true feature: 1 right, 0 unknown to it, -1 wrong, between for near misses."""
    if not thing.sealed:
        return _fit(claim.slot, claim.value, thing, lexicon)
    key = (claim.slot, claim.value)
    found = thing.known.get(key)
    if found is None:
        if len(thing.known) > _KNOWN:
            thing.known.clear()
        found = thing.known[key] = _fit(claim.slot, claim.value, thing, lexicon)
    return found


_KNOWN = 4096


def _fit(slot: str, value: Value, thing: Thing, lexicon: Lexicon) -> float:
    if slot == "type":
        return _type_fit(str(value), thing, lexicon)
    true = thing.facts.get(slot)
    if slot == "zone":
        if value == "none":
            return 1.0 if "full" in thing.values("zone") or "none" in thing.values("zone") else -1.0
        if value == "between":
            return 1.0 if "middle" in thing.values("zone") else 0.0
        if value == "full" and thing.label == "None":
            # Stray fails may be said to lie everywhere.
            return 0.6
        if not true:
            return -1.0 if value in thing.values("outside") else 0.0
        if isinstance(value, tuple) and any(_extent(fact.value) for fact in true):
            # A number is held against the number that is known.
            true = [fact for fact in true if isinstance(fact.value, tuple)]
        best = max(zone_fit(value, fact.value, lexicon) for fact in true)
        return 1.0 if best == 1.0 else 0.5 if best else -1.0
    if slot == "arc":
        if true:
            arcs = [fact.value for fact in true if isinstance(fact.value, Arc)]
            arcs = [arc for arc in arcs if not arc.words] or arcs
            if not isinstance(value, Arc):
                return 0.0
            best = max(agreement(value, arc) for arc in arcs)
            if best < 1.0 and thing.label == "Scratch" and len(arcs) > 1 and len(ends_of(value)) > 1:
                # "From one to five" names both ends of a line.
                best = max(best, min(max(agreement(end, arc) for arc in arcs) for end in ends_of(value)))
            if best > 0.3 and value.words and not arcs[0].words:
                # A side or a quadrant is less than the hours that were asked for.
                best *= _SIDE_ASKED if thing.sides else 1.0 if value.length <= 1.0 else _side_worth(value)
            return best if best > 0.3 else -1.0
        if thing.label == "None":
            return -1.0
        return -0.5 if "all" in thing.values("around") or thing.label == "Center" else 0.0
    if slot == "around":
        if "all" in thing.values("around"):
            return 1.0 if value == "all" else -1.0
        if thing.facts.get("arc") or "part" in thing.values("around"):
            return 1.0 if value == "part" else -1.0
        return 0.0
    if not true:
        return 0.0
    if any(fact.value == value for fact in true):
        return 1.0
    if value == "band" and slot == "shape":
        return max(0.9 if fact.value == "ring" else 0.75 if fact.value == "arc" else -1.0 for fact in true)
    cost = max(lexicon.clash(slot, str(value), str(fact.value)) for fact in true)
    if cost >= 1.0:
        return -1.0
    return 0.6 if cost == 0.5 else 0.2 if cost else 0.0


def _extent(value: Value) -> bool:
    return isinstance(value, tuple) and value[0] < value[1]


_SIDE_ASKED = 0.95


def _side_worth(side: Arc) -> float:
    """Return what a side or quadrant is worth where hours were asked for."""
    return 0.85 if side.length <= 3.0 else 0.7


def ends_of(arc: Arc) -> list[Arc]:
    """Return the two ends of a range of hours; a point or a side in words has none."""
    if arc.words or arc.length < 1.0:
        return []
    return [Arc(arc.start, 0.0), Arc(hour_of(arc.start + arc.length), 0.0)]


_NEAR = {frozenset(("Loc", "Edge-Loc")), frozenset(("Loc", "Center")), frozenset(("Random", "None")),
         frozenset(("Near-full", "Random"))}  # fmt: skip


def _type_fit(said: str, thing: Thing, lexicon: Lexicon) -> float:
    if not thing.label:
        return 1.0 if said in thing.values("type") else 0.0
    if said == thing.label:
        return 1.0
    return -1.0


_BY_SIZE = 4.0


IDENTITY_WEIGHT = {"type": 4.0, "shape": 2.0, "zone": 1.3, "arc": 1.1, "around": 0.8}


def affinity(claims: Iterable[Claim], thing: Thing, lexicon: Lexicon) -> float:
    """Return how much a group of claims looks like talk about a true feature; negative means of another."""
    total = 0.0
    slots: dict[str, tuple[float, int]] = {}
    for claim in claims:
        if claim.good:
            continue
        slot = claim.slot
        if not claim.affirmed:
            if slot == "zone" and claim.value == "center" and thing.label == "Donut":
                total += 0.8
            continue
        pull = thing.pulls.get((slot, claim.value))
        if pull is None:
            pull = _pull(claim, thing, lexicon)
        amount, count = slots.get(slot, _NOTHING)
        slots[slot] = amount + pull, count + 1
    # A slot named twice counts once.
    for amount, count in slots.values():
        total += amount / count
    return total


_NOTHING = (0.0, 0)
_FOCUS = 0.8


def drawn(thing: Thing, claims: Iterable[Claim]) -> float:
    """Return how much places that name no feature are drawn to the one the question asks about."""
    return _FOCUS if thing.focus and not any(c.slot in HEADS for c in claims) else 0.0


def _pull(claim: Claim, thing: Thing, lexicon: Lexicon) -> float:
    """Return how much one claim looks like talk about a true feature; remembered once it is sealed."""
    slot = claim.slot
    # Twins are told apart by their size when the question does so: "the smaller one".
    weight = _BY_SIZE if thing.sized and slot in SIZE_SLOTS else IDENTITY_WEIGHT.get(slot, 0.3)
    value = fit(claim, thing, lexicon)
    if value < 0 and slot == "type" and frozenset((str(claim.value), thing.label)) in _NEAR:
        value = -0.4
    if thing.sealed:
        if len(thing.pulls) > _KNOWN:
            thing.pulls.clear()
        thing.pulls[slot, claim.value] = weight * value
    return weight * value


SIZE_SLOTS = ("size", "length")


def describe(value: Any) -> str:
    """Return a value in words."""
    if isinstance(value, tuple):
        return f"r/R {value[0]:g} to {value[1]:g}"
    return str(value)
