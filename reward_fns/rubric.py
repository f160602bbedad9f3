"""The rubric reward: `compute_score` for verl, `explain` for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import paper
from .asked import NOTHING, Asked, read_question
from .compiled import compile_rubric
from .final import answer_text, has_style
from .fluency import repeats, soup
from .lexicon import load_lexicon
from .options import Options, overlong_charge, read_options
from .paper import NOT_APPLICABLE
from .paper_evidence import paper_evidence
from .part_score import PartScore, score_part
from .parts import split_parts
from .reader import read, scan_text, take_as_depth, take_as_gap, take_as_passing
from .repair import repair
from .schema import PARTS, Rubric, load_rubric
from .text import Text, read_text

MET = 0.9
"""Share of what the reference answer earns from which on every required fact counts as met."""


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
        scanned = scan_text(text, lexicon, asked.size)
        whole = None if cut.keys() >= compiled.keys() else read(text, lexicon, skip, scanned)
        for name, part in compiled.items():
            marks = _outside(len(text.words), cut[name], skip) if name in cut else skip
            reading = whole if whole and name not in cut else read(text, lexicon, marks, scanned)
            parts[name] = score_part(reading, part, lexicon, NOTHING, options)
    else:
        reading = read(text, lexicon, skip, choices=asked.choices, size=asked.size, dial=asked.dial)
        if asked.survivors:
            take_as_passing(reading)
        elif asked.gap:
            take_as_gap(reading)
        if asked.depth:
            take_as_depth(reading)
        parts = {name: score_part(reading, part, lexicon, asked, options) for name, part in compiled.items()}
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


def _copied(words: Sequence[str], asked: Asked) -> list[bool] | None:
    """Mark the sentences that copy the question: five words or more of it in order."""
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
