"""The published WaferSAGE rule to the letter, for reproduction and as the baseline.

Per dimension, with C the share of must-hit terms found and n the number of must-avoid terms found:
    H = min(1, 1.5 C),  A = max(0, 1 - 0.25 n),  D = w_hit H + w_avoid A,
and over dimensions S = sum_i w_i D_i. Source: arXiv 2604.27629, whose formula constants we know at second
hand. Two weight sets are reported there: 0.6/0.4 with 0.40/0.35/0.25, and after tuning 0.9/0.1 with equal
dimensions and a fuzzy threshold of 0.713. The authors' exact matcher is not public; a term counts as found
when rapidfuzz's `partial_ratio` reaches the threshold, the obvious reading of "fuzzy string match".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rapidfuzz import fuzz

from ..errors import InputError
from .final import answer_text, has_style
from .schema import PARTS, Criteria, Item, load_rubric

NOT_APPLICABLE = -1.0
"""Value of a sub-score that does not apply to the row; averages are over rows where it is not this."""

FROM_VERL = frozenset(
    ("reward_router_address", "reward_model_tokenizer", "memory_limit_mb", "concurrent_semaphore")
)
"""What verl itself adds to the keyword arguments of a reward function."""

THRESHOLD = 0.713
MAX_CHARS = 32_768
WEIGHTS: dict[str, tuple[float, float, Mapping[str, float]]] = {
    "formula": (0.6, 0.4, {"spatial": 0.40, "morphology": 0.35, "root_cause": 0.25}),
    "tuned": (0.9, 0.1, {"spatial": 1 / 3, "morphology": 1 / 3, "root_cause": 1 / 3}),
}


def dimension_score(hits: int, terms: int, false: int, hit_weight: float, avoid_weight: float) -> float:
    """Return D of one dimension.

    Args:
        hits: Must-hit terms found.
        terms: Must-hit terms in all; without any, C is 0 as in the formula.
        false: Must-avoid terms found.
        hit_weight: Weight of H.
        avoid_weight: Weight of A.
    """
    coverage = hits / terms if terms else 0.0
    return hit_weight * min(1.0, 1.5 * coverage) + avoid_weight * max(0.0, 1.0 - 0.25 * false)


def compute_score(
    data_source: str,
    solution_str: object,
    ground_truth: str | Mapping[str, Any],
    extra_info: Mapping[str, Any] | None = None,
    *,
    weights: str = "formula",
    threshold: float = THRESHOLD,
    **others: object,
) -> dict[str, float]:
    """Score one answer by the published rule.

    Args:
        data_source: Unused; part of verl's signature.
        solution_str: The model's answer, whatever it is.
        ground_truth: A version-1 rubric.
        extra_info: The row's extra columns; only `answer_style` is read.
        weights: `formula` (0.6/0.4) or `tuned` (0.9/0.1).
        threshold: Share of `partial_ratio` from which a term counts as found.
        **others: What verl adds; ignored. Any other name is refused, for it would change nothing.

    Returns:
        The same keys as `rubric.compute_score`; sub-scores that do not apply are -1.

    Raises:
        RubricError: `ground_truth` is malformed.
        InputError: An option is unknown or `weights` is neither set.
    """
    for name in others.keys() - FROM_VERL:
        raise InputError(f"no option {name!r}", field=name, remedy="options are threshold, weights")
    if weights not in WEIGHTS:
        raise InputError(f"{weights!r} is none of {', '.join(WEIGHTS)}", field="weights")
    hit_weight, avoid_weight, shares = WEIGHTS[weights]
    rubric = load_rubric(ground_truth)
    text = answer_text(solution_str)[:MAX_CHARS].lower()
    found = {name: _count(part, text, threshold) for name, part in rubric.criteria.items()}
    scores = {
        name: dimension_score(hits, terms, false, hit_weight, avoid_weight)
        for name, (hits, terms, false, _) in found.items()
    }
    if rubric.dimension == "full":
        total = sum(shares[name] for name in scores)
        score = sum(shares[name] * scores[name] for name in scores) / total if total else 0.0
    else:
        score = scores[rubric.dimension]
    hits, terms, false, avoids = (
        (sum(column) for column in zip(*found.values(), strict=True)) if found else (0,) * 4
    )
    rate = false / avoids if avoids else 0.0
    result = {
        "score": score,
        "acc": float(terms > 0 and hits == terms and not false),
        "scorable": float(terms > 0),
        "hit": hits / terms if terms else 0.0,
        "faithful": 1.0 - rate,
        "hallucination": rate,
    }
    result |= {name: scores.get(name, NOT_APPLICABLE) for name in (*PARTS, "defect_type")}
    result["format"] = float(has_style(solution_str, extra_info))
    return result


def _count(part: Criteria, text: str, threshold: float) -> tuple[int, int, int, int]:
    hits = sum(_found(item, text, threshold) for item in part.must_hit)
    false = sum(_found(item, text, threshold) for item in part.must_avoid)
    return hits, len(part.must_hit), false, len(part.must_avoid)


def _found(item: Item, text: str, threshold: float) -> bool:
    # partial_ratio compares the shorter string against the longer one, so an answer shorter than the term
    # would otherwise be searched for in the term.
    return any(
        bool(term.strip())
        and len(text) >= len(term.strip())
        and fuzz.partial_ratio(term.strip().lower(), text, score_cutoff=100 * threshold) > 0
        for term in item.any_of
    )
