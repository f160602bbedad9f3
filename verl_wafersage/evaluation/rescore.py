"""The rule's scores of old answers: no model, no server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..reward_fns import rubric
from .answers import Answer


def rule_scores(
    answers: Sequence[Answer], options: Mapping[str, Any] | None = None
) -> list[dict[str, float]]:
    """Score answers by `rubric.compute_score`, as training would.

    Args:
        answers: The answers.
        options: Options of the reward, for instance `preset.read_preset(file)`.

    Returns:
        The reward's dict for each answer, in order; `score` lies in [0, 1].
    """
    return [
        rubric.compute_score(
            f"wafersage/evaluation/{answer.dimension}",
            answer.text,
            answer.ground_truth,
            {"question": answer.question, "answer_style": answer.answer_style or None, "split": answer.split},
            **dict(options or {}),
        )
        for answer in answers
    ]
