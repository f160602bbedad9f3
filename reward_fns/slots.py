"""Judge one slot of a true feature by all that is said of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .angles import Arc, agreement
from .claims import ATTRIBUTES, Claim, Feature, Value
from .evidence import Evidence, Judgement, Weight
from .lexicon import Lexicon
from .sides import flanks
from .things import Thing, describe, ends_of, fit, zone_fit
from .truth import pairs, spots

IMPLIED: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "shape": (
        ("texture", "filled", "blob"),
        ("texture", "round", "blob"),
        ("texture", "elongated", "blob"),
        ("texture", "curved", "arc"),
        ("texture", "straight", "line"),
    ),
    "density": (
        ("texture", "filled", "dense"),
        ("shape", "full", "dense"),
        ("type", "Near-full", "dense"),
    ),
    "around": (("closure", "closed", "all"),),
    "zone": (
        ("type", "None", "none"),
        ("type", "Random", "full"),
        ("shape", "full", "full"),
        ("type", "Near-full", "full"),
    ),
    "closure": (("around", "all", "closed"), ("around", "part", "open")),
    "texture": (("shape", "arc", "curved"), ("shape", "ring", "hollow"), ("type", "Donut", "hollow")),
    "width": (("type", "Scratch", "thin"),),
    "size": (("length", "short", "small"), ("length", "long", "large")),
}
"""For each slot: which value of which other slot says which value of this one."""

TWOFOLD = frozenset(("closure", "border", "width", "size", "length", "texture", "around"))
"""Slots with two sides, where to deny the one is to say the other."""
BY_DENIAL = 0.8
"""What it earns to say a thing by its opposite, or by what implies it."""
BOTH_WAYS = 0.3
"""What is left of the right value beside a wrong one."""
MINOR = 0.08
_LEAST = 0.05

Said = Mapping[str, Sequence[tuple[Claim, Feature]]]
"""What is said of one feature, by slot."""


def said_of(features: Sequence[Feature]) -> Said:
    """Return the claims of features by slot, without those about dies that pass."""
    by_slot: dict[str, list[tuple[Claim, Feature]]] = {}
    for feature in features:
        for claim in feature.claims:
            if not claim.good:
                by_slot.setdefault(claim.slot, []).append((claim, feature))
    return by_slot


def judge_aspects(
    slot: str, thing: Thing, said: Said, lexicon: Lexicon, weight: float, half: float
) -> list[Evidence]:
    """Judge one slot, each of its aspects apart: "dense" and "even" are two facts about density."""
    true = set(map(str, thing.values(slot)))
    groups = [group for group in lexicon.aspects.get(slot, ()) if not group.isdisjoint(true)]
    if slot not in ATTRIBUTES or len(groups) < 2:
        return [judge_slot(slot, thing, said, lexicon, weight, half)]
    evidence = []
    for group in groups:
        only = {**said, slot: [pair for pair in said.get(slot, ()) if pair[0].value in group]}
        entry = judge_slot(slot, thing, only, lexicon, weight * _ONE_ASPECT, half, group)
        entry.aspect = group
        evidence.append(entry)
    if any(entry.credit > 0.5 for entry in evidence):
        for entry in evidence:
            if entry.credit == 0.0:
                # Who says how dense it is may leave unsaid that it is so everywhere.
                entry.weight *= _UNSAID
    return evidence


_UNSAID = 0.4
_ONE_ASPECT = 0.7
"""What one of several aspects of a slot counts."""


def judge_slot(
    slot: str,
    thing: Thing,
    said: Said,
    lexicon: Lexicon,
    weight: float,
    half: float,
    aspect: frozenset[str] | None = None,
) -> Evidence:
    """Judge one slot, or one aspect of it; `half` is what a hedged claim is worth."""
    right, wrong, worst = _direct(slot, thing, said, lexicon, weight, half)
    what = thing.wording(slot)
    if aspect is not None:
        what = (
            f"{thing.label or 'feature'} {slot}: {' / '.join(v for v in thing.values(slot) if v in aspect)}"
        )
    if right is None or wrong is None or not wrong.hedged:
        contrary = _contrary(slot, thing, said)
        if contrary is not None:
            wrong, worst = contrary, -1.0
    if wrong is not None and right is not None and wrong.hedged:
        wrong = None
    if wrong is not None and right is not None:
        several = slot in ("arc", "zone") and len(_groups(slot, thing, lexicon)) > 1
        credit = 0.6 * worst + (
            0.9 * right[0] * _covered(slot, thing, said, lexicon) if several else BOTH_WAYS * right[0]
        )
        return Evidence("false", what, credit, weight, wrong.start, wrong.end, "said both ways")
    if wrong is not None:
        return Evidence("false", what, worst, weight, wrong.start, wrong.end, "something else is true")
    if right is not None:
        value, claim = right
        if slot in ("arc", "zone"):
            value *= _covered(slot, thing, said, lexicon)
        return Evidence("met" if value >= 0.9 else "near", what, value, weight, claim.start, claim.end)
    aside = _aside(slot, thing, said, half, aspect)
    if aside:
        return Evidence("met", what, BY_DENIAL * aside, weight, why="implied by what is said")
    implied = _by_class(slot, thing, said, half)
    if implied and slot in ("zone", "shape", "around") and lexicon.classes.get(thing.label, {}).get(slot):
        return Evidence("met", what, 0.9 * implied, weight, why="implied by the class")
    return Evidence("missing", what, 0.0, weight)


def _direct(
    slot: str, thing: Thing, said: Said, lexicon: Lexicon, weight: float, half: float
) -> tuple[tuple[float, Claim] | None, Claim | None, float]:
    """Return the best and the worst of what is said of the slot itself."""
    claims = said.get(slot, ())
    precise = slot == "arc" and any(
        isinstance(c.value, Arc) and not c.value.words for c, _ in claims if c.affirmed
    )
    right: tuple[float, Claim] | None = None
    wrong: Claim | None = None
    worst = 0.0
    for claim, feature in claims:
        value = fit(claim, thing, lexicon)
        if claim.value == "sparse" and any(c.value == "full" and c.affirmed for c in feature.claims):
            # "Nearly full, with few holes" is not sparse.
            continue
        if precise and isinstance(claim.value, Arc) and claim.value.words and value > 0:
            continue
        if not claim.affirmed:
            if claim.short or (
                slot == "zone" and any(c.slot == "arc" and not c.affirmed for c in feature.claims)
            ):
                # "The upper half of the rim is clean" leaves the rest of it.
                continue
            if slot == "shape" and (
                thing.outdated(str(claim.value)) or qualified(claim, feature.claims, thing, lexicon)
            ):
                continue
            if value == 1.0 and slot not in ("arc", "around") and weight > _LEAST:
                worst, wrong = min(worst, -1.0), claim
            elif value == -1.0 and slot in TWOFOLD and (right is None or right[0] < BY_DENIAL):
                # "Not closed" says open.
                right = (BY_DENIAL, claim)
            continue
        if value < 0 and _partial(slot, claim, feature, thing):
            continue
        if claim.hedged:
            value *= half
        if value > 0 and (right is None or value > right[0]):
            right = (value, claim)
        elif value < worst:
            worst, wrong = value, claim
    return right, wrong, worst


def _partial(slot: str, claim: Claim, feature: Feature, thing: Thing) -> bool:
    """Tell whether a claim speaks of a part of the feature: "fat below, slim above"."""
    if slot == "zone":
        return "full" in feature.values("shape") and "full" in thing.values("zone")
    if slot == "arc":
        tied = any(c.slot in ("width", "density") for c in feature.claims)
        return tied and "all" in thing.values("around")
    return slot == "width" and any(c.slot == slot for c, _ in thing.pairs) and bool(feature.values("arc"))


def qualified(claim: Claim, claims: Sequence[Claim], thing: Thing, lexicon: Lexicon) -> bool:
    """Tell whether a denied noun is denied for its adjective alone: "a diffuse cloud", "no closed loop"."""
    return any(
        (c.end == claim.start or (c.start == claim.start and c.end == claim.end))
        and not c.affirmed
        and c.slot in ATTRIBUTES
        and fit(c, thing, lexicon) < 0.0
        for c in claims
    )


def _contrary(slot: str, thing: Thing, said: Said) -> Claim | None:
    """Return a direction named for what goes all round, or the reverse."""
    if slot == "around" and "all" in thing.values("around") and not thing.facts.get("arc"):
        for claim, feature in said.get("arc", ()):
            # "Denser at the bottom" leaves the rest of it.
            leaves = bool(_LEAVE_REST & {c.slot for c in feature.claims}) and thing.label != "Random"
            if claim.affirmed and not claim.hedged and not leaves:
                return claim
    if slot == "arc" and {"open", "broken"}.isdisjoint(map(str, thing.values("closure"))):
        for claim, _ in said.get("around", ()):
            if claim.affirmed and not claim.hedged and claim.value == "all":
                return claim
    return None


_LEAVE_REST = frozenset(("density", "width", "closure", "around"))


def _aside(slot: str, thing: Thing, said: Said, half: float, aspect: frozenset[str] | None) -> float:
    """Return how surely a true value is said by another slot."""
    best = 0.0
    true = [value for value in thing.values(slot) if aspect is None or value in aspect]
    for other, value, implied in IMPLIED.get(slot, ()):
        if implied in true:
            for claim, _ in said.get(other, ()):
                if claim.affirmed and claim.value == value:
                    best = max(best, half if claim.hedged else 1.0)
    return best


def _by_class(slot: str, thing: Thing, said: Said, half: float) -> float:
    """Return how surely the class is named, which brings the value with it."""
    best = 0.0
    for claim, _ in said.get("type", ()):
        if claim.affirmed and claim.value == thing.label:
            best = max(best, half if claim.hedged else 1.0)
    if slot == "around" and "part" in thing.values("around"):
        named = [*said.get("arc", ()), *(p for p in said.get("shape", ()) if p[0].value == "arc")]
        if any(claim.affirmed for claim, _ in named):
            best = 1.0
    return best


def _groups(slot: str, thing: Thing, lexicon: Lexicon) -> list[Value]:
    """Return the true places of a slot that lie apart, one of each group."""
    groups: list[Value] = []
    for value in thing.values(slot):
        if _exact(slot, value, lexicon) and all(
            _place_fit(slot, value, other, lexicon) < 0.4 for other in groups
        ):
            groups.append(value)
    return groups


def _covered(slot: str, thing: Thing, said: Said, lexicon: Lexicon) -> float:
    """Return the share of several true places that are named: where a line begins and where it ends."""
    groups = _groups(slot, thing, lexicon)
    if len(groups) < 2 or thing.anyone:
        return 1.0
    named = [c.value for c, _ in said.get(slot, ()) if c.affirmed]
    if slot == "arc" and thing.label == "Scratch":
        named += [end for value in named if isinstance(value, Arc) for end in ends_of(value)]
    met = sum([max([_place_fit(slot, n, g, lexicon) for n in named], default=0.0) for g in groups], 0.0)
    return max(1.0 / len(groups), min(1.0, met / len(groups)))


def _exact(slot: str, value: Value, lexicon: Lexicon) -> bool:
    """Tell whether a place is an hour, a range of hours or a band, rather than a side or everywhere."""
    if isinstance(value, Arc):
        return not value.words
    return slot == "zone" and (isinstance(value, tuple) or (value in lexicon.zones and value != "full"))


def _place_fit(slot: str, a: Value, b: Value, lexicon: Lexicon) -> float:
    if slot == "zone":
        return zone_fit(a, b, lexicon)
    return agreement(a, b) if isinstance(a, Arc) and isinstance(b, Arc) else 0.0


def judge_pairs(thing: Thing, result: Judgement, weight: Weight) -> None:
    """Judge attributes that are tied to a direction: wide here, narrow there."""
    said = [
        pair
        for f, owner in result.bound
        if owner is thing
        for pair in pairs([c for c in f.claims if c.affirmed])
    ]
    for claim, arc in thing.pairs:
        what = f"{describe(claim.value)} at {arc}"
        amount = 1.6 * weight(claim.slot, "hit")
        same = [(c, a) for c, a in said if c.slot == claim.slot and c.value == claim.value]
        if not same:
            result.evidence.append(Evidence("missing", what, 0.0, amount))
            continue
        found, where = max(same, key=lambda pair: agreement(pair[1], arc))
        others = [a for c, a in thing.pairs if c.slot == claim.slot and c.value != claim.value]
        # A side that lies as near to where the opposite holds tells nothing.
        right = agreement(where, arc) > max([0.3, *(agreement(where, other) for other in others)])
        result.evidence.append(
            Evidence(
                "met" if right else "false", what, 1.0 if right else -0.6, amount, found.start, found.end
            )
        )


def judge_spots(thing: Thing, result: Judgement, lexicon: Lexicon, weight: Weight) -> None:
    """Judge which radius goes with which direction: edge at ten, half radius at two."""
    said = [pair for f, owner in result.bound if owner is thing for pair in spots(f.claims)]
    for zone, arc in thing.spots:
        here = [z for z, a in said if agreement(a, arc) > 0.6]
        others = [z for z, a in thing.spots if agreement(a, arc) < 0.3]
        if not here or any(zone_fit(z, zone, lexicon) for z in here):
            continue
        if any(zone_fit(z, other, lexicon) == 1.0 for z in here for other in others):
            what = f"{describe(zone)} at {arc}"
            result.evidence.append(
                Evidence("false", what, -0.5, weight("zone", "hit"), why="places are exchanged")
            )


def judge_flanks(
    true: Sequence[tuple[str, str, str]], features: Sequence[Feature], weight: Weight
) -> list[Evidence]:
    """Judge attributes that hold on one flank only."""
    said = [(claim, found) for f in features for claim in f.claims for found in flanks([claim])]
    evidence = []
    for slot, value, side in true:
        amount = weight(slot, "hit")
        what = f"{value} {side}side"
        same = [(c, flank) for c, (name, other, flank) in said if name == slot and other == value]
        if not same:
            evidence.append(Evidence("missing", what, 0.0, 0.5 * amount))
            continue
        right = any(flank == side for _, flank in same)
        claim = next((c for c, flank in same if (flank == side) == right), same[0][0])
        credit = 1.0 if right else -0.6
        evidence.append(Evidence("met" if right else "false", what, credit, amount, claim.start, claim.end))
    return evidence
