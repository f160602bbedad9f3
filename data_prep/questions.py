"""Questions about a wafer with rubric and reference answer, written from facts alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import analysis, answers
from .answers import Answer, Asker, Voice
from .facts import Facts
from .records import Question
from .rows import DIFFICULTY
from .wordings import CONCISE, WORDINGS

RUBRIC_VERSION = 1


@dataclass(frozen=True)
class Kind:
    """A kind of question: which dimension it belongs to, its type within it, its level."""

    name: str
    dimension: str
    question_type: str
    level: str
    asker: Asker


KINDS = (
    Kind("type", "defect_type", "type", "easy", answers.type_),
    Kind("several", "defect_type", "consistency", "medium", answers.several),
    Kind("zone", "spatial", "zone", "easy", answers.zone),
    Kind("clock", "spatial", "clock", "medium", answers.clock),
    Kind("center_clear", "spatial", "consistency", "easy", answers.center_clear),
    Kind("edge_clear", "spatial", "consistency", "easy", answers.edge_clear),
    Kind("shape", "morphology", "shape", "medium", answers.shape),
    Kind("density", "morphology", "density", "medium", answers.density),
    Kind("random", "morphology", "consistency", "medium", answers.random),
    Kind("symmetry", "morphology", "consistency", "easy", answers.symmetry),
    Kind("cause", "root_cause", "cause", "medium", analysis.cause),
    Kind("contact", "root_cause", "consistency", "hard", analysis.contact),
)
FULL = "full"
LEVELS = {kind.name: kind.level for kind in KINDS} | {FULL: "hard"}
"""Level of each kind, as in the rows of the published set that can be seen: type, place and symmetry are
easy; texture, randomness and causes medium. What takes several parts or a counterfactual is hard."""


@dataclass(frozen=True)
class AskOptions:
    """What to ask.

    Attributes:
        per_wafer: Most questions a wafer, the full analysis included; None for all that apply (up to 13).
        full: Whether to add the full-analysis question.
        concise: Questions and answers of a few words (for small models) instead of sentences.
        dimensions: Only these dimensions; empty for all.
        levels: Levels by kind that differ from `LEVELS`.
        seed: Together with the wafer's id it decides wordings and, with `per_wafer`, which kinds.
    """

    per_wafer: int | None = 10
    full: bool = True
    concise: bool = False
    dimensions: tuple[str, ...] = ()
    levels: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0


def ask(facts: Facts, image: bytes, wafer_id: str, origin: str, options: AskOptions) -> Iterator[Question]:
    """Yield the questions of one wafer; the same facts, id and options give the same questions."""
    rng = np.random.default_rng([options.seed, *wafer_id.encode(), *origin.encode()])
    voice = Voice(rng, options.concise)
    wordings = CONCISE if options.concise else WORDINGS
    levels = LEVELS | dict(options.levels)
    asked: list[tuple[Kind, Answer]] = []
    for kind in KINDS:
        if options.dimensions and kind.dimension not in options.dimensions:
            continue
        answer = kind.asker(facts, voice)
        if answer is not None:
            asked.append((kind, answer))
    parts = None
    if options.full and (not options.dimensions or FULL in options.dimensions):
        parts = analysis.full(facts, voice)
    if options.per_wafer is not None and len(asked) + (parts is not None) > options.per_wafer:
        keep = options.per_wafer - (parts is not None)
        chosen = set(rng.permutation(len(asked))[: max(keep, 0)].tolist())
        asked = [pair for place, pair in enumerate(asked) if place in chosen]

    def question(name: str, dimension: str, kind: str, answer: str, rubric: dict[str, Any]) -> Question:
        texts = wordings[name]
        rubric = {"version": RUBRIC_VERSION, "dimension": dimension, "labels": list(facts.labels), **rubric}
        rubric["reference_answer"] = answer
        level = levels[name]
        return Question(
            image=image,
            text=texts[rng.integers(len(texts))],
            rubric=rubric,
            reference_answer=answer,
            dimension=dimension,
            question_type=kind,
            level=level,
            labels=facts.labels,
            wafer_id=wafer_id,
            origin=origin,
            extra={"difficulty": difficulty(level, facts), "kind": name},
        )

    for kind, answer in asked:
        rubric = {"must_hit": list(answer.must_hit), "must_avoid": list(answer.must_avoid)}
        yield question(kind.name, kind.dimension, kind.question_type, answer.text, rubric)
    if parts is not None:
        criteria = {
            name: {"must_hit": list(part.must_hit), "must_avoid": list(part.must_avoid)}
            for name, part in parts.items()
        }
        heads = ("Spatial", "Morphology", "Root cause")
        text = " ".join(f"{head}: {part.text}" for head, part in zip(heads, parts.values(), strict=True))
        yield question(FULL, FULL, "analysis", text, {"criteria": criteria})


def difficulty(level: str, facts: Facts) -> float:
    """Difficulty in [0, 1]: the level, a little more for each further pattern and for sparse ones."""
    sparse = any(pattern.density == "sparse" for pattern in facts.patterns)
    value = DIFFICULTY[level] + 0.05 * max(len(facts.patterns) - 1, 0) + 0.03 * sparse
    return round(min(value, 1.0), 3)
