"""A short way to a score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from reward_rows import ROWS, rubric_of

from verl_wafersage.reward_fns.rubric import compute_score


@pytest.fixture
def score() -> Callable[..., float]:
    """Score an answer to one of `ROWS`, or to a row given whole."""

    def run(answer: object, row: str | dict[str, Any] = "edge_loc", **options: Any) -> float:
        found = ROWS[row] if isinstance(row, str) else row
        extra = {"question": found.get("question", "")}
        return compute_score("test", answer, rubric_of(found), extra, **options)["score"]

    return run
