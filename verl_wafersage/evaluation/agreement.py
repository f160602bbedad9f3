"""How well two graders agree: rank correlation, weighted kappa, ordered pairs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from .bootstrap import RESAMPLES, Indices, Interval, cluster_rows, interval

Floats = npt.NDArray[np.float64]

TOP_GRADE = 10
"""Judges grade from 0 to 10; rule scores in [0, 1] are multiplied by this before binning."""

PAIR_MARGIN = 1.0
"""Two grades closer than this (in grades) are no evidence that one answer is better."""


def spearman(scores: Floats, grades: Floats) -> float:
    """Spearman's rank correlation; NaN when either side is constant."""
    if _constant(scores) or _constant(grades):
        return float("nan")
    # scipy's function also computes a p-value, most of its time in a bootstrap.
    left, right = stats.rankdata(scores), stats.rankdata(grades)
    return float(np.corrcoef(left, right)[0, 1])


def kendall(scores: Floats, grades: Floats) -> float:
    """Kendall's tau-b, which corrects for ties; NaN when either side is constant."""
    if _constant(scores) or _constant(grades):
        return float("nan")
    return float(stats.kendalltau(scores, grades).statistic)


def quadratic_kappa(scores: Floats, grades: Floats) -> float:
    """Cohen's kappa with quadratic weights over the grades 0 to 10.

    Unlike a rank correlation it also counts a difference in level: a scorer that orders well but
    is always two grades too kind loses here.

    Args:
        scores: Rule scores in [0, 1], shape (n,).
        grades: Grades in [0, 10], shape (n,).

    Returns:
        1 for identity, 0 for chance, negative below it; NaN when both are constant and equal.
    """
    left = _bins(scores * TOP_GRADE)
    right = _bins(grades)
    size = TOP_GRADE + 1
    observed = np.zeros((size, size))
    np.add.at(observed, (left, right), 1.0)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / max(len(left), 1)
    rows, columns = np.indices((size, size))
    cost = (rows - columns) ** 2
    chance = float((cost * expected).sum())
    return float("nan") if chance == 0.0 else 1.0 - float((cost * observed).sum()) / chance


@dataclass(frozen=True)
class Pairs:
    """Ordered pairs of answers to the same question.

    Attributes:
        better: Rows of the better answers by grade, shape (pairs,).
        worse: Rows of the worse answers, shape (pairs,).
    """

    better: Indices
    worse: Indices


def ordered_pairs(grades: Floats, questions: Sequence[Hashable], margin: float = PAIR_MARGIN) -> Pairs:
    """All pairs within a question whose grades differ by at least `margin`.

    Only pairs within a question matter to a group-relative policy gradient: it never compares
    answers to different questions.
    """
    better: list[int] = []
    worse: list[int] = []
    for rows in cluster_rows(questions):
        first, second = np.triu_indices(len(rows), k=1)
        gap = grades[rows[first]] - grades[rows[second]]
        up, down = gap >= margin, gap <= -margin
        better.extend(rows[first[up]].tolist() + rows[second[down]].tolist())
        worse.extend(rows[second[up]].tolist() + rows[first[down]].tolist())
    return Pairs(np.asarray(better, dtype=np.intp), np.asarray(worse, dtype=np.intp))


def pair_accuracy(
    scores: Floats, grades: Floats, questions: Sequence[Hashable], margin: float = PAIR_MARGIN
) -> float:
    """Share of `ordered_pairs` that the scores order the same way; a tie counts half.

    A constant scorer and a coin both get 0.5. NaN when no pair is far enough apart.
    """
    pairs = ordered_pairs(grades, questions, margin)
    if not len(pairs.better):
        return float("nan")
    return float(_credit(scores, pairs).mean())


@dataclass(frozen=True)
class Agreement:
    """Agreement of a scorer with grades, each statistic with its interval."""

    spearman: Interval
    kendall: Interval
    kappa: Interval
    pairs: Interval

    def as_dict(self) -> dict[str, dict[str, float | int | None]]:
        """Plain JSON types."""
        return {name: getattr(self, name).as_dict() for name in STATISTICS}


STATISTICS = ("spearman", "kendall", "kappa", "pairs")


def agreement(
    scores: Sequence[float] | Floats,
    grades: Sequence[float] | Floats,
    questions: Sequence[Hashable],
    clusters: Sequence[Hashable] | None = None,
    *,
    n: int = RESAMPLES,
    seed: int = 0,
) -> Agreement:
    """All statistics at once, with intervals that resample clusters.

    Args:
        scores: Scores in [0, 1], shape (n,).
        grades: Grades in [0, 10], shape (n,).
        questions: Question of each answer; pairs are formed within it.
        clusters: What to resample (wafers); the questions by default. Questions lie within clusters.
        n: Number of resamples.
        seed: Seed of the resamples; the same for every scorer compared.
    """
    left, right = np.asarray(scores, dtype=float), np.asarray(grades, dtype=float)
    units = list(questions if clusters is None else clusters)

    def ends(statistic: Callable[[Indices], float]) -> Interval:
        return interval(statistic, units, n=n, seed=seed)

    return Agreement(
        spearman=ends(lambda rows: spearman(left[rows], right[rows])),
        kendall=ends(lambda rows: kendall(left[rows], right[rows])),
        kappa=ends(lambda rows: quadratic_kappa(left[rows], right[rows])),
        pairs=ends(_pair_statistic(left, right, questions)),
    )


def _pair_statistic(
    scores: Floats, grades: Floats, questions: Sequence[Hashable]
) -> Callable[[Indices], float]:
    # A row drawn twice brings its whole cluster twice, so the credit can be summed row by row.
    pairs = ordered_pairs(grades, questions)
    earned = np.bincount(pairs.better, weights=_credit(scores, pairs), minlength=len(scores))
    possible = np.bincount(pairs.better, minlength=len(scores)).astype(float)

    def statistic(rows: Indices) -> float:
        total = possible[rows].sum()
        return float(earned[rows].sum() / total) if total else float("nan")

    return statistic


def _credit(scores: Floats, pairs: Pairs) -> Floats:
    gap = scores[pairs.better] - scores[pairs.worse]
    # Sums in another order differ in the last bit: that is no preference.
    return np.where(np.abs(gap) <= 1e-9, 0.5, gap > 0).astype(float)


def _bins(values: Floats) -> Indices:
    # Half grades go up: numpy's rounding to even would treat 4.5 and 5.5 differently.
    return np.clip(np.floor(values + 0.5), 0, TOP_GRADE).astype(np.intp)


def _constant(values: Floats) -> bool:
    return len(values) < 2 or np.ptp(values) == 0
