"""The rubric reward: `compute_score` for verl, `explain` for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .final import answer_text, has_style
from .repair import repair
from .schema import PARTS, Criteria, Item, Rubric, load_rubric

NOT_APPLICABLE = -1.0
"""Value of a sub-score that does not apply to the row; averages are over rows where it is not this."""


def compute_score(
    data_source: str,
    solution_str: object,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    **options: object,
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
    return _judge(solution_str, ground_truth, extra_info)[0]


def explain(
    data_source: str,
    solution_str: object,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    **options: object,
) -> dict[str, Any]:
    """Return `{"scores": ..., "text": ..., "evidence": [...]}`: which words earned and cost what."""
    scores, text, evidence = _judge(solution_str, ground_truth, extra_info)
    return {"scores": scores, "text": text, "evidence": evidence}


def _judge(
    answer: object, ground_truth: str | Mapping[str, Any], extra_info: Mapping[str, Any] | None
) -> tuple[dict[str, float], str, list[dict[str, Any]]]:
    rubric = load_rubric(ground_truth)
    text = answer_text(answer)[:32_768]
    evidence: list[dict[str, Any]] = []
    parts = {name: _part(part, text, evidence) for name, part in rubric.criteria.items()}
    hits = [share for share, _ in parts.values()]
    rates = [rate for _, rate in parts.values()]
    hit = sum(hits) / len(hits) if hits else 0.0
    rate = sum(rates) / len(rates) if rates else 0.0
    scores = {
        "score": hit * (1.0 - rate),
        "acc": float(bool(hits) and hit == 1.0 and rate == 0.0),
        "scorable": float(any(part.must_hit for part in rubric.criteria.values())),
        "hit": hit,
        "faithful": 1.0 - rate,
        "hallucination": rate,
    }
    for name in (*PARTS, "defect_type"):
        scores[name] = parts[name][0] * (1.0 - parts[name][1]) if name in parts else NOT_APPLICABLE
    scores["format"] = float(has_style(answer, extra_info))
    return scores, text, evidence


def _part(part: Criteria, text: str, evidence: list[dict[str, Any]]) -> tuple[float, float]:
    met = [_find(item, text, "met", evidence) for item in part.must_hit]
    false = [_find(item, text, "violated", evidence) for item in part.must_avoid]
    return sum(met) / len(met) if met else 0.0, min(1.0, 0.25 * sum(false))


def _find(item: Item, text: str, verdict: str, evidence: list[dict[str, Any]]) -> bool:
    for term in item.any_of:
        words = re.findall(r"\w+", term)
        pattern = r"\b" + r"\W{1,3}".join(map(re.escape, words)) + r"\b"
        found = re.search(pattern, text, re.IGNORECASE) if words else None
        if found:
            evidence.append(
                {"item": str(item), "verdict": verdict, "start": found.start(), "end": found.end()}
            )
            return True
    return False


__all__ = ["NOT_APPLICABLE", "Rubric", "compute_score", "explain", "load_rubric", "repair"]
