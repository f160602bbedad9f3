"""The score of one part of a rubric: what the answer says of it is judged and weighed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .asked import NOTHING, Asked
from .cause_verdicts import MISPLACED, judge_verdict, misplaced, verdict_of_answer
from .causes import judge_causes
from .claims import Reading
from .evidence import Evidence, Judgement
from .fluency import crowding
from .lexicon import Lexicon
from .matching import judge
from .options import Options
from .phrases import Index, index_words, match_phrase
from .place_verdicts import verdict
from .schema import Item
from .spread import judge_spread, level, placeless
from .things import Truth

KEPT = 0.2
"""Share of what was hit that stays visible below what is wrong."""
_FLOOR = 0.06
"""What a wrong answer that reads the map is worth above one that says nothing."""


@dataclass(slots=True)
class Compiled:
    """One part of a rubric, ready to judge with."""

    dimension: str
    truth: Truth
    items: list[tuple[Item, list[Reading]]]
    phrases: list[Item]
    avoided_phrases: list[Item]
    avoided_causes: frozenset[str]
    scorable: bool
    full: float = 1.0


@dataclass(slots=True)
class PartScore:
    """The outcome of one part."""

    score: float
    hit: float
    hallucination: float
    evidence: list[Evidence]
    scorable: bool


def score_part(
    reading: Reading,
    part: Compiled,
    lexicon: Lexicon,
    asked: Asked,
    options: Options,
) -> PartScore:
    """Weigh the evidence on one part."""
    if not part.scorable:
        return PartScore(0.0, 0.0, 0.0, [], False)
    if part.dimension == "root_cause":
        return _score_causes(reading, part, lexicon, asked, options)
    uniform = placeless(part.truth) and part.dimension in ("spatial", "morphology")
    if uniform:
        reading = level(reading, part.truth.labels, lexicon, part.truth.opening, closed=asked.closed)
    judgement = judge(reading, part.truth, part.dimension, lexicon, asked, options)
    if uniform:
        judge_spread(judgement, reading)
    evidence = judgement.evidence
    # "Background noise" is what a wafer without pattern shows, and no mechanism to be named beside it.
    unpatterned = part.truth.labels == ["None"]
    if part.phrases or part.avoided_phrases:
        index = index_words(reading.words)
        weight = 0.15 if lexicon.classes else 1.0
        evidence.extend(match_phrase(item, reading.words, index, weight) for item in part.phrases)
        evidence.extend(_avoided(part, reading, index, evidence, weight))
    if part.dimension == "morphology" and "hit" in part.truth.causes.values() and not unpatterned:
        evidence.append(_mechanism(reading, part, lexicon, judgement))
    total = judgement.weight or 1.0
    value = sum([e.weight * e.credit for e in evidence], 0.0) / total
    hit = sum([e.weight * max(0.0, e.credit) for e in evidence], 0.0) / total
    false = sum([e.weight * -min(0.0, e.credit) for e in evidence], 0.0) / total
    if any(e.why == "said both ways" and e.weight >= 0.5 for e in evidence):
        value *= options.contradiction
    if part.truth.labels == ["None"] and value > 0.3 and any(e.verdict == "invented" for e in evidence):
        value *= options.contradiction
    engaged = judgement.engaged and reading.stated and not reading.refuses
    floor = _FLOOR if engaged and not judgement.denied_truth else 0.0
    # What is right stays visible below what is wrong, so that groups of poor answers still differ.
    kept = 0.0 if judgement.denied_truth and len(part.truth.things) == 1 else KEPT * hit
    score = max(floor, kept, min(1.0, value / part.full))
    if judgement.denied_truth and value < 0.3 and (len(part.truth.things) == 1 or hit < 0.3):
        score = 0.0
    claimed = sum(c.affirmed for c in reading.claims)
    if reading.refuses and (claimed < 2 or (hit < 0.7 and claimed < 3)):
        score = 0.0
    said = verdict(reading, asked, lexicon) if asked.closed else reading.opening
    if part.truth.opening * said < 0:
        score *= 0.3
    return PartScore(score * crowding(reading), hit, min(1.0, false), evidence, True)


def _avoided(
    part: Compiled,
    reading: Reading,
    index: Index,
    evidence: Sequence[Evidence],
    weight: float,
) -> list[Evidence]:
    """Charge avoid terms the lexicon does not know where they are asserted outside of what was met."""
    met = {n for e in evidence if e.verdict == "met" for n in range(e.start, e.end)}
    total = sum([e.weight for e in evidence], 0.0) if weight == 1.0 else 1.0
    found = []
    for item in part.avoided_phrases:
        hit = match_phrase(item, reading.words, index, 0.5 * weight * total)
        if hit.verdict == "met" and met.isdisjoint(range(hit.start, hit.end)):
            found.append(
                Evidence("invented", str(item), -1.0, hit.weight, hit.start, hit.end, "a must-avoid term")
            )
    return found


def _mechanism(reading: Reading, part: Compiled, lexicon: Lexicon, judgement: Judgement) -> Evidence:
    """Weigh the causes a morphology rubric asks for beside the shapes."""
    share, charge, evidence = judge_causes(
        reading, part.truth, judgement.bound, part.items, part.avoided_causes, lexicon
    )
    weight = 0.8 * judgement.weight
    credit = share * (1.0 - charge) - (0.4 * charge if not share else 0.0)
    first = next((e for e in evidence if e.start >= 0), None)
    start, end = (first.start, first.end) if first is not None else (-1, -1)
    return Evidence("met" if credit > 0.5 else "missing", "the mechanism", credit, weight, start, end)


def _score_causes(
    reading: Reading, part: Compiled, lexicon: Lexicon, asked: Asked, options: Options
) -> PartScore:
    said = verdict_of_answer(reading, asked, lexicon) if part.truth.verdict else 0
    judgement = judge(reading, part.truth, "defect_type", lexicon, NOTHING, options)
    share, charge, evidence = judge_causes(
        reading,
        part.truth,
        judgement.bound,
        part.items,
        part.avoided_causes,
        lexicon,
        asked,
        asked.causes if said < 0 else frozenset(),
    )
    causes = {n for e in evidence for n in range(e.start, e.end)}
    invented = [
        e
        for e in judgement.evidence
        if e.verdict == "invented" and e.what in lexicon.classes and not (e.what == "Scratch" and causes)
    ]
    if invented and not any(owner is not None and feature.claims for feature, owner in judgement.bound):
        # Causes of a pattern that is not there.
        share *= 0.3
    false = min(max(0.75, charge) if share > 0.7 else 1.0, charge + 0.15 * len(invented))
    value = min(1.0, share * (1.0 - false) / part.full)
    if part.truth.verdict:
        denied = any(e.verdict == "denied" for e in evidence)
        found = judge_verdict(said, part.truth, reading, share, false, denied, lexicon)
        value = min(1.0, found / part.full)
    elif asked.words and misplaced(reading.claims, part.truth, lexicon):
        # A mechanism for another place: "the gas is starved at the hub", of a ring on the rim.
        value *= MISPLACED
    engaged = any(c.slot == "cause" and c.affirmed for c in reading.claims) and reading.stated
    score = max(_FLOOR if engaged and not reading.refuses else 0.0, value)
    return PartScore(score * crowding(reading), share, false, evidence + invented, True)
