"""Agreement statistics and their intervals, against slow or foreign oracles."""

from __future__ import annotations

from itertools import combinations
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score

from verl_wafersage.evaluation.agreement import (
    agreement,
    kendall,
    pair_accuracy,
    quadratic_kappa,
    spearman,
)
from verl_wafersage.evaluation.bootstrap import interval, mean_interval

GRADES = st.lists(st.integers(0, 20), min_size=3, max_size=30).map(lambda g: np.asarray(g) / 2)


def paired(draw_size: int = 30):
    rows = st.tuples(st.integers(0, 10), st.integers(0, 20), st.integers(0, 4))
    return st.lists(rows, min_size=3, max_size=draw_size)


@given(paired())
@settings(deadline=None, max_examples=60)
def test_kappa_equals_sklearn(rows):
    scores = np.asarray([r[0] for r in rows]) / 10
    grades = np.asarray([r[1] for r in rows]) / 2
    left, right = np.floor(scores * 10 + 0.5).astype(int), np.floor(grades + 0.5).astype(int)
    if len(set(left) | set(right)) < 2:
        return
    expected = cohen_kappa_score(left, right, weights="quadratic", labels=list(range(11)))
    assert quadratic_kappa(scores, grades) == pytest.approx(expected, abs=1e-9)


@given(paired())
@settings(deadline=None, max_examples=60)
def test_spearman_equals_scipy(rows):
    scores, grades = np.asarray([r[0] / 10 for r in rows]), np.asarray([r[1] / 2 for r in rows])
    if np.ptp(scores) and np.ptp(grades):
        assert spearman(scores, grades) == pytest.approx(spearmanr(scores, grades).statistic)


@given(paired())
@settings(deadline=None, max_examples=60)
def test_pair_accuracy_equals_counting_pairs_by_hand(rows):
    scores = np.asarray([r[0] for r in rows]) / 10
    grades = np.asarray([r[1] for r in rows]) / 2
    questions = [r[2] for r in rows]
    credits = []
    for i, j in combinations(range(len(rows)), 2):
        if questions[i] != questions[j] or abs(grades[i] - grades[j]) < 1.0:
            continue
        better, worse = (i, j) if grades[i] > grades[j] else (j, i)
        credits.append(0.5 if scores[better] == scores[worse] else float(scores[better] > scores[worse]))
    accuracy = pair_accuracy(scores, grades, questions)
    assert isnan(accuracy) if not credits else accuracy == pytest.approx(sum(credits) / len(credits))
    assert agreement(scores, grades, questions, n=2).pairs.value == pytest.approx(accuracy, nan_ok=True)


@given(GRADES)
@settings(deadline=None, max_examples=40)
def test_a_scorer_agrees_perfectly_with_itself_and_inverts_with_its_mirror(grades):
    scores, questions = grades / 10, [0] * len(grades)
    if np.ptp(grades) == 0:
        assert isnan(spearman(scores, grades)) and isnan(kendall(scores, grades))
        return
    assert spearman(scores, grades) == pytest.approx(1.0)
    assert kendall(1 - scores, grades) == pytest.approx(-1.0)
    assert quadratic_kappa(np.floor(grades + 0.5) / 10, grades) == pytest.approx(1.0, nan_ok=True)
    if np.ptp(grades) >= 1:
        assert pair_accuracy(scores, grades, questions) == 1.0
        assert pair_accuracy(1 - scores, grades, questions) == 0.0
        assert pair_accuracy(np.zeros(len(grades)), grades, questions) == 0.5


def test_kappa_sees_a_shifted_scale_that_rank_correlations_forgive():
    grades = np.asarray([0.0, 2, 4, 6, 8])
    kind = (grades + 2) / 10
    assert spearman(kind, grades) == pytest.approx(1.0)
    assert quadratic_kappa(kind, grades) < 0.85


def test_pairs_are_formed_within_a_question_only():
    grades, scores = np.asarray([0.0, 5.0, 1.0, 6.0]), np.asarray([0.5, 0.6, 0.1, 0.2])
    assert pair_accuracy(scores, grades, ["a", "a", "b", "b"]) == 1.0
    assert pair_accuracy(scores, grades, ["a"] * 4) == pytest.approx(3 / 6)


def test_intervals_widen_when_answers_share_a_wafer():
    rng = np.random.default_rng(1)
    wafers = np.repeat(np.arange(20), 10)
    values = np.repeat(rng.normal(size=20), 10) + 0.01 * rng.normal(size=200)
    clustered = mean_interval(values, wafers.tolist())
    naive = mean_interval(values, list(range(200)))
    assert clustered.high - clustered.low > 2 * (naive.high - naive.low)
    assert (clustered.n, clustered.clusters) == (200, 20)
    assert clustered.low < clustered.value < clustered.high


def test_mean_interval_is_the_general_interval_made_fast():
    wafers = [f"w{i % 7}" for i in range(40)]
    values = np.linspace(0, 1, 40) ** 2
    fast = mean_interval(values, wafers, n=300, seed=4)
    slow = interval(lambda rows: float(values[rows].mean()), wafers, n=300, seed=4)
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high))


def test_coverage_of_the_interval_is_near_its_promise():
    rng = np.random.default_rng(5)
    covered = 0
    for trial in range(200):
        means = rng.normal(size=25)
        values = np.repeat(means, 4) + 0.5 * rng.normal(size=100)
        ends = mean_interval(values, np.repeat(np.arange(25), 4).tolist(), n=300, seed=trial)
        covered += ends.low <= 0.0 <= ends.high
    assert 170 <= covered <= 200  # 190 expected; the percentile bootstrap is a little short


@pytest.mark.parametrize("clusters", [[], ["w"], ["w", "w", "w"]])
def test_one_cluster_has_no_spread_and_json_has_no_nan(clusters):
    ends = mean_interval([0.5] * len(clusters), clusters)
    assert isnan(ends.low) and isnan(ends.high)
    assert ends.as_dict()["low"] is None
    assert ends.clusters == len(set(clusters))


def test_the_same_seed_gives_the_same_intervals():
    grades = np.asarray([0.0, 3, 7, 9, 2, 5, 8, 10])
    questions = ["a", "a", "b", "b", "c", "c", "d", "d"]
    first = agreement(grades / 10, grades[::-1].copy(), questions, n=50, seed=3).as_dict()
    assert first == agreement(grades / 10, grades[::-1].copy(), questions, n=50, seed=3).as_dict()
    assert first != agreement(grades / 10, grades[::-1].copy(), questions, n=50, seed=4).as_dict()
