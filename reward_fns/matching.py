"""Hold the claims of an answer against the truth of its row: what is met, missing, false or invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .angles import Arc, agreement
from .asked import Asked
from .claims import ATTRIBUTES, Claim, Feature, Reading, Value
from .evidence import Evidence, Judgement, Weight, seen
from .inventions import charge_flawless, charge_inventions, judge_clear, judge_survivors
from .lexicon import Lexicon
from .options import Options
from .scan import SENTENCE_ENDS
from .truth import Fact, Thing, Truth, affinity, describe, fit, pairs, spots, zone_fit

# How much each slot counts in each dimension.
RELEVANCE: Mapping[str, Mapping[str, float]] = {
    "spatial": {
        "type": 0.6,
        "zone": 1.0,
        "arc": 1.0,
        "around": 0.6,
        "shape": 0.3,
        "density": 0.2,
        "closure": 0.2,
        "clear": 0.35,
        "survivors": 0.4,
        "texture": 0.15,
        "width": 0.15,
        "phrase": 0.3,
    },
    "morphology": {
        "type": 0.5,
        "shape": 1.0,
        "density": 0.8,
        "closure": 0.8,
        "border": 0.8,
        "width": 0.6,
        "size": 0.4,
        "length": 0.5,
        "texture": 0.45,
        "zone": 0.3,
        "arc": 0.25,
        "around": 0.3,
        "clear": 0.2,
        "survivors": 0.15,
        "cause": 0.8,
        "phrase": 0.3,
    },
    "defect_type": {"type": 1.6, "arc": 0.2, "zone": 0.15, "around": 0.1, "shape": 0.1, "phrase": 0.15},
    "root_cause": {},
}
_TELLING = frozenset(("line", "full", "scatter", "none"))
_PLACE = {"spatial": (0.75, 0.6), "morphology": (0.45, 0.45), "defect_type": (0.7, 0.1)}
"""What a right zone, and a right direction, alone are worth as a sign that a feature was seen."""
_MINOR = 0.08
_DIRECTIONS = frozenset(("arc", "around"))


def bind(reading: Reading, truth: Truth, lexicon: Lexicon) -> list[tuple[Feature, Thing | None]]:
    """Assign each feature an answer speaks of to the true feature it means; None when there is none."""
    bound: list[tuple[Feature, Thing | None]] = []
    previous: Thing | None = truth.things[0] if len(truth.things) == 1 else None
    taken: dict[int, float] = {}
    last_sentence = -1
    for feature in reading.features:
        positive = [c for c in feature.claims if c.affirmed and not c.good]
        if not positive:
            bound.append((feature, previous))
            continue
        identity = [c for c in positive if c.slot in ("type", "shape", "zone", "arc", "around")]
        if not identity:
            opening = _opening(reading, positive[0])
            if len(truth.things) > 1 and not _ALL.isdisjoint(opening):
                # "Both thin out."
                bound.extend((feature, thing) for thing in truth.things)
                continue
            owner = previous
            if previous is not None and len(truth.things) == 2 and not _OTHER.isdisjoint(opening):
                owner = next(thing for thing in truth.things if thing is not previous)
            elif last_sentence != feature.sentence and len(truth.things) > 1:
                owner = _by_attributes(positive, truth, lexicon) or previous
            bound.append((feature, owner))
            if owner is not None:
                previous, last_sentence = owner, feature.sentence
            continue
        last_sentence = feature.sentence
        scored = [
            (affinity(feature.claims, thing, lexicon), -taken.get(n, 0.0), -n)
            for n, thing in enumerate(truth.things)
        ]
        best, _, index = max(scored)
        thing = truth.things[-index]
        heads = [c for c in identity if c.slot in ("type", "shape")]
        if best < 0.0 and not heads and "sparse" in feature.values("density"):
            # "0.9 to 1.0 R: 2 %" is background.
            bound.append((feature, None))
        elif thing.label == "None" and best <= 0.0:
            bound.append((feature, None))
        elif (
            best > 0.0
            or (len(truth.things) == 1 and not heads and best > -2.6)
            or (best >= -1.5 and not heads and _only_place(identity, thing, previous))
        ):
            previous = thing
            taken[-index] = taken.get(-index, 0.0) + 0.01
            bound.append((feature, thing))
        elif not heads and previous is not None and all(c.slot in ("arc", "around") for c in identity):
            bound.append((feature, previous))
        else:
            bound.append((feature, None))
            previous = None
    return bound


_ALL = frozenset(("both", "they", "all"))
_OTHER = frozenset(("other",))


def _opening(reading: Reading, claim: Claim) -> list[str]:
    """Return the words that lead up to a claim within its clause."""
    words: list[str] = []
    for word in reversed(reading.words[max(0, claim.start - 6) : claim.start]):
        if word in SENTENCE_ENDS or word == ";":
            break
        words.append(word)
    return words


def _by_attributes(claims: Sequence[Claim], truth: Truth, lexicon: Lexicon) -> Thing | None:
    """Return the one feature that attributes alone can mean: "the long one is thin"."""
    scores = [sum(fit(c, thing, lexicon) for c in claims) for thing in truth.things]
    best = max(scores)
    return truth.things[scores.index(best)] if best > 0.0 and scores.count(best) == 1 else None


def _only_place(identity: Sequence[Claim], thing: Thing, previous: Thing | None) -> bool:
    return all(c.slot in ("arc", "around") for c in identity) and (previous is None or previous is thing)


def judge(
    reading: Reading,
    truth: Truth,
    dimension: str,
    lexicon: Lexicon,
    asked: Asked,
    options: Options,
) -> Judgement:
    """Judge what an answer says of place, shape and class."""
    relevance = RELEVANCE[dimension]
    trust = {"hit": 1.0, "reference": options.reference_weight, "class": options.class_weight}
    half = options.hedge_credit
    result = Judgement(bound=bind(reading, truth, lexicon))

    def weight(slot: str, source: str) -> float:
        return (
            relevance.get(slot, _MINOR)
            * trust[source]
            * (options.question_boost if slot in asked.slots else 1.0)
        )

    for n, thing in enumerate(truth.things):
        mark = len(result.evidence)
        features = [f for f, owner in result.bound if owner is thing]
        if not thing.label and not thing.facts:
            continue
        result.evidence.append(
            _presence(thing, features, reading, truth, lexicon, weight, result, dimension, half)
        )
        for slot, facts in thing.facts.items():
            if slot == "type" or not facts:
                continue
            strongest = max(facts, key=lambda fact: trust[fact.source])
            if strongest.source == "class" and slot not in ("zone", "shape", "around"):
                continue
            if slot == "outside":
                continue
            entry = _slot(slot, thing, features, lexicon, weight(slot, strongest.source), half)
            if entry is not None:
                entry.slot = slot
                if entry.credit < 0:
                    entry.credit *= (
                        options.penalty * options.wrong * (3.3 if dimension == "defect_type" else 1.0)
                    )
                elif entry.credit == 0.0 and slot == "texture" and _everywhere_said(facts, reading, result):
                    entry.credit, entry.verdict = 1.0, "met"
                result.evidence.append(entry)
        if len({claim.value for claim, _ in thing.pairs}) > 1:
            _pairs(thing, result, weight)
        if len(thing.spots) > 1:
            _spots(thing, result, lexicon, weight)
        for entry in result.evidence[mark:]:
            entry.thing = n
            _lighten(entry, thing, asked, lexicon, options)
    _misattributed(result, truth, lexicon)
    _rest(result, reading, truth, weight)
    _balance(result, truth, asked, lexicon, options)
    judge_clear(result, reading, truth, lexicon, weight)
    judge_survivors(result, reading, truth, lexicon, weight, asked)
    charge_flawless(result, reading, truth, weight)
    charge_inventions(result, reading, truth, options.penalty * options.invention)
    result.engaged = any(c.affirmed and not c.good and c.slot not in ATTRIBUTES for c in reading.claims)
    return result


def _lighten(entry: Evidence, thing: Thing, asked: Asked, lexicon: Lexicon, options: Options) -> None:
    """Count less what the question already says, or does not ask for; what is false counts in full."""
    if entry.credit < 0.0:
        return
    slots = (entry.slot,) if entry.slot else ("type", "shape", "zone")
    missing = entry.credit == 0.0
    named = asked.beyond and any(fit(c, thing, lexicon) >= 0.9 for c in asked.given)
    if missing and (named or asked.survivors):
        entry.weight *= options.given
    elif missing and any(c.slot in slots and fit(c, thing, lexicon) >= 0.9 for c in asked.given):
        entry.weight *= options.given
    elif asked.slots and entry.slot and entry.slot not in asked.slots:
        entry.weight *= options.unasked


def _rest(result: Judgement, reading: Reading, truth: Truth, weight: Weight) -> None:
    """Charge an answer that lets the rest of a place fail: roles of the two parts are exchanged."""
    if any("full" in thing.values("zone") for thing in truth.things):
        return
    claim = next((c for c in reading.claims if c.slot == "rest" and c.affirmed and not c.good), None)
    if claim is not None and claim.clause in reading.failing:
        amount = weight("zone", "hit")
        result.evidence.append(
            Evidence("false", "the rest", -1.0, amount, claim.start, claim.end, "the rest is clear")
        )


def _misattributed(result: Judgement, truth: Truth, lexicon: Lexicon) -> None:
    """Charge an attribute that is missing of one feature because it is said of another."""
    for entry in result.evidence:
        if entry.verdict != "missing" or entry.slot not in ATTRIBUTES or entry.thing < 0:
            continue
        thing = truth.things[entry.thing]
        for feature, owner in result.bound:
            if owner is None or owner is thing:
                continue
            claim = next(
                (
                    c
                    for c in feature.claims
                    if c.slot == entry.slot
                    and c.affirmed
                    and not c.good
                    and c.value not in ("separate", "mixed", "touching")
                    and fit(c, thing, lexicon) == 1.0
                    and fit(c, owner, lexicon) <= 0.0
                ),
                None,
            )
            if claim is not None:
                entry.credit, entry.verdict, entry.why = -0.5, "false", "said of another feature"
                entry.start, entry.end = claim.start, claim.end
                break


def _contrary(slot: str, claim: Claim, thing: Thing, feature: Feature) -> bool:
    """Tell whether one direction is named for what goes all round, or the reverse."""
    if (
        slot == "around"
        and claim.slot == "arc"
        and "all" in thing.values("around")
        and not thing.facts.get("arc")
    ):
        # "Denser at the bottom" leaves the rest of it.
        return not any(c.slot in ("density", "width", "closure", "around") for c in feature.claims)
    opened = "open" in thing.values("closure") or "broken" in thing.values("closure")
    return slot == "arc" and claim.slot == "around" and claim.value == "all" and not opened


def _balance(
    result: Judgement, truth: Truth, asked: Asked, lexicon: Lexicon, options: Options
) -> None:
    """Let each true feature count the same, however much is known of it; less what is not asked for."""
    totals = [sum(e.weight for e in result.evidence if e.thing == n) for n in range(len(truth.things))]
    direct = asked.slots & _DIRECTIONS
    shares = [
        options.unasked
        if (direct and direct == asked.slots and direct.isdisjoint(thing.facts))
        or (asked.beyond and any(fit(c, thing, lexicon) >= 0.9 for c in asked.given))
        else 1.0
        for thing in truth.things
    ]
    mean = sum(totals) / sum(shares) if shares else 0.0
    for e in result.evidence:
        if e.thing >= 0 and totals[e.thing] > 0:
            e.weight *= mean * shares[e.thing] / totals[e.thing]


def _pairs(thing: Thing, result: Judgement, weight: Weight) -> None:
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
        right = agreement(where, arc) > 0.3
        result.evidence.append(
            Evidence(
                "met" if right else "false", what, 1.0 if right else -0.6, amount, found.start, found.end
            )
        )


def _spots(thing: Thing, result: Judgement, lexicon: Lexicon, weight: Weight) -> None:
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


def _everywhere_said(facts: Sequence[Fact], reading: Reading, result: Judgement) -> bool:
    """Tell whether "separate" or "mixed" is said, or shown by naming several features that are there."""
    values = {fact.value for fact in facts}
    if not values <= {"separate", "mixed"}:
        return False
    if any(c.slot == "texture" and c.value in values and c.affirmed for c in reading.claims):
        return True
    return len({id(owner) for feature, owner in result.bound if owner is not None and seen(feature)}) >= 2


def _presence(
    thing: Thing,
    features: Sequence[Feature],
    reading: Reading,
    truth: Truth,
    lexicon: Lexicon,
    weight: Weight,
    result: Judgement,
    dimension: str,
    half: float,
) -> Evidence:
    """Judge whether an answer sees a true feature at all."""
    what = thing.label or "the feature"
    amount = weight("type", "hit")
    best, credit = None, 0.0
    for feature in features:
        value, claim = _recognised(feature, thing, lexicon, _PLACE[dimension], half)
        if value > credit:
            best, credit = claim, value
    if thing.label == "None" and credit < 1.0:
        denied = {c.value for c in reading.claims if c.slot in ("type", "shape") and not c.affirmed}
        if len(denied) >= 3 and not any(owner is None for _, owner in result.bound):
            return Evidence("met", what, 1.0, amount, why="every other class is ruled out")
    if thing.label in ("None", "Random") and credit > 0.3:
        odd = ("dense", "medium") if thing.label == "None" else ("sparse", "zero")
        named = any(c.slot == "type" and c.affirmed and c.value == thing.label for c in reading.claims)
        said = {c.value for c in reading.claims if c.slot == "density" and c.affirmed and not c.good}
        if thing.label == "Random" and any(
            c.slot == "type" and c.affirmed and c.value == "None" for c in reading.claims
        ):
            said.add("sparse")
        if (
            not named
            and not said.isdisjoint(odd)
            and (thing.label == "None" or said.isdisjoint(("dense", "medium")))
        ):
            # What tells the two apart is how many dies fail.
            credit *= 0.3
    if credit < 0.9:
        for claim in reading.claims:
            if (
                not claim.affirmed
                and not claim.good
                and _denies(claim, thing, truth)
                and not _elsewhere(claim, truth, thing)
            ):
                result.denied_truth = True
                return Evidence("denied", what, -1.0, amount, claim.start, claim.end, "denied, and true")
    contrary = next(
        (c for c in reading.claims if c.slot == "type" and not c.affirmed and c.value == thing.label), None
    )
    if best is not None and contrary is not None and contrary.clause != best.clause:
        return Evidence("false", what, 0.2, amount, contrary.start, contrary.end, "said both ways")
    if best is not None:
        return Evidence(
            "met" if credit > 0.8 else "near", what, credit, amount, best.start, best.end, "said of it"
        )
    if len(truth.things) == 1 and any(
        c.affirmed and not c.good and c.slot in ATTRIBUTES and fit(c, thing, lexicon) == 1.0
        for f in features
        for c in f.claims
    ):
        return Evidence("near", what, 0.5, amount, why="its attributes are described")
    return Evidence("missing", what, 0.0, amount)


def _elsewhere(claim: Claim, truth: Truth, thing: Thing) -> bool:
    """Tell whether a denied shape may be that of another class: "no ring" beside a donut that is affirmed."""
    return claim.slot == "shape" and any(
        claim.value in o.values("shape") for o in truth.things if o is not thing
    )


def _denies(claim: Claim, thing: Thing, truth: Truth) -> bool:
    if claim.slot == "type":
        return claim.value == thing.label
    if claim.slot == "shape":
        shapes = thing.values("shape")
        return claim.value in shapes and claim.value != "none"
    return False


def _recognised(
    feature: Feature, thing: Thing, lexicon: Lexicon, by_place: tuple[float, float], half: float
) -> tuple[float, Claim | None]:
    best, credit = None, 0.0
    shape = 0.0
    places: set[str] = set()
    named = [c.affirmed for c in feature.claims if c.slot == "type" and c.value == thing.label]
    if not any(named) and any(
        c.slot == "type" and c.affirmed and not c.good and fit(c, thing, lexicon) < 0 for c in feature.claims
    ):
        # Of another class by name.
        return 0.0, None
    if named and not any(named):
        # "What looks like a donut is the border of the ring."
        return 0.0, None
    for claim in feature.claims:
        if not claim.affirmed or claim.good:
            continue
        value = fit(claim, thing, lexicon)
        if claim.slot == "type" and value == 1.0:
            amount = 1.0
        elif claim.slot == "shape" and value > 0:
            shape = max(shape, value)
            amount = 0.5 if value < 1.0 else 0.95 if claim.value in _TELLING else 0.8
        elif claim.slot in ("zone", "arc", "around") and value > 0:
            places.add("zone" if claim.slot == "zone" else "arc")
            amount = by_place[0] if claim.slot == "zone" else by_place[1]
            if len(places) > 1:
                amount = max(amount, min(0.9, by_place[0] + 0.35))
        else:
            continue
        amount *= half if claim.hedged else 1.0
        if amount > credit:
            best, credit = claim, amount
    against = any(
        c.affirmed
        and not c.good
        and c.slot in ("shape", "around")
        and fit(c, thing, lexicon) < 0.5
        and fit(c, thing, lexicon) != 0.0
        for c in feature.claims
    )
    elsewhere = by_place[1] < 0.5 and any(
        c.slot == "zone" and c.affirmed and not c.good and fit(c, thing, lexicon) < 0.0
        for c in feature.claims
    )
    if elsewhere and not any(named):
        # The right form in the wrong place is another class.
        return 0.25 * credit, best
    if against and shape < 0.5 and credit < 0.95:
        # The right place, but another form.
        return 0.4 * credit, best
    if shape and places and credit < 1.0:
        credit = max(
            credit, (0.95 if shape == 1.0 else 0.6) * (half if best is not None and best.hedged else 1.0)
        )
    return credit, best


def _covered(slot: str, thing: Thing, features: Sequence[Feature], lexicon: Lexicon) -> float:
    """Return the share of several true places that are named: where a line begins and where it ends."""
    values = thing.values(slot)
    if slot == "arc":
        exact = [v for v in values if isinstance(v, Arc) and not v.words]
    else:
        exact = [v for v in values if isinstance(v, tuple) or (v in lexicon.zones and v != "full")]
    groups: list[Value] = []
    for value in exact:
        if all(_place_fit(slot, value, other, lexicon) < 0.4 for other in groups):
            groups.append(value)
    if len(groups) < 2:
        return 1.0
    said = [c.value for f in features for c in f.claims if c.slot == slot and c.affirmed and not c.good]
    met = sum(max((_place_fit(slot, s, g, lexicon) for s in said), default=0.0) for g in groups)
    return max(1.0 / len(groups), min(1.0, met / len(groups)))


def _place_fit(slot: str, a: Value, b: Value, lexicon: Lexicon) -> float:
    if slot == "zone":
        return zone_fit(a, b, lexicon)
    return agreement(a, b) if isinstance(a, Arc) and isinstance(b, Arc) else 0.0


_IMPLIED: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("texture", "filled"): {"shape": "blob", "density": "dense"},
    ("texture", "round"): {"shape": "blob"},
    ("closure", "closed"): {"around": "all"},
    ("around", "all"): {"closure": "closed"},
    ("around", "part"): {"closure": "open"},
    ("shape", "full"): {"density": "dense"},
    ("type", "Near-full"): {"density": "dense"},
    ("shape", "arc"): {"texture": "curved"},
    ("type", "Scratch"): {"width": "thin"},
    ("shape", "ring"): {"texture": "hollow"},
    ("type", "Donut"): {"texture": "hollow"},
}
"""What one value says of another slot."""


_TWOFOLD = frozenset(("closure", "border", "width", "size", "length", "texture", "around"))
"""Slots with two sides, where to deny the one is to say the other."""
_BY_DENIAL = 0.8
BOTH = 0.3


def _slot(
    slot: str, thing: Thing, features: Sequence[Feature], lexicon: Lexicon, weight: float, half: float
) -> Evidence | None:
    """Judge one slot of a true feature by all that is said of it."""
    what = f"{thing.label or 'feature'} {slot}: " + " / ".join(describe(v) for v in thing.values(slot))
    precise = slot == "arc" and any(
        isinstance(c.value, Arc) and not c.value.words
        for f in features
        for c in f.claims
        if c.slot == "arc" and c.affirmed
    )
    part = slot == "around" and "part" in thing.values("around")
    right: tuple[float, Claim] | None = None
    wrong: Claim | None = None
    worst = 0.0
    implied = aside = 0.0
    for feature in features:
        for claim in feature.claims:
            if claim.good:
                continue
            if claim.slot == "type" and claim.affirmed and claim.value == thing.label:
                implied = max(implied, half if claim.hedged else 1.0)
            if (
                part
                and claim.affirmed
                and (claim.slot == "arc" or (claim.slot == "shape" and claim.value == "arc"))
            ):
                implied = max(implied, 1.0)
            if claim.affirmed and not claim.hedged and _contrary(slot, claim, thing, feature):
                worst, wrong = -1.0, claim
            if claim.affirmed:
                by = _IMPLIED.get((claim.slot, str(claim.value)))
                if by is not None and (slot, by.get(slot)) in {(slot, v) for v in thing.values(slot)}:
                    aside = max(aside, half if claim.hedged else 1.0)
            if slot == "zone" and claim.affirmed and claim.value == "full" and "full" in thing.values("zone"):
                implied = max(implied, half if claim.hedged else 1.0)
            if claim.slot != slot:
                continue
            value = fit(claim, thing, lexicon)
            if precise and isinstance(claim.value, Arc) and claim.value.words and value > 0:
                continue
            if not claim.affirmed:
                if slot == "zone" and any(c.slot == "arc" and not c.affirmed for c in feature.claims):
                    # "The upper half of the rim is clean" leaves the rest of it.
                    continue
                if value == 1.0 and slot not in ("arc", "around") and weight > _MINOR:
                    worst, wrong = min(worst, -1.0), claim
                elif value == -1.0 and slot in _TWOFOLD and (right is None or right[0] < _BY_DENIAL):
                    # "Not closed" says open.
                    right = (_BY_DENIAL, claim)
                continue
            if claim.hedged:
                value *= half
            if value > 0 and (right is None or value > right[0]):
                right = (value, claim)
            elif value < worst:
                worst, wrong = value, claim
    if wrong is not None and right is not None and wrong.hedged:
        wrong = None
    if wrong is not None and right is not None:
        return Evidence(
            "false", what, 0.6 * worst + BOTH * right[0], weight, wrong.start, wrong.end, "said both ways"
        )
    if wrong is not None:
        return Evidence("false", what, worst, weight, wrong.start, wrong.end, "something else is true")
    if right is not None:
        value, claim = right
        if slot in ("arc", "zone"):
            value *= _covered(slot, thing, features, lexicon)
        return Evidence("met" if value >= 0.9 else "near", what, value, weight, claim.start, claim.end)
    if aside:
        return Evidence("met", what, _BY_DENIAL * aside, weight, why="implied by what is said")
    if implied and slot in ("zone", "shape", "around") and lexicon.classes.get(thing.label, {}).get(slot):
        return Evidence("met", what, 0.9 * implied, weight, why="implied by the class")
    return Evidence("missing", what, 0.0, weight)
