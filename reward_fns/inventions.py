"""Judge what an answer says beside the true features: things that are not there, places called clear."""

from __future__ import annotations

from .angles import Arc, agreement
from .asked import Asked
from .claims import Claim, Reading
from .evidence import Evidence, Judgement, Weight, seen
from .lexicon import Lexicon
from .things import Truth, describe, zone_fit
from .words import word_set

_LOOKED_AT = 40
_SORT = {
    "Center": "blob",
    "Loc": "blob",
    "Donut": "ring",
    "Edge-Ring": "ring",
    "Edge-Loc": "arc",
    "Scratch": "line",
    "Random": "scatter",
    "Near-full": "full",
}
MANY = 4
"""From so many sorts of invented features on, an answer lists rather than reads."""


def charge_inventions(result: Judgement, reading: Reading, truth: Truth, invention: float) -> None:
    """Charge for features that are not there, once for each sort."""
    found: dict[str, Evidence] = {}
    share = invention * sum([e.weight for e in result.evidence], 0.0) / len(truth.things) ** 0.5
    something = any(owner is not None and seen(feature) for feature, owner in result.bound)
    for feature, owner in result.bound:
        if owner is not None:
            continue
        claims = [c for c in feature.claims if c.affirmed and not c.good]
        identity = [c for c in claims if c.slot in ("type", "shape", "zone", "arc") and c.value != "between"]
        if not identity:
            continue
        heads = [c for c in identity if c.slot in ("type", "shape")]
        claim = (heads or identity)[0]
        if not heads and "sparse" in feature.values("density"):
            # "Below 0.9 R: 1 %" says that next to nothing fails there.
            continue
        background = claim.value in ("None", "scatter", "none")
        if background and something and (claim.slot, claim.value) != ("type", "Random"):
            # Stray fails beside a pattern are compatible with every class.
            continue
        size = (1.0 if heads else 0.6) * (0.5 if claim.hedged else 1.0)
        amount = size * share
        value = describe(claim.value)
        if value in truth.tolerated:
            continue
        sort = _SORT.get(value, value) if heads else "place"
        if sort not in found or found[sort].weight < amount:
            found[sort] = Evidence(
                "invented", value, -1.0, amount, claim.start, claim.end, "nothing of the kind is there"
            )
    figure = _figure(reading, truth)
    if figure is not None:
        why = "the passing dies form no figure"
        found["figure"] = Evidence("invented", "a figure", -1.0, 0.6 * share, figure.start, figure.end, why)
    invented = list(found.values())
    if len(invented) >= MANY:
        for e in invented:
            e.weight *= 2.0
    earned = sum([e.weight * e.credit for e in result.evidence if e.credit > 0], 0.0)
    charge = sum([e.weight for e in invented], 0.0)
    if invented and len(invented) < (MANY if reading.stated else 3) and charge > 0.72 * earned > 0.4:
        # A right core with inventions is worth more than none at all.
        for e in invented:
            e.weight *= 0.72 * earned / charge
    result.evidence.extend(invented)


def _figure(reading: Reading, truth: Truth) -> Claim | None:
    """Return the figure that passing dies are said to form on a wafer where they form none."""
    placed = any(c.slot in ("zone", "arc") for c in truth.survivors)
    if placed or {"Near-full", "Random"}.isdisjoint(truth.labels):
        return None
    figures = ("ring", "blob", "arc")
    return next((c for c in reading.claims if c.good and c.slot == "shape" and c.value in figures), None)


ASKED = 5.0
"""How much more it counts where dies pass when that is the question."""


_RIMS = word_set("rim edge border perimeter circumference margin periphery")


def _surviving_zone(
    result: Judgement, reading: Reading, truth: Truth, lexicon: Lexicon, weight: Weight, asked: Asked
) -> None:
    true = [c for c in truth.survivors if c.slot == "zone"]
    said = [c for c in reading.claims if c.slot == "zone" and (c.good or not c.affirmed)]
    if not true:
        return
    # "Which part of the rim is spared?" has said the zone itself.
    given = not _RIMS.isdisjoint(asked.words) and any(c.slot == "arc" for c in truth.survivors)
    amount = (0.2 if given else ASKED) * weight("survivors", "hit")
    fits = [max(zone_fit(c.value, t.value, lexicon) for t in true) for c in said]
    # Survivors elsewhere are one place too many.
    credit = sum([fit if fit else -0.6 for fit in fits], 0.0) / len(fits) if fits else 0.0
    start, end = (said[0].start, said[0].end) if said else (-1, -1)
    verdict = "met" if credit > 0.9 else "near" if credit > 0 else "false" if credit < 0 else "missing"
    result.evidence.append(Evidence(verdict, "zone of the passing dies", credit, amount, start, end))


