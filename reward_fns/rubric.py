"""The rubric reward: `compute_score` for verl, `explain` for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import paper
from .asked import NOTHING, Asked, read_question
from .causes import judge_causes
from .claims import Reading
from .evidence import Evidence, Judgement
from .final import answer_text, has_style
from .fluency import crowding, repeats, soup
from .lexicon import Lexicon, load_lexicon
from .matching import judge
from .options import DEFAULT, Options, overlong_charge, read_options
from .paper import NOT_APPLICABLE
from .paper_evidence import paper_evidence
from .parts import split_parts
from .phrases import Index, index_words, match_phrase
from .reader import read, scan_text, take_as_passing
from .repair import repair
from .schema import PARTS, Criteria, Item, Rubric, load_rubric
from .text import Text, read_text
from .things import Truth
from .truth import build_truth

KEPT = 0.2
MET = 0.9
"""Share of what the reference answer earns from which on every required fact counts as met."""

MISTAKEN = 0.3
"""A reference answer with more false claims than this is wrong rather than misread; the audit reports it."""
LEAST_FULL = 0.6
"""A reference answer that earns less than this by its own rubric was not read; it sets no scale."""
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


def compute_score(
    data_source: str,
    solution_str: object,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, float]:
    """Score one answer against its rubric.

    Args:
        data_source: verl's name of the row's origin; unused.
        solution_str: The model's answer, whatever it is.
        ground_truth: A version-1 rubric as JSON text.
        extra_info: The row's extra columns; `question` and `answer_style` are read.
        **options: Weights and switches.

    Returns:
        Always the same keys, all floats: `score`, `acc`, `scorable`, `hit`, `faithful`, `hallucination`,
        `spatial`, `morphology`, `root_cause`, `defect_type`, `format`.

    Raises:
        RubricError: `ground_truth` is malformed.
    """
    settings = read_options(options)
    if settings.preset == "paper":
        return _paper(solution_str, ground_truth, extra_info, settings)
    return _judge(solution_str, ground_truth, extra_info, settings)[0]


def explain(
    data_source: str,
    solution_str: object,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Return `{"scores": ..., "text": ..., "evidence": [...]}`: which words earned and cost what.

    The evidence is that of the rule which gave the score: with `preset: paper`, the terms it found.
    """
    settings = read_options(options)
    if settings.preset == "paper":
        scores = _paper(solution_str, ground_truth, extra_info, settings)
        seen, counted = paper_evidence(solution_str, ground_truth, settings.paper_weights)
        return {"scores": scores, "text": seen, "evidence": counted}
    scores, text, parts = _judge(solution_str, ground_truth, extra_info, settings)
    spans = text.spans()
    evidence = []
    for name, part in parts.items():
        for e in part.evidence:
            start, end = (
                (spans[e.start][0], spans[e.end - 1][1]) if 0 <= e.start < e.end <= len(spans) else (-1, -1)
            )
            evidence.append(
                {
                    "part": name,
                    "verdict": e.verdict,
                    "what": e.what,
                    "credit": e.credit,
                    "weight": e.weight,
                    "start": start,
                    "end": end,
                    "words": text.source[start:end] if start >= 0 else "",
                    "why": e.why,
                }
            )
    return {"scores": scores, "text": text.source, "evidence": evidence}


def _paper(
    answer: object,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None,
    options: Options,
) -> dict[str, float]:
    return paper.compute_score(
        "",
        answer,
        ground_truth,
        extra_info,
        weights=options.paper_weights,
        threshold=options.paper_threshold,
    )


