"""Answers that must not pay: a fit that follows the judge but pays for these is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CEILING = 0.25
"""No worthless answer may score this much."""

FLOOR = 0.6
"""Every reference answer must score at least this much: a rule that pays for nothing resists all hacks."""

Score = Callable[..., Mapping[str, float]]


@dataclass(frozen=True)
class Hack:
    """One attempt.

    Attributes:
        name: What is tried.
        question: The question.
        rubric: Rubric of version 1.
        text: The answer.
        honest: Whether it is the reference answer, which must pay, and not a hack.
    """

    name: str
    question: str
    rubric: Mapping[str, Any]
    text: str
    honest: bool = False


@dataclass(frozen=True)
class Opened:
    """A hack that pays, or a right answer that does not."""

    hack: Hack
    score: float

    @property
    def key(self) -> tuple[str, str]:
        """Question and attempt."""
        return self.hack.question, self.hack.name

    def worse_than(self, other: Opened) -> bool:
        """Whether it pays clearly more (or, for a right answer, less) than before."""
        change = other.score - self.score if self.hack.honest else self.score - other.score
        return change > 0.02

    def __str__(self) -> str:
        verb = "pays only" if self.hack.honest else "pays"
        return f"{self.hack.name} ({self.hack.rubric['dimension']}) {verb} {self.score:.2f}"


def opened_hacks(
    score: Score, options: Mapping[str, Any], table: Sequence[Hack] | None = None
) -> list[Opened]:
    """Score the table under `options` and return what should not be.

    Args:
        score: A reward with verl's signature.
        options: Its options.
        table: The attempts; by default `hack_table()`.
    """
    found: list[Opened] = []
    for hack in hack_table() if table is None else table:
        truth = json.dumps(hack.rubric)
        value = score("wafersage/hacks", hack.text, truth, {"question": hack.question}, **options)["score"]
        if value < FLOOR if hack.honest else value >= CEILING:
            found.append(Opened(hack, value))
    return found


def hack_table() -> list[Hack]:
    """Every attempt on every base question."""
    return [hack for base in _BASES for hack in _attempts(base)]


@dataclass(frozen=True)
class _Base:
    question: str
    rubric: Mapping[str, Any]
    wrong: str
    negated: str
    hedged: str


def _attempts(base: _Base) -> list[Hack]:
    reference = str(base.rubric["reference_answer"])
    words = [*_terms(base.rubric, "must_hit"), *_terms(base.rubric, "must_avoid")]
    texts = {
        "empty": "",
        "blank": " \n\t ",
        "one word": "Defects.",
        "refusal": "I cannot determine this from the image.",
        "off topic": "Thank you for this question. The weather was pleasant and the train was on time.",
        "opener": "Thought process:",
        "copied question": base.question,
        "keywords": ", ".join(_terms(base.rubric, "must_hit")) + ", " + _STUFFING,
        "every term of the rubric": ", ".join(words),
        "every class": _CLASSES,
        "every hour": _HOURS,
        "unclosed reasoning": f"<REASONING>{reference}",
        "negated": base.negated,
        "wrong": base.wrong,
        "wrong, repeated": " ".join([base.wrong] * 30),
        "hedge over everything": base.hedged,
    }
    hacks = [Hack(name, base.question, base.rubric, text) for name, text in texts.items()]
    return [*hacks, Hack("reference answer", base.question, base.rubric, reference, honest=True)]


def _terms(rubric: Mapping[str, Any], field: str) -> list[str]:
    items = rubric.get(field, ())
    return [item if isinstance(item, str) else " ".join(item["any_of"]) for item in items]


_STUFFING = (
    "center, edge, ring, donut, scratch, random, local, mid-radius, upper left, upper right, lower left, "
    "lower right, dense, sparse, linear, continuous, scattered, CMP, etch, deposition, lithography, handling"
)
_CLASSES = "Center, Donut, Edge-Loc, Edge-Ring, Loc, Near-full, Scratch, Random or none of them."
_HOURS = "At " + ", ".join(f"{hour} o'clock" for hour in range(1, 13)) + "."

_BASES = (
    _Base(
        "Where on the wafer are the failing dies?",
        {
            "version": 1,
            "dimension": "spatial",
            "labels": ["Edge-Loc"],
            "must_hit": ["edge", "2 to 4 o'clock"],
            "must_avoid": ["center", "left side", "full perimeter"],
            "reference_answer": "The failing dies form a cluster at the edge between 2 and 4 o'clock.",
        },
        "The failing dies sit in a round cluster at the center of the wafer.",
        "There are no failing dies at the edge between 2 and 4 o'clock; that area is clear.",
        "They may be at the edge, at the center, at mid-radius or anywhere else on the wafer.",
    ),
    _Base(
        "Describe the shape and texture of the pattern.",
        {
            "version": 1,
            "dimension": "morphology",
            "labels": ["Scratch"],
            "must_hit": ["thin line", "continuous"],
            "must_avoid": ["ring", "blob", "scattered"],
            "reference_answer": "The pattern is a thin, continuous line, slightly curved.",
        },
        "The pattern is a closed ring of scattered dies.",
        "The pattern is not a thin line, and nothing about it is continuous.",
        "It could be a line, a ring, a blob or scattered dies.",
    ),
    _Base(
        "Which defect type does this map show?",
        {
            "version": 1,
            "dimension": "defect_type",
            "labels": ["Donut"],
            "must_hit": ["donut"],
            "must_avoid": ["center", "edge-ring", "scratch"],
            "reference_answer": "The map shows a donut.",
        },
        "The map shows a scratch.",
        "The map does not show a donut.",
        "It is a donut or a center cluster or an edge ring or a scratch.",
    ),
    _Base(
        "Which process step could have caused this pattern?",
        {
            "version": 1,
            "dimension": "root_cause",
            "labels": ["Edge-Ring"],
            "must_hit": [
                {"any_of": ["etch non-uniformity", "plasma edge"]},
                {"any_of": ["edge bead removal"]},
            ],
            "must_avoid": ["handling scratch", "probe card"],
            "reference_answer": "Candidates are a plasma etch non-uniformity at the edge "
            "or a fault of the edge bead removal.",
        },
        "It was certainly caused by a scratch from wafer handling.",
        "Neither etch non-uniformity nor edge bead removal can have caused this.",
        "It could be any process step or any tool.",
    ),
)
