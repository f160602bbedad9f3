"""One scale of difficulty, [0, 1], from three sources: the level, the structure of a task, measured success.

0 is what every answer gets right, 1 what none does. Thirds of the scale are the levels easy, medium and
hard. A pass rate r is the difficulty 1 - r, which is what the other two sources estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LEVELS = {"easy": 0.2, "medium": 0.5, "hard": 0.8}
"""Difficulty of a level that is given by name."""

_DIMENSIONS = {"defect_type": 0.2, "spatial": 0.3, "morphology": 0.5, "root_cause": 0.75, "full": 0.8}
_PER_PATTERN = 0.05
_PER_CONCEPT = 0.03
_MOST_CONCEPTS = 5
_YES_NO = -0.15

PRIOR_ANSWERS = 2.0
"""How many answers a prior difficulty is worth beside measured ones."""


def level_of(difficulty: float) -> str:
    """The third of the scale a difficulty lies in: easy, medium or hard."""
    return tuple(LEVELS)[min(2, int(difficulty * 3 + 1e-9))]


def structural_difficulty(rubric: Mapping[str, Any], *, yes_no: bool = False) -> float:
    """Difficulty of a task by its form alone, without a model.

    The dimension sets the base; every pattern and every concept beyond the first adds; a question that is
    answered by yes or no can be guessed.

    Args:
        rubric: A rubric of version 1.
        yes_no: Whether yes or no answers the question.
    """
    dimension = str(rubric.get("dimension", ""))
    parts = rubric.get("criteria") or {dimension: rubric}
    concepts = sum(len(part.get("must_hit") or ()) for part in parts.values())
    patterns = len(rubric.get("labels") or ())
    value = (
        _DIMENSIONS.get(dimension, LEVELS["medium"])
        + _PER_PATTERN * max(0, patterns - 1)
        + _PER_CONCEPT * min(_MOST_CONCEPTS, max(0, concepts - 1))
        + (_YES_NO if yes_no else 0.0)
    )
    return round(min(1.0, max(0.0, value)), 4)


def measured_difficulty(rewards: Sequence[float], prior: float = 0.5) -> float:
    """One minus the success of some answers, drawn towards a prior that is worth `PRIOR_ANSWERS` answers.

    Args:
        rewards: Success of each answer, in [0, 1]; empty gives the prior.
        prior: Difficulty believed before, in [0, 1].
    """
    right = sum(rewards) + PRIOR_ANSWERS * (1.0 - prior)
    return 1.0 - right / (len(rewards) + PRIOR_ANSWERS)
