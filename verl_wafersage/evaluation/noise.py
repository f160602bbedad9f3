"""The judge's own noise: what it says when asked again, and when the order of the texts is exchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .bootstrap import Interval, mean_interval
from .judge import Judgement


@dataclass(frozen=True)
class Noise:
    """How far a judge agrees with itself, in grades (0 to 10).

    Attributes:
        repeated: Answers with at least two scored repetitions.
        deviation: Standard deviation between repetitions of one answer, pooled; None without any.
        same: Share of pairs of repetitions with the same grade; None without any.
        swapped: Answers judged in both orders.
        swap: Mean of grade (answer first) - grade (reference first): a bias of position.
        swap_size: Mean size of that difference, the bias and the noise together.
    """

    repeated: int
    deviation: float | None
    same: float | None
    swapped: int
    swap: Interval
    swap_size: float | None


def judge_noise(judgements: Sequence[Judgement], wafers: Mapping[str, str]) -> Noise:
    """Measure noise from repeated and swapped judgements; failures are left out.

    Args:
        judgements: All judgements of one judge.
        wafers: Wafer of each answer key, the unit of the interval.
    """
    plain: dict[str, list[float]] = {}
    swapped: dict[str, float] = {}
    for judgement in judgements:
        if judgement.overall is None:
            continue
        if judgement.swapped:
            swapped[judgement.key] = judgement.overall
        else:
            plain.setdefault(judgement.key, []).append(judgement.overall)
    repeats = [grades for grades in plain.values() if len(grades) > 1]
    both = [key for key in swapped if key in plain]
    shifts = [swapped[key] - float(np.mean(plain[key])) for key in both]
    return Noise(
        repeated=len(repeats),
        deviation=_pooled_deviation(repeats) if repeats else None,
        same=_share_of_equal_pairs(repeats) if repeats else None,
        swapped=len(both),
        swap=mean_interval(shifts, [wafers.get(key, key) for key in both]),
        swap_size=float(np.mean(np.abs(shifts))) if shifts else None,
    )


def _pooled_deviation(repeats: Sequence[Sequence[float]]) -> float:
    squares = sum(float(np.var(grades)) * len(grades) for grades in repeats)
    return float(np.sqrt(squares / sum(len(grades) - 1 for grades in repeats)))


def _share_of_equal_pairs(repeats: Sequence[Sequence[float]]) -> float:
    pairs = [first == second for grades in repeats for first, second in combinations(grades, 2)]
    return sum(pairs) / len(pairs)