def _judge(
    answer: object,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None,
    options: Options,
) -> tuple[dict[str, float], Text, dict[str, PartScore]]:
    key = (
        ground_truth
        if isinstance(ground_truth, str)
        else json.dumps(ground_truth, sort_keys=True, default=str)
    )
    question = str((extra_info or {}).get("question") or "") if isinstance(extra_info, Mapping) else ""
    rubric, compiled = compile_rubric(key, options.lexicon, question)
    lexicon = load_lexicon(options.lexicon)
    text = read_text(answer_text(answer))
    asked = read_question(question, options.lexicon)
    skip = repeats(text.words, _copied(text.words, asked))
    parts: dict[str, PartScore] = {}
    if rubric.dimension == "full":
        cut = split_parts(text.words)
        scanned = scan_text(text, lexicon)
        whole = None if cut.keys() >= compiled.keys() else read(text, lexicon, skip, scanned)
        for name, part in compiled.items():
            marks = _outside(len(text.words), cut[name], skip) if name in cut else skip
            reading = whole if whole and name not in cut else read(text, lexicon, marks, scanned)
            parts[name] = _score_part(reading, text, part, lexicon, NOTHING, options)
    else:
        reading = read(text, lexicon, skip, choices=asked.choices)
        if asked.survivors:
            take_as_passing(reading)
        parts = {
            name: _score_part(reading, text, part, lexicon, asked, options) for name, part in compiled.items()
        }
    scores = _total(rubric, parts, options, answer, extra_info)
    scores["score"] *= soup(text.words)
    scores["score"] = max(0.0, scores["score"] - overlong_charge(len(text.source), options))
    return scores, text, parts


def _total(
    rubric: Rubric,
    parts: Mapping[str, PartScore],
    options: Options,
    answer: object,
    extra_info: Mapping[str, Any] | None,
) -> dict[str, float]:
    live = {name: part for name, part in parts.items() if part.scorable}
    weights = dict(options.weights)
    shares = {name: weights.get(name, 1.0) for name in live}
    total = sum(shares.values())

    def mean(field: str) -> float:
        return sum(shares[n] * getattr(live[n], field) for n in live) / total if total else 0.0

    rate = mean("hallucination")
    scores = {
        "score": mean("score"),
        "acc": float(bool(live) and all(p.score >= MET and p.hallucination == 0.0 for p in live.values())),
        "scorable": float(bool(live)),
        "hit": mean("hit"),
        "faithful": 1.0 - rate,
        "hallucination": rate,
    }
    for name in (*PARTS, "defect_type"):
        scores[name] = live[name].score if name in live else NOT_APPLICABLE
    scores["format"] = float(has_style(answer, extra_info))
    return scores


@lru_cache(maxsize=4096)
def compile_rubric(
    text: str, lexicon_path: str | None = None, question: str = ""
) -> tuple[Rubric, dict[str, Compiled]]:
    """Repair and compile a rubric; cached by content, since every answer of a group asks for the same one."""
    load_rubric(text)
    mended, _ = repair(json.loads(text))
    rubric = load_rubric(mended)
    lexicon = load_lexicon(lexicon_path)
    asked = NOTHING if rubric.dimension == "full" else read_question(question, lexicon_path)
    return rubric, {
        name: _compile(rubric, name, part, lexicon, asked) for name, part in rubric.criteria.items()
    }


def _compile(rubric: Rubric, name: str, part: Criteria, lexicon: Lexicon, asked: Asked) -> Compiled:
    truth, items = build_truth(rubric.labels, rubric.reference_answer, part, lexicon, asked)
    phrases = [
        item
        for item, readings in items
        if not any(r.claims for r in readings) and str(item).strip().lower() not in ("yes", "no")
    ]
    avoided = [(item, [read(read_text(term), lexicon) for term in item.any_of]) for item in part.must_avoid]
    causes = frozenset(
        str(c.value) for _, readings in avoided for r in readings for c in r.claims if c.slot == "cause"
    ) - {cause for cause, source in truth.causes.items() if source == "hit"}
    scorable = bool(part.must_hit or rubric.labels or rubric.reference_answer.strip())
    unknown = [item for item, readings in avoided if not any(r.claims for r in readings)]
    compiled = Compiled(name, truth, items, phrases, unknown, causes, scorable)
    if rubric.reference_answer.strip():
        _settle(compiled, rubric, lexicon, asked)
    return compiled


