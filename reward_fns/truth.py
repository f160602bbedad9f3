"""What is true of a row: features and causes compiled from labels, reference answer and must-hit terms."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from .angles import Arc, agreement, distance
from .asked import NOTHING, Asked
from .cause_verdicts import read_verdict
from .claims import Claim, Feature, Reading, Value
from .extent import true_quantities
from .lexicon import Lexicon
from .reader import read, take_as_passing
from .schema import Criteria, Item
from .sides import flanks
from .spread import UNIFORM, level
from .text import read_text
from .things import IDENTITY_WEIGHT, Thing, Truth, affinity, drawn, fit, zone_fit
from .words import word_set

_LOOKED_AT = 24


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
    said = read(read_text(reference), lexicon, size=asked.size, dial=asked.dial.exact())
    if asked.survivors:
        take_as_passing(said)
    uniform = bool(names) and UNIFORM.issuperset(names)
    if uniform:
        said = level(said, names, lexicon)
    if not things:
        things = [Thing("") for feature in said.features if _has_head(feature)][:6] or [Thing("")]
    truth = Truth(things, opening=said.opening, extent=true_quantities(said.words, asked))
    if asked.polar:
        truth.verdict = said.opening or read_verdict(said.words, lexicon)
    named = [any(fit(c, thing, lexicon) >= 0.9 for c in asked.named) for thing in things]
    for thing, focus in zip(things, named, strict=True):
        thing.focus = focus and not all(named)
    several = _tells_several(said.words) or _tells_several(asked.words)
    previous: Thing | None = None
    for feature in said.features:
        if several:
            _add_twin(feature.claims, truth, lexicon, not _SIZES.isdisjoint(asked.words))
        first = feature.claims[0].start
        ends = not _ENDS.isdisjoint(said.words[max(0, first - 5) : first])
        previous = _absorb(feature.claims, truth, "reference", lexicon, previous, ends)
    for claim in said.claims:
        if claim.slot == "cause" and claim.affirmed:
            truth.causes.setdefault(str(claim.value), "reference")
        elif claim.slot == "cause":
            truth.excluded.add(str(claim.value))
    items = []
    for item in criteria.must_hit:
        readings = [read(read_text(term), lexicon, dial=asked.dial.exact()) for term in item.any_of]
        items.append((item, readings))
        if asked.survivors and len(names) == 1:
            # With several features the terms may be of either kind.
            for reading in readings:
                take_as_passing(reading)
        for reading in readings:
            for feature in reading.features:
                _absorb(feature.claims, truth, "hit", lexicon, None)
            for claim in reading.claims:
                if claim.slot == "cause" and claim.affirmed:
                    truth.causes[str(claim.value)] = "hit"
                elif claim.slot == "cause":
                    truth.excluded.add(str(claim.value))
    _share_directions(truth)
    if uniform:
        # "At most two adjacent ones" is no hour.
        for thing in truth.things:
            thing.facts.pop("arc", None)
    truth.excluded -= set(truth.causes)
    for thing in truth.things:
        thing.sealed, thing.sides = True, asked.sides
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


_ENDS = word_set("end ends tip tips tail")
_SEVERAL = word_set("both second another other smaller bigger")
_SIZES = word_set("bigger smaller larger longer shorter big small large")
_COUNTS = word_set("two three four")
_UNITS = word_set(
    "hour hours ends sides halves quadrants degrees die dies row rows wide"
    " thick o'clock times and to thirds quarters - \u2013"
)
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
    truth.things[-1].focus = best.focus
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
    claims: Sequence[Claim],
    truth: Truth,
    source: str,
    lexicon: Lexicon,
    previous: Thing | None,
    ends: bool = False,
) -> Thing | None:
    """Take the claims of one feature of the reference, or of a must-hit term, as facts.

    With `ends` they are places of an end of the thing before: "its other end stops at two o'clock".
    """
    positive = [c for c in claims if c.affirmed and not c.good]
    for claim in claims:
        if claim.good and claim.slot in ("zone", "arc", "size", "density"):
            truth.survivors.append(claim)
        elif not claim.affirmed and claim.slot in ("zone", "arc"):
            truth.clear.append(claim)
        elif not claim.affirmed:
            truth.denied.append(claim)
    if not positive:
        return previous
    scored = [
        (affinity(positive, thing, lexicon) + drawn(thing, positive), not thing.told, -n, thing)
        for n, thing in enumerate(truth.things)
    ]
    best, _, _, thing = max(scored, key=lambda entry: entry[:3])
    identity = [c for c in positive if c.slot in IDENTITY_WEIGHT]
    if not identity or all(c.slot == "arc" for c in identity):
        if previous is not None and (not identity or affinity(positive, previous, lexicon) >= 0.0):
            thing = previous
    elif ends and previous is not None and not any(c.slot in ("type", "shape") for c in identity):
        line = next((t for t in truth.things if "line" in t.values("shape")), None)
        thing = line or previous
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
        if flank not in thing.flanks and not _HOLLOW.isdisjoint(map(str, thing.values("shape"))):
            thing.flanks.append(flank)
    if source == "reference":
        thing.spots.extend(spots(positive))
    for claim in positive:
        if claim.slot == "type" and thing.label and claim.value != thing.label:
            continue
        if claim.value == "between" and thing.facts.get("zone"):
            # "changing in between", "a blob between the rings" places nothing anew.
            continue
        if claim.slot == "closure" and not _OPENLESS.isdisjoint(map(str, thing.values("shape"))):
            # "nearly complete" is no open ring.
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


_HOLLOW = frozenset(("ring", "arc", "band"))
_OPENLESS = frozenset(("full", "scatter", "none"))


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
