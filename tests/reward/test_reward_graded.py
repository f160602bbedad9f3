"""Answers in deliberately hard wording, graded by their authors: rank correlation must not fall, nor a cut
answer fail.

The sets in `graded` were written without sight of the scorer, one after another, then used to mend it; they
guard what was reached and measure nothing that is unseen. `truth` is for readers; the scorer never
gets it.
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import spearmanr

from verl_wafersage.reward_fns.rubric import compute_score

GRADED = Path(__file__).parent / "graded"
FLOORS = {
    "dev1": 0.83, "dev2": 0.81, "dev3": 0.79, "dev4": 0.77, "dev5": 0.67, "dev6": 0.72, "dev7": 0.80,
    "angles": 0.65, "zones": 0.68, "shapes": 0.72, "causes": 0.80,
    "places_told": 0.50, "shapes_told": 0.45, "types_told": 0.65,
}  # fmt: skip


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


@pytest.mark.parametrize("name", FLOORS)
def test_an_answer_or_a_question_cut_off_anywhere_is_scored(name: str) -> None:
    """A policy is cut off within any construction; one place in ten here, drawn anew for each set."""
    rng = random.Random(name)
    for line in (GRADED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        asked = _cuts(question["question"], rng)
        for candidate in question["candidates"]:
            for cut in _cuts(candidate["text"], rng):
                assert 0.0 <= _score(question | {"question": rng.choice(asked)}, cut) <= 1.0


def _cuts(text: str, rng: random.Random) -> list[str]:
    """Beginnings and ends of a text, whole words, and the text itself."""
    ends = [match.end() for match in re.finditer(r"\w+|[^\w\s]", text)]
    drawn = [end for end in ends if rng.random() < 0.1]
    return [text, *(text[:end] for end in drawn), *(text[end:] for end in drawn)]