def _settle(compiled: Compiled, rubric: Rubric, lexicon: Lexicon, asked: Asked) -> None:
    """Let the reference answer settle the rubric: it is right, so what it is charged for was misread.

    Facts that it contradicts are dropped, features that it invents are tolerated, and what it earns is the
    full score: must-hit lists that ask for terms of another question cannot be met by any right answer.
    """
    text = read_text(rubric.reference_answer)
    reading = read(text, lexicon)
    if asked.survivors:
        take_as_passing(reading)
    if _score_part(reading, text, compiled, lexicon, asked, DEFAULT).hallucination > MISTAKEN:
        return
    for _ in range(2):
        part = _score_part(reading, text, compiled, lexicon, asked, DEFAULT)
        wrong = [e for e in part.evidence if e.credit < 0]
        if not wrong:
            break
        for e in wrong:
            if e.thing >= 0 and e.slot:
                compiled.truth.things[e.thing].forget(e.slot)
            elif e.verdict == "invented" and e.what not in lexicon.shapes:
                compiled.truth.tolerated.add(e.what)
    compiled.full = max(LEAST_FULL, _score_part(reading, text, compiled, lexicon, asked, DEFAULT).score)


def _copied(words: Sequence[str], asked: Asked) -> list[bool] | None:
    """Mark the sentences that copy the question: eight words or more of it in order."""
    if len(asked.words) < 4 or len(words) < 4:
        return None
    size = 5
    grams = {tuple(asked.words[i : i + size]) for i in range(len(asked.words) - size + 1)}
    if not grams:
        return None
    marks: list[bool] | None = None
    for i in range(len(words) - size + 1):
        if words[i] in asked.words and tuple(words[i : i + size]) in grams:
            if marks is None:
                marks = [False] * len(words)
            marks[i : i + size] = [True] * size
    return marks


def _outside(size: int, stretch: tuple[int, int], skip: Sequence[bool] | None) -> list[bool]:
    marks = [True] * size
    start, end = stretch
    marks[start:end] = list(skip[start:end]) if skip is not None else [False] * (end - start)
    return marks


def _score_part(
    reading: Reading,
    text: Text,
    part: Compiled,
    lexicon: Lexicon,
    asked: Asked,
    options: Options,
) -> PartScore:
    """Weigh the evidence on one part."""
    if not part.scorable:
        return PartScore(0.0, 0.0, 0.0, [], False)
    if part.dimension == "root_cause":
        return _score_causes(reading, part, lexicon, options)
    judgement = judge(reading, part.truth, part.dimension, lexicon, asked, options)
    evidence = judgement.evidence
    if part.phrases or part.avoided_phrases:
        index = index_words(reading.words)
        weight = 0.15 if lexicon.classes else 1.0
        evidence.extend(match_phrase(item, reading.words, index, weight) for item in part.phrases)
        evidence.extend(_avoided(part, reading, index, evidence, weight))
    if part.dimension == "morphology" and "hit" in part.truth.causes.values():
        evidence.append(_mechanism(reading, part, lexicon, judgement))
    total = sum(e.weight for e in evidence if e.verdict != "invented") or 1.0
    value = sum(e.weight * e.credit for e in evidence) / total
    hit = sum(e.weight * max(0.0, e.credit) for e in evidence) / total
    false = sum(e.weight * -min(0.0, e.credit) for e in evidence) / total
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
    if part.truth.opening * reading.opening < 0:
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
    total = sum(e.weight for e in evidence) if weight == 1.0 else 1.0
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
    weight = 0.8 * sum(e.weight for e in judgement.evidence if e.verdict != "invented")
    credit = share * (1.0 - charge) - (0.4 * charge if not share else 0.0)
    first = next((e for e in evidence if e.start >= 0), None)
    start, end = (first.start, first.end) if first is not None else (-1, -1)
    return Evidence("met" if credit > 0.5 else "missing", "the mechanism", credit, weight, start, end)


def _score_causes(reading: Reading, part: Compiled, lexicon: Lexicon, options: Options) -> PartScore:
    judgement = judge(reading, part.truth, "defect_type", lexicon, NOTHING, options)
    share, charge, evidence = judge_causes(
        reading, part.truth, judgement.bound, part.items, part.avoided_causes, lexicon
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
    engaged = any(c.slot == "cause" and c.affirmed for c in reading.claims) and reading.stated
    score = max(_FLOOR if engaged and not reading.refuses else 0.0, value)
    return PartScore(score * crowding(reading), share, false, evidence + invented, True)


__all__ = [
    "NOT_APPLICABLE",
    "Options",
    "Rubric",
    "compile_rubric",
    "compute_score",
    "explain",
    "load_rubric",
    "repair",
]
