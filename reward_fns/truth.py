"""What is true of a row: features and causes compiled from labels, reference answer and must-hit terms."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .angles import Arc, agreement, distance, hour_of
from .asked import NOTHING, Asked
from .claims import Claim, Feature, Reading, Value
from .lexicon import Lexicon
from .reader import read, take_as_passing
from .schema import Criteria, Item
from .sides import flanks
from .text import read_text
from .words import word_set


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
        sealed: Whether the facts are complete, so that what fits them may be remembered.
        known: How values said before fit; by value, not by answer.
        listed: True values by slot, once the facts are complete.
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
    known: dict[tuple[str, Value], float] = field(default_factory=dict, repr=False)
    listed: dict[str, list[Value]] = field(default_factory=dict, repr=False)

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

    def forget(self, slot: str) -> None:
        """Drop what is known of a slot."""
        self.facts.pop(slot, None)
        self.known.clear()
        self.listed.clear()


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
    """

    things: list[Thing]
    clear: list[Claim] = field(default_factory=list)
    survivors: list[Claim] = field(default_factory=list)
    denied: list[Claim] = field(default_factory=list)
    causes: dict[str, str] = field(default_factory=dict)
    excluded: set[str] = field(default_factory=set)
    opening: int = 0
    tolerated: set[str] = field(default_factory=set)

    @property
    def labels(self) -> list[str]:
        """Return the classes present."""
        return [thing.label for thing in self.things if thing.label]


def zone_fit(said: Value, true: Value, lexicon: Lexicon) -> float:
    """Return how well two radial bands agree: 1 the same, 0.5 neighbours that touch, 0 apart."""
    if said == true:
        return 1.0
    a = lexicon.zones.get(said) if isinstance(said, str) else said
    b = lexicon.zones.get(true) if isinstance(true, str) else true
    if a is None or b is None or isinstance(a, Arc) or isinstance(b, Arc):
        return 0.0
    if isinstance(said, str) and isinstance(true, str) and "full" in (said, true):
        return 0.0
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
_LOOKED_AT = 24


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
                best *= 0.85 if value.length <= 3.0 else 0.7
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
_IDENTITY_WEIGHT = {"type": 4.0, "shape": 2.0, "zone": 1.3, "arc": 1.1, "around": 0.8}


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
        # Twins are told apart by their size when the question does so: "the smaller one".
        weight = _BY_SIZE if thing.sized and slot in _SIZE else _IDENTITY_WEIGHT.get(slot, 0.3)
        value = fit(claim, thing, lexicon)
        if value < 0 and slot == "type" and frozenset((str(claim.value), thing.label)) in _NEAR:
            value = -0.4
        amount, count = slots.get(slot, (0.0, 0))
        slots[slot] = amount + weight * value, count + 1
    # A slot named twice counts once.
    for amount, count in slots.values():
        total += amount / count
    return total


_SIZE = ("size", "length")


def normal_label(label: str, lexicon: Lexicon) -> str:
    """Return the lexicon's name of a class, whatever its spelling; an unknown class stays as it is."""
    key = "".join(char for char in label.lower() if char.isalnum())
    if key in ("normal", "nopattern", "nodefect"):
        key = "none"
    for name in lexicon.classes:
        if "".join(char for char in name.lower() if char.isalnum()) == key:
            return name
    return label


def build_truth(
    labels: Sequence[str], reference: str, criteria: Criteria, lexicon: Lexicon, asked: Asked = NOTHING
) -> tuple[Truth, list[tuple[Item, list[Reading]]]]:
    """Compile what is true of a row.

    Returns:
        The truth, and each must-hit item with its readings, one for each member.
    """
    names = list(dict.fromkeys(normal_label(label, lexicon) for label in labels))
    things = [_thing(name, lexicon) for name in names]
    said = read(read_text(reference), lexicon)
    if asked.survivors:
        take_as_passing(said)
    if not things:
        things = [Thing("") for feature in said.features if _has_head(feature)][:6] or [Thing("")]
    truth = Truth(things, opening=said.opening)
    several = _tells_several(said.words) or _tells_several(asked.words)
    previous: Thing | None = None
    for feature in said.features:
        if several:
            _add_twin(feature.claims, truth, lexicon, not _SIZES.isdisjoint(asked.words))
        previous = _absorb(feature.claims, truth, "reference", lexicon, previous)
    for claim in said.claims:
        if claim.slot == "cause" and claim.affirmed:
            truth.causes.setdefault(str(claim.value), "reference")
        elif claim.slot == "cause":
            truth.excluded.add(str(claim.value))
    items = []
    for item in criteria.must_hit:
        readings = [read(read_text(term), lexicon) for term in item.any_of]
        items.append((item, readings))
        for reading in readings:
            for feature in reading.features:
                _absorb(feature.claims, truth, "hit", lexicon, None)
            for claim in reading.claims:
                if claim.slot == "cause" and claim.affirmed:
                    truth.causes[str(claim.value)] = "hit"
                elif claim.slot == "cause":
                    truth.excluded.add(str(claim.value))
    _share_directions(truth)
    truth.excluded -= set(truth.causes)
    for thing in things:
        thing.sealed = True
    return truth, items


