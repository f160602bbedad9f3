"""What finished rollouts say: sub-scores, groups, rewards by prompt. Pure: no verl."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rollout:
    """One answer and its scores.

    Attributes:
        uid: Group of the answer: one prompt as served once.
        position: Position of the prompt in the data set; None when another data set served it.
        text: The answer, None when no tokenizer is at hand.
        scores: Every number the reward returned, and `score` at least.
        row: The row's own columns worth keeping (id, index, question ...).
    """

    uid: str
    position: int | None
    text: str | None
    scores: dict[str, float]
    row: dict[str, Any]


def score_metrics(rollouts: Sequence[Rollout], not_applicable: float | None) -> dict[str, float]:
    """Mean and standard deviation of every sub-score as `<key>/mean` and `<key>/std`.

    A sub-score equal to `not_applicable` does not enter; `score` and `acc` always do. A key that applies to
    no rollout is left out.
    """
    numbers: dict[str, float] = {}
    for key in sorted({key for rollout in rollouts for key in rollout.scores}):
        values = [rollout.scores[key] for rollout in rollouts if key in rollout.scores]
        if key not in ("score", "acc") and not_applicable is not None:
            values = [value for value in values if value != not_applicable]
        if values:
            numbers[f"{key}/mean"] = float(np.mean(values))
            numbers[f"{key}/std"] = float(np.std(values))
    return numbers


def groups_of(rollouts: Iterable[Rollout], key: str) -> dict[str, list[float]]:
    """Values of one score by group."""
    groups: dict[str, list[float]] = {}
    for rollout in rollouts:
        if key in rollout.scores:
            groups.setdefault(rollout.uid, []).append(rollout.scores[key])
    return groups


def rewards_by_position(rollouts: Iterable[Rollout], key: str) -> dict[int, list[float]]:
    """Values of one score in [0, 1] (clipped) by position in the data set, in order of position."""
    rewards: dict[int, list[float]] = {}
    for rollout in rollouts:
        if rollout.position is not None and key in rollout.scores:
            rewards.setdefault(rollout.position, []).append(min(1.0, max(0.0, rollout.scores[key])))
    return dict(sorted(rewards.items()))


def group_metrics(groups: Iterable[Sequence[float]]) -> dict[str, float]:
    """Means over groups of their mean and spread, and how many teach nothing because all answers agree."""
    rows = [(float(np.mean(group)), float(np.std(group))) for group in groups if len(group)]
    if not rows:
        return {}
    means, spreads = np.array(rows).T
    flat = spreads == 0.0
    return {
        "groups": float(len(rows)),
        "group_mean": float(means.mean()),
        "group_spread": float(spreads.mean()),
        "zero_spread": float(flat.mean()),
        "all_right": float((flat & (means >= 1.0)).mean()),
        "all_wrong": float((flat & (means <= 0.0)).mean()),
    }
