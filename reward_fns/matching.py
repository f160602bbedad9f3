"""Hold the claims of an answer against the truth of its row: what is met, missing, false or invented."""

from __future__ import annotations

from collections.abc import Sequence

from .asked import Asked
from .binding import beside, bind
from .claims import ATTRIBUTES, HEADS, Claim, Feature, Reading
from .evidence import Evidence, Judgement, Weight, seen
from .exchange import judge_exchange, judge_places
from .extent import judge_extent
from .inventions import (
    charge_flawless,
    charge_inventions,
    judge_clear,
    judge_clear_arcs,
    judge_survivors,
)
from .lexicon import Lexicon
from .options import Options
from .place_verdicts import credit_verdict
from .relations import charge_spared, judge_relation
from .relevance import RELEVANCE
from .slots import MINOR, judge_aspects, judge_flanks, judge_pairs, judge_spots, qualified, said_of
from .things import Fact, Thing, Truth, fit

_TELLING = frozenset(("line", "full", "scatter", "none"))
_PLACE = {"spatial": (0.75, 0.6), "morphology": (0.45, 0.45), "defect_type": (0.7, 0.1)}
"""What a right zone, and a right direction, alone are worth as a sign that a feature was seen."""
_WHERE_CLEAR = 2.5
"""How much more it counts what is clear when that is the question."""
_BESIDES = 0.3
"""What a feature counts when the question asks about another one."""
_ANSWERED_WRONG = 2.0
_PLAINLY = "something else is true"
_DIRECTIONS = frozenset(("arc", "around"))


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
            relevance.get(slot, MINOR)
            * trust[source]
            * (options.question_boost if slot in asked.slots else 1.0)
            * (_WHERE_CLEAR if slot == "clear" and asked.survivors else 1.0)
        )

    for n, thing in enumerate(truth.things):
        mark = len(result.evidence)
        features = [f for f, owner in result.bound if owner is thing]
        said = said_of(features)
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
            for entry in judge_aspects(slot, thing, said, lexicon, weight(slot, strongest.source), half):
                entry.slot = slot
                if entry.credit < 0:
                    entry.credit *= (
                        options.penalty * options.wrong * (6.0 if dimension == "defect_type" else 1.0)
                    )
                    if (
                        slot == "texture"
                        and dimension == "morphology"
                        and slot in asked.slots
                        and entry.why == _PLAINLY
                    ):
                        # "Do they touch?" is answered wrongly, whatever else is right.
                        entry.weight *= _ANSWERED_WRONG
                elif entry.credit == 0.0 and slot == "texture" and _everywhere_said(facts, reading, result):
                    entry.credit, entry.verdict = 1.0, "met"
                result.evidence.append(entry)
        if len({claim.value for claim, _ in thing.pairs}) > 1 or (
            thing.pairs and "all" in thing.values("around")
        ):
            judge_pairs(thing, result, weight)
        if dimension == "morphology":
            _hollowed(thing, features, result, weight)
        if thing.flanks and dimension == "morphology":
            result.evidence.extend(judge_flanks(thing.flanks, features, weight))
        if len(thing.spots) > 1:
            judge_spots(thing, result, lexicon, weight)
        for entry in result.evidence[mark:]:
            entry.thing = n
            _lighten(entry, thing, asked, lexicon, options)
    _misattributed(result, truth, lexicon)
    if not asked.gap:
        _rest(result, reading, truth, weight)
    _balance(result, truth, asked, lexicon, options)
    judge_relation(result, reading, truth, weight, asked)
    judge_clear(result, reading, truth, lexicon, weight)
    charge_spared(result, reading, truth, weight)
    judge_clear_arcs(result, reading, truth, lexicon, weight)
    judge_survivors(result, reading, truth, lexicon, weight, asked)
    charge_flawless(result, reading, truth, weight)
    charge_inventions(result, reading, truth, options.penalty * options.invention)
    judge_exchange(result, truth, lexicon, relevance["zone"] if relevance else 0.0)
    if dimension == "defect_type":
        judge_places(result, reading, truth, lexicon, asked)
    judge_extent(result, reading, truth.extent, asked)
    credit_verdict(result, reading, truth, asked, lexicon)
    result.engaged = any(c.affirmed and not c.good and c.slot not in ATTRIBUTES for c in reading.claims)
    return result


