"""What the published rule counted in an answer, as the evidence of `rubric.explain`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rapidfuzz import fuzz

from . import paper
from .final import answer_text
from .schema import Criteria, Item, load_rubric


def paper_evidence(
    answer: object, ground_truth: str | Mapping[str, Any], weights: str = "formula"
) -> tuple[str, list[dict[str, Any]]]:
    """Return the text that the published rule reads and an entry for every term it counts.

    Must-hit terms are `met` or `missing`; a must-avoid term that is found is `invented`, wherever and however
    the answer says it. The weight is what one term moves by itself, before the rule's caps.

    Args:
        answer: The model's answer, whatever it is.
        ground_truth: A version-1 rubric.
        weights: `formula` or `tuned`.

    Raises:
        RubricError: `ground_truth` is malformed.
    """
    hit_weight, avoid_weight, shares = paper.WEIGHTS[weights]
    rubric = load_rubric(ground_truth)
    text = answer_text(answer)[: paper.MAX_CHARS]
    total = sum(shares[name] for name in rubric.criteria) if rubric.dimension == "full" else 1.0
    found: list[dict[str, Any]] = []
    for name, part in rubric.criteria.items():
        share = shares[name] / total if rubric.dimension == "full" else 1.0
        for entry in _entries(part, text, hit_weight, avoid_weight):
            found.append({"part": name, **entry, "weight": share * entry["weight"]})
    return text, found


def _entries(part: Criteria, text: str, hit_weight: float, avoid_weight: float) -> Iterator[dict[str, Any]]:
    for item in part.must_hit:
        weight = hit_weight * min(1.0, 1.5 / len(part.must_hit))
        span = _find(item, text)
        yield _entry("missing" if span is None else "met", item, float(span is not None), weight, span, text)
    for item in part.must_avoid:
        span = _find(item, text)
        if span is not None:
            yield _entry("invented", item, -1.0, 0.25 * avoid_weight, span, text, "a must-avoid term")


def _entry(
    verdict: str,
    item: Item,
    credit: float,
    weight: float,
    span: tuple[int, int] | None,
    text: str,
    why: str = "",
) -> dict[str, Any]:
    start, end = span or (-1, -1)
    words = text[start:end] if start >= 0 else ""
    return {
        "verdict": verdict,
        "what": str(item),
        "credit": credit,
        "weight": weight,
        "start": start,
        "end": end,
        "words": words,
        "why": why,
    }


def _find(item: Item, text: str) -> tuple[int, int] | None:
    """Where the likest member of an item stands; None when the rule does not count it as found."""
    lower = text.lower()
    best: tuple[float, int, int] | None = None
    for term in (member.strip().lower() for member in item.any_of):
        # As in the rule itself: an answer shorter than the term is not searched for in the term.
        if not term or len(lower) < len(term):
            continue
        match = fuzz.partial_ratio_alignment(term, lower, score_cutoff=100 * paper.THRESHOLD)
        if match is not None and match.score > 0 and (best is None or match.score > best[0]):
            best = (match.score, match.dest_start, match.dest_end)
    if best is None:
        return None
    # A few letters grow in lower case; then the words cannot be pointed at.
    return best[1:] if len(lower) == len(text) else (-1, -1)