def _share_directions(truth: Truth) -> None:
    """Share directions among features when only bare must-hit terms name them, and not of which."""
    able = [thing for thing in truth.things if thing.label in _REPEATED]
    known = [fact for thing in truth.things for fact in thing.facts.get("arc", ())]
    if len(able) < 2 or not known or any(fact.source != "hit" for fact in known):
        return
    owners = [thing for thing in truth.things if thing.facts.get("arc")]
    if len(owners) != 1:
        return
    for thing in able:
        thing.anyone = True
        for fact in known:
            thing.add("arc", fact.value, "hit")


_SEVERAL = word_set("both second another other smaller bigger")
_SIZES = word_set("bigger smaller larger longer shorter big small large")
_COUNTS = word_set("two three four")
_UNITS = word_set("die dies row rows wide thick o'clock times and to thirds quarters - \u2013")
_REPEATED = frozenset(("Loc", "Edge-Loc", "Scratch", ""))
"""Classes of which a wafer can have several features."""
_MOST = 6
_APART = 2.0
"""Hours from which on two directions are those of two features."""


def _tells_several(words: Sequence[str]) -> bool:
    """Tell whether words speak of several features: "two clusters", "the other one"."""
    return not _SEVERAL.isdisjoint(words) or any(
        word in _COUNTS and after not in _UNITS and not after.isdigit()
        for word, after in itertools.pairwise(words)
    )


def _add_twin(claims: Sequence[Claim], truth: Truth, lexicon: Lexicon, sized: bool) -> None:
    """Make room for a second feature of a class when the reference places it where the first is not."""
    positive = [c for c in claims if c.affirmed and not c.good]
    arcs = [c.value for c in positive if c.slot == "arc" and isinstance(c.value, Arc)]
    if not arcs or len(truth.things) >= _MOST:
        return
    if any(not thing.told for thing in truth.things) and len(truth.labels) > 1:
        return
    best = max(truth.things, key=lambda thing: affinity(positive, thing, lexicon))
    known = [value for value in best.values("arc") if isinstance(value, Arc)]
    if not best.label or not known or best.label not in _REPEATED:
        return
    if any(distance(a, b) < _APART for a in arcs for b in known):
        return
    if any(c.slot == "type" and c.value != best.label for c in positive):
        return
    truth.things.append(_thing(best.label, lexicon))
    best.sized = truth.things[-1].sized = sized


def _thing(name: str, lexicon: Lexicon) -> Thing:
    thing = Thing(name)
    thing.add("type", name, "class")
    for slot, value in lexicon.classes.get(name, {}).items():
        if slot != "clear":
            for one in str(value).split():
                thing.add(slot, one, "class")
    return thing


def _has_head(feature: Feature) -> bool:
    return any(c.slot in ("type", "shape") and c.affirmed and not c.good for c in feature.claims)