def judge_survivors(
    result: Judgement, reading: Reading, truth: Truth, lexicon: Lexicon, weight: Weight, asked: Asked
) -> None:
    """Judge where the passing dies are said to be, when the row says so."""
    if asked.survivors:
        _surviving_zone(result, reading, truth, lexicon, weight, asked)
    true = [c for c in truth.survivors if c.slot == "arc" and isinstance(c.value, Arc)]
    if not true:
        return
    said = [
        c
        for c in reading.claims
        if c.slot == "arc" and (c.good or not c.affirmed) and isinstance(c.value, Arc)
    ]
    amount = weight("survivors", "hit") * (ASKED if asked.survivors else 1.0)
    if not said:
        if asked.survivors:
            result.evidence.append(Evidence("missing", "passing dies", 0.0, amount))
        return
    best, claim = max(
        ((agreement(c.value, t.value), c) for c in said for t in true),  # type: ignore[arg-type]
        key=lambda pair: pair[0],
    )
    credit = best if best > 0.3 else -0.6
    verdict = "met" if credit > 0.9 else "near" if credit > 0 else "false"
    if credit <= 0:
        amount *= 1.5
    result.evidence.append(Evidence(verdict, "passing dies", credit, amount, claim.start, claim.end))


def judge_clear_arcs(
    result: Judgement, reading: Reading, truth: Truth, lexicon: Lexicon, weight: Weight
) -> None:
    """Charge hours called clear which are those that fail, when no others are said to."""
    for claim in reading.claims[:_LOOKED_AT]:
        if claim.slot != "arc" or claim.affirmed or not isinstance(claim.value, Arc) or claim.value.words:
            continue
        zones = [c.value for c in reading.claims if c.slot == "zone" and c.clause == claim.clause]
        for thing in truth.things:
            true = [v for v in thing.values("arc") if isinstance(v, Arc) and not v.words]
            here = not zones or any(zone_fit(z, v, lexicon) for z in zones for v in thing.values("zone"))
            if not here or "all" in thing.values("around") or "full" in thing.values("zone"):
                continue
            if not any(agreement(claim.value, arc) > _SAME for arc in true):
                continue
            if any(
                c.slot == "arc" and c.affirmed and isinstance(c.value, Arc) and agreement(c.value, arc) > 0.3
                for c in reading.claims
                for arc in true
            ):
                continue
            amount = weight("arc", "hit")
            result.evidence.append(
                Evidence("denied", "hours that fail", -1.0, amount, claim.start, claim.end, "it is not clear")
            )
            return


_SAME = 0.8


def charge_flawless(result: Judgement, reading: Reading, truth: Truth, weight: Weight) -> None:
    """Charge "no die fails" on a wafer that has no pattern, yet stray fails."""
    if truth.labels != ["None"]:
        return
    claim = next(
        (c for c in reading.claims if c.slot == "density" and c.value == "zero" and c.affirmed), None
    )
    if claim is not None:
        amount = 0.4 * weight("type", "hit")
        result.evidence.append(
            Evidence("false", "stray fails", -1.0, amount, claim.start, claim.end, "some dies fail")
        )


def judge_clear(result: Judgement, reading: Reading, truth: Truth, lexicon: Lexicon, weight: Weight) -> None:
    """Judge what is said to be free of defects."""
    said = [c for c in reading.claims if not c.affirmed and c.slot == "zone"]
    seen: set[str] = set()
    for fact in truth.clear:
        key = describe(fact.value)
        if fact.slot != "zone" or key in seen:
            continue
        seen.add(key)
        found = next(
            (c for c in said if c.value == "between" or zone_fit(c.value, fact.value, lexicon) == 1.0), None
        )
        false = next(
            (
                c
                for f, _ in result.bound
                for c in f.claims
                if c.slot == "zone"
                and c.affirmed
                and not c.good
                and (c.value == fact.value or (c.value == "between" and fact.value == "middle"))
            ),
            None,
        )
        amount = weight("clear", "hit")
        if false is not None and found is None:
            result.evidence.append(
                Evidence("false", f"{key} clear", -1.0, amount, false.start, false.end, "it is clear")
            )
        elif found is not None:
            result.evidence.append(Evidence("met", f"{key} clear", 1.0, amount, found.start, found.end))
        elif key != "between":
            result.evidence.append(Evidence("missing", f"{key} clear", 0.0, amount * 0.5))
    partly = {c.clause for c in reading.claims if c.slot == "arc" and not c.affirmed}
    for claim in said[:_LOOKED_AT]:
        # A zone called clear where a feature lies.
        things = [
            t for t in truth.things if any(zone_fit(claim.value, v, lexicon) == 1.0 for v in t.values("zone"))
        ]
        if (
            not things
            or claim.good
            or (claim.short and len(truth.things) > 1)
            or isinstance(claim.value, tuple)
            or claim.value in ("full", "outer", "inner")
        ):
            continue
        if claim.clause in partly:
            continue
        if all(t.facts.get("arc") for t in things):
            continue
        if any(zone_fit(claim.value, fact.value, lexicon) == 1.0 for fact in truth.clear):
            continue
        result.evidence.append(
            Evidence(
                "denied",
                f"{describe(claim.value)} fails",
                -1.0,
                max(weight("zone", "reference"), 0.4 * weight("type", "hit")),
                claim.start,
                claim.end,
                "it is not clear",
            )
        )
