"""Ways to choose a rule's options from graded answers: equal weights, least squares, Bayesian search."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import isotonic_regression, nnls

from ..errors import MissingExtraError
from ..reward_fns.schema import PARTS
from .agreement import TOP_GRADE, Floats, kendall, pair_accuracy, quadratic_kappa, spearman
from .bootstrap import Indices
from .scorers import Knob, Options, Scorer, Scores

OBJECTIVES = ("spearman", "kendall", "kappa", "pairs")

_PENALTIES = (0.2, 5.0)


@dataclass(frozen=True)
class Problem:
    """Graded answers and a rule.

    Attributes:
        scores: The rule's scores under any options.
        grades: Mean grades in [0, 10], shape (n,).
        questions: Question of each answer.
        groups: Wafer of each answer; a fold holds whole groups.
        objective: One of `OBJECTIVES`.
    """

    scores: Scores
    grades: Floats
    questions: Sequence[Hashable]
    groups: Sequence[Hashable]
    objective: str = "spearman"

    @property
    def scorer(self) -> Scorer:
        """The rule."""
        return self.scores.scorer

    def agreement(self, predicted: Floats, rows: Indices) -> float:
        """The objective over some rows; -1 where it is undefined, so that no constant rule can win."""
        value = statistic(
            self.objective, predicted[rows], self.grades[rows], [self.questions[i] for i in rows]
        )
        return value if np.isfinite(value) else -1.0


Fit = Callable[[Problem, Indices], Options]
"""From a problem and the rows that may be looked at to options of the rule."""


def statistic(name: str, scores: Floats, grades: Floats, questions: Sequence[Hashable]) -> float:
    """One of `OBJECTIVES` by name."""
    if name == "pairs":
        return pair_accuracy(scores, grades, questions)
    return {"spearman": spearman, "kendall": kendall, "kappa": quadratic_kappa}[name](scores, grades)


def shipped(problem: Problem, rows: Indices) -> Options:
    """The rule as it is."""
    return {}


def equal_weights(problem: Problem, rows: Indices) -> Options:
    """Hits and false claims count the same, and so do the parts of a three-part answer."""
    options: dict[str, Any] = {}
    if problem.scorer.penalty:
        options[problem.scorer.penalty] = 1.0
    if problem.scorer.weights:
        options[problem.scorer.weights] = {part: round(1 / 3, 4) for part in PARTS}
    return options


def least_squares(problem: Problem, rows: Indices) -> Options:
    """Non-negative least squares on the rule's sub-scores, as ratios, since only the order of scores counts.

    Grades are fitted as a * hit - b * hallucination, so b / a is the penalty of a false claim; grades of
    three-part answers as a sum over the scores of their parts.
    """
    options: dict[str, Any] = {}
    scorer, target = problem.scorer, problem.grades / TOP_GRADE
    if scorer.penalty:
        hit = problem.scores.column("hit", {})[rows]
        false = problem.scores.column("hallucination", {})[rows]
        (a, b), _ = nnls(np.column_stack([hit, -false]), target[rows])
        if a > 0:
            options[scorer.penalty] = round(float(np.clip(b / a, *_PENALTIES)), 3)
    if scorer.weights:
        full = np.asarray([i for i in rows if problem.scores.answers[i].dimension == "full"], dtype=np.intp)
        if len(full) >= 2 * len(PARTS):
            parts = np.column_stack([problem.scores.column(part, {})[full] for part in PARTS])
            weights, _ = nnls(np.maximum(parts, 0.0), target[full])
            if weights.sum() > 0:
                share = weights / weights.sum()
                options[scorer.weights] = {
                    part: round(float(w), 4) for part, w in zip(PARTS, share, strict=True)
                }
    return options


def bayesian_search(trials: int, seed: int) -> Fit:
    """Optuna's tree-structured Parzen estimator over the rule's knobs.

    A trial is worth the mean of the objective over inner folds of whole groups, so that it has to do well
    everywhere and not on a few easy wafers. The first trial is the rule as shipped.
    """

    def fit(problem: Problem, rows: Indices) -> Options:
        try:
            import optuna
        except ImportError as error:
            raise MissingExtraError("optuna", "eval") from error

        inner = [rows[fold] for fold in folds([problem.groups[i] for i in rows], 4, seed)]

        def worth(trial: Any) -> float:
            options = {knob.name: _rounded(knob, _suggest(trial, knob)) for knob in problem.scorer.knobs}
            predicted = problem.scores(options)
            return float(np.mean([problem.agreement(predicted, fold) for fold in inner]))

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.enqueue_trial({knob.name: knob.default for knob in problem.scorer.knobs})
        study.optimize(worth, n_trials=trials)
        return {knob.name: _rounded(knob, study.best_params[knob.name]) for knob in problem.scorer.knobs}

    return fit


def _suggest(trial: Any, knob: Knob) -> Any:
    if knob.choices:
        return trial.suggest_categorical(knob.name, list(knob.choices))
    return trial.suggest_float(knob.name, knob.low, knob.high, log=knob.log)


def _rounded(knob: Knob, value: Any) -> Any:
    # Three digits are more than grades can tell apart, and read well in a preset.
    return value if knob.choices else round(float(value), 3)


def folds(groups: Sequence[Hashable], count: int, seed: int) -> list[Indices]:
    """Split rows into folds of whole groups, of nearly equal numbers of groups.

    Raises:
        ValueError: There are fewer groups than folds.
    """
    names = list(dict.fromkeys(groups))
    if len(names) < count:
        raise ValueError(f"{len(names)} groups make no {count} folds")
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[position]: number % count for number, position in enumerate(order)}
    member = np.asarray([fold_of[group] for group in groups])
    return [np.flatnonzero(member == number).astype(np.intp) for number in range(count)]


def isotonic(scores: Floats, grades: Floats) -> Callable[[Floats], Floats]:
    """The best non-decreasing map from scores to grades in [0, 1], linear between the scores it knows.

    For reporting only: its flat steps would leave a group of answers without any spread.
    """
    order = np.argsort(scores, kind="stable")
    levels, inverse = np.unique(scores[order], return_inverse=True)
    counts = np.bincount(inverse).astype(float)
    means = np.bincount(inverse, weights=grades[order] / TOP_GRADE) / counts
    fitted = isotonic_regression(means, weights=counts).x
    return lambda values: np.interp(values, levels, fitted)
