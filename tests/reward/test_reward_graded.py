"""Answers in deliberately hard wording, graded by their authors: rank correlation must not fall.

The sets in `graded` were written without sight of the scorer, one after another, then used to mend it; they
guard what was reached and measure nothing that is unseen. `truth` is for readers; the scorer never
gets it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import spearmanr

from verl_wafersage.reward_fns.rubric import compute_score

GRADED = Path(__file__).parent / "graded"
FLOORS = {"dev1": 0.82, "dev2": 0.80, "dev3": 0.76, "dev4": 0.75, "dev5": 0.68, "dev6": 0.71, "dev7": 0.77}


def _score(question: dict[str, Any], answer: str) -> float:
    rubric = {"version": 1, "dimension": question["dimension"], "labels": question["label"]}
    rubric |= {key: question[key] for key in ("must_hit", "must_avoid", "criteria") if key in question}
    rubric["reference_answer"] = question["reference_answer"]
    return compute_score("graded", answer, json.dumps(rubric), {"question": question["question"]})["score"]


@pytest.mark.parametrize("name", FLOORS)
def test_scores_rank_as_their_authors_do(name: str) -> None:
    lines = (GRADED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [
        (_score(question, candidate["text"]), candidate["grade"])
        for question in map(json.loads, lines)
        for candidate in question["candidates"]
    ]
    assert len(pairs) > 200
    assert spearmanr([a for a, _ in pairs], [b for _, b in pairs]).statistic > FLOORS[name]