def _absorb(
    claims: Sequence[Claim], truth: Truth, source: str, lexicon: Lexicon, previous: Thing | None
) -> Thing | None:
    """Take the claims of one feature of the reference, or of a must-hit term, as facts."""
    positive = [c for c in claims if c.affirmed and not c.good]
    for claim in claims:
        if claim.good and claim.slot in ("zone", "arc", "size", "density"):
            truth.survivors.append(claim)
        elif not claim.affirmed and claim.slot in ("zone", "arc") and claim.value != "between":
            truth.clear.append(claim)
        elif not claim.affirmed:
            truth.denied.append(claim)
    if not positive:
        return previous
    scored = [
        (affinity(positive, thing, lexicon), not thing.told, -n, thing)
        for n, thing in enumerate(truth.things)
    ]
    best, _, _, thing = max(scored, key=lambda entry: entry[:3])
    identity = [c for c in positive if c.slot in _IDENTITY_WEIGHT]
    if not identity or all(c.slot == "arc" for c in identity):
        if previous is not None and (not identity or affinity(positive, previous, lexicon) >= 0.0):
            thing = previous
    elif best < 0 and len(truth.things) > 1:
        return previous
    elif best < 0 and source == "hit":
        # A must-hit term against the label: a term of another question.
        return previous
    if len(truth.things) > 1 and source == "hit" and best <= 0 and not identity:
        # Whose density a bare "dense" means is unknown with several features; the reference tells.
        if any(
            fact.value == c.value for c in positive for t in truth.things for fact in t.facts.get(c.slot, ())
        ):
            for other in truth.things:
                for claim in positive:
                    if claim.value in other.values(claim.slot):
                        other.add(claim.slot, claim.value, source)
        return previous
    thing.told = thing.told or (
        source == "reference" and any(c.slot in ("type", "shape", "arc") for c in positive)
    )
    for pair in pairs(positive):
        if all(pair[0].value != other.value or pair[1] != arc for other, arc in thing.pairs):
            thing.pairs.append(pair)
    for flank in flanks(positive):
        hollow = not {"ring", "arc"}.isdisjoint(map(str, thing.values("shape")))
        if flank not in thing.flanks and (hollow or flank[0] == "border"):
            thing.flanks.append(flank)
    if source == "reference":
        thing.spots.extend(spots(positive))
    for claim in positive:
        if claim.slot == "type" and thing.label and claim.value != thing.label:
            continue
        if claim.slot == "zone" and source == "reference":
            # What the reference says replaces what the class says.
            facts = thing.facts.get("zone", [])
            if facts and all(
                f.source == "class" and zone_fit(claim.value, f.value, lexicon) == 0 for f in facts
            ):
                thing.facts["zone"] = []
        if claim.slot == "around" and claim.value == "part":
            thing.facts["around"] = [f for f in thing.facts.get("around", []) if f.source != "class"]
        if claim.slot == "arc" and source == "hit" and _of_survivors(claim, truth):
            continue
        if claim.slot == "shape" and thing.label and fit(claim, thing, lexicon) < 0:
            continue
        thing.add(claim.slot, claim.value, source)
    return thing


def _of_survivors(claim: Claim, truth: Truth) -> bool:
    """Tell whether a must-hit direction is where the reference says that dies pass."""
    return isinstance(claim.value, Arc) and any(
        c.slot == "arc" and isinstance(c.value, Arc) and agreement(claim.value, c.value) > 0.5
        for c in truth.survivors
    )


def pairs(claims: Sequence[Claim]) -> list[tuple[Claim, Arc]]:
    """Return the widths and densities that are tied to a direction right after them."""
    found = []
    for n, claim in enumerate(claims[:-1]):
        after = claims[n + 1]
        tied = claim.slot in ("width", "density") and after.slot == "arc" and after.start - claim.end <= 6
        if tied and isinstance(after.value, Arc):
            found.append((claim, after.value))
    return found


def spots(claims: Sequence[Claim]) -> list[tuple[Value, Arc]]:
    """Return each direction with the radius said nearest to it."""
    zones = [c for c in claims if c.slot == "zone" and c.affirmed and not c.good and c.value != "full"]
    found: list[tuple[Value, Arc]] = []
    for claim in claims[:_LOOKED_AT] if zones else ():
        if claim.slot != "arc" or not claim.affirmed or claim.good or not isinstance(claim.value, Arc):
            continue
        gap, zone = min(
            ((max(z.start - claim.end, claim.start - z.end), z) for z in zones[:_LOOKED_AT]),
            key=lambda pair: pair[0],
        )
        if gap <= 5:
            found.append((zone.value, claim.value))
    return found


def describe(value: Any) -> str:
    """Return a value in words."""
    if isinstance(value, tuple):
        return f"r/R {value[0]:g} to {value[1]:g}"
    return str(value)