def _lighten(entry: Evidence, thing: Thing, asked: Asked, lexicon: Lexicon, options: Options) -> None:
    """Count less what the question already says, or does not ask for; what is false counts in full."""
    if entry.credit < 0.0:
        return
    slots = (entry.slot,) if entry.slot else ("type", "shape", "zone")
    known = asked.survivors or any(
        (asked.beyond or c.slot in slots) and fit(c, thing, lexicon) >= 0.9 for c in asked.given
    )
    facts = thing.facts.get(entry.slot, ())
    if facts and all(fact.source == "class" for fact in facts):
        # "Does it reach the ring?" takes for granted where a ring of the class lies.
        known = known or any(c.slot in HEADS and fit(c, thing, lexicon) >= 0.9 for c in asked.given)
    by_place = not entry.slot and entry.credit < 0.9 and asked.slots & _DIRECTIONS
    if known and (entry.credit == 0.0 or by_place):
        entry.weight *= options.given
    elif asked.slots and entry.slot and entry.slot not in asked.slots:
        entry.weight *= options.unasked


def _hollowed(thing: Thing, features: Sequence[Feature], result: Judgement, weight: Weight) -> None:
    """Charge a hole in what is solid."""
    if thing.values("shape") != ["blob"] or "hollow" in thing.values("texture"):
        return
    claim = next(
        (
            c
            for f in features
            for c in f.claims
            if c.slot == "texture" and c.value == "hollow" and c.affirmed and not c.good and not c.hedged
        ),
        None,
    )
    if claim is not None:
        result.evidence.append(
            Evidence("false", "a hole", -1.0, weight("shape", "hit"), claim.start, claim.end, "it is solid")
        )


def _rest(result: Judgement, reading: Reading, truth: Truth, weight: Weight) -> None:
    """Charge an answer that lets the rest of a place fail: roles of the two parts are exchanged."""
    if any("full" in thing.values("zone") for thing in truth.things):
        return
    claim = next((c for c in reading.claims if c.slot == "rest" and c.affirmed and not c.good), None)
    if claim is not None and claim.clause in reading.failing:
        amount = max(weight("zone", "hit"), 0.5 * weight("type", "hit"))
        result.evidence.append(
            Evidence("false", "the rest", -1.0, amount, claim.start, claim.end, "the rest is clear")
        )


def _misattributed(result: Judgement, truth: Truth, lexicon: Lexicon) -> None:
    """Charge an attribute that is missing of one feature because it is said of another."""
    for entry in result.evidence:
        if entry.verdict not in ("missing", "near") or entry.slot not in ATTRIBUTES or entry.thing < 0:
            continue
        thing = truth.things[entry.thing]
        worst = 0.0 if entry.verdict == "missing" else 0.7
        for feature, owner in result.bound:
            if owner is None or owner is thing:
                continue
            claim = next(
                (
                    c
                    for c in feature.claims
                    if c.slot == entry.slot
                    and (not entry.aspect or c.value in entry.aspect)
                    and c.affirmed
                    and not c.good
                    and c.value not in ("separate", "mixed", "touching")
                    and fit(c, thing, lexicon) == 1.0
                    and fit(c, owner, lexicon) <= worst
                ),
                None,
            )
            if claim is not None:
                entry.credit, entry.verdict, entry.why = -0.8, "false", "said of another feature"
                entry.start, entry.end = claim.start, claim.end
                break


def _balance(result: Judgement, truth: Truth, asked: Asked, lexicon: Lexicon, options: Options) -> None:
    """Let each true feature count the same, however much is known of it; less what is not asked for."""
    totals = [sum([e.weight for e in result.evidence if e.thing == n], 0.0) for n in range(len(truth.things))]
    named = [any(e.thing == n and e.credit > 0.0 for e in result.evidence) for n in range(len(truth.things))]
    direct = asked.slots & _DIRECTIONS
    focused = any(thing.focus for thing in truth.things)
    shares = [
        options.given
        if focused and not thing.focus
        else options.unasked
        if (direct and direct == asked.slots and direct.isdisjoint(thing.facts))
        or (asked.beyond and any(fit(c, thing, lexicon) >= 0.9 for c in asked.given))
        else _BESIDES
        if not named[n] and beside(asked, thing, truth, lexicon)
        else 1.0
        for n, thing in enumerate(truth.things)
    ]
    mean = sum(totals, 0.0) / sum(shares, 0.0) if shares else 0.0
    for e in result.evidence:
        if e.thing >= 0 and totals[e.thing] > 0:
            share = shares[e.thing] if e.credit >= 0.0 else max(shares[e.thing], options.unasked)
            e.weight *= mean * share / totals[e.thing]


def _everywhere_said(facts: Sequence[Fact], reading: Reading, result: Judgement) -> bool:
    """Tell whether "separate" or "mixed" is said, or shown by naming several features that are there."""
    values = {fact.value for fact in facts}
    if not values <= {"separate", "mixed"}:
        return False
    said = {c.value for c in reading.claims if c.slot == "texture" and c.affirmed and not c.good}
    if said & values:
        return True
    if "touching" in said:
        # "It leans against the ring": two features, but not apart.
        return False
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
                and not qualified(claim, reading.claims, thing, lexicon)
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
        return claim.value in shapes and claim.value != "none" and not thing.outdated(str(claim.value))
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
