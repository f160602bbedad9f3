"""Calibration: fit a rule to grades, and say honestly what that is worth on wafers it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..reward_fns import paper
from ..reward_fns.schema import DIMENSIONS
from .agreement import TOP_GRADE, Agreement, Floats, agreement, quadratic_kappa, spearman
from .bootstrap import Indices, Interval, interval
from .fitting import (
    Fit,
    Problem,
    bayesian_search,
    equal_weights,
    folds,
    isotonic,
    least_squares,
    shipped,
    statistic,
)
from .graded import GradedAnswer, graders, grades_of
from .hacks import Opened, opened_hacks
from .scorers import Options, Scorer, Scores, scorer_named
from .tables import Cell, Table

SELECTED = "selected"
_INNER_FOLDS = 4


@dataclass(frozen=True)
class Settings:
    """How to calibrate.

    Attributes:
        scorer: `wafersage` or `paper`.
        objective: spearman, kendall, kappa or pairs.
        folds: Outer folds; whole wafers lie in one fold.
        trials: Trials of the Bayesian search, per fold.
        seed: The same seed gives the same numbers.
        resamples: Bootstrap resamples.
    """

    scorer: str = "wafersage"
    objective: str = "spearman"
    folds: int = 5
    trials: int = 24
    seed: int = 0
    resamples: int = 1000


@dataclass(frozen=True)
class Held:
    """What one way of fitting is worth on wafers it has not seen.

    Attributes:
        name: The way.
        scores: Held-out scores, shape (n,): each answer's under options fitted without its wafer.
        agreement: With the mean grade.
        kappa: Weighted kappa after an isotonic map fitted without the answer's wafer.
        gain: Objective minus that of the rule as shipped, resampled in pairs.
        seen: Objective on the answers it was fitted to: the optimism of reporting that.
    """

    name: str
    scores: Floats
    agreement: Agreement
    kappa: float
    gain: Interval
    seen: float


@dataclass(frozen=True)
class Calibration:
    """Everything a calibration found.

    Attributes:
        settings: How it was done.
        answers: Number of graded answers.
        groups: Number of wafers.
        baselines: Rules that need no fit.
        fits: Ways of fitting, held out; the last, `selected`, picks one of them per fold.
        ceiling: Agreement of the graders with each other; None with a single grader.
        by_dimension: Held-out Spearman per dimension: name, answers, shipped, selected.
        chosen: The way that is selected on all answers.
        options: The options it gives on all answers.
        opened: Hacks that pay under these options.
        already: Hacks that pay under the rule as shipped.
    """

    settings: Settings
    answers: int
    groups: int
    baselines: Mapping[str, Agreement]
    fits: Sequence[Held]
    ceiling: Agreement | None
    by_dimension: Sequence[tuple[str, int, Interval, Interval]]
    chosen: str
    options: Options
    opened: Sequence[Opened]
    already: Sequence[Opened]

    @property
    def selected(self) -> Held:
        """The whole procedure, choice included."""
        return next(fit for fit in self.fits if fit.name == SELECTED)

    @property
    def reopened(self) -> list[Opened]:
        """Hacks that pay under the fit, and did not, or less, under the rule as shipped."""
        before = {one.key: one for one in self.already}
        return [one for one in self.opened if one.key not in before or one.worse_than(before[one.key])]

    @property
    def objections(self) -> list[str]:
        """Why the fit is not blessed; empty when it is."""
        found: list[str] = []
        if self.reopened:
            found.append("it opens a hack: " + "; ".join(map(str, self.reopened[:3])))
        if not self.options:
            found.append("no fit did better than the rule as shipped")
        elif not self.selected.gain.low > 0:
            gain = self.selected.gain
            ends = f"{gain.value:+.3f}, interval {gain.low:+.3f} to {gain.high:+.3f}"
            found.append(f"its gain on unseen wafers is not certain ({ends})")
        return found


def calibrate(
    graded: Sequence[GradedAnswer],
    settings: Settings | None = None,
    scorer: Scorer | None = None,
    on_step: Callable[[object], None] = lambda step: None,
) -> Calibration:
    """Fit a rule to grades and measure every way of fitting on held-out wafers.

    Args:
        graded: Graded answers.
        settings: How.
        scorer: The rule; by default the one that the settings name.
        on_step: Called after each of `steps(settings)` fits.

    Raises:
        InputError: There are too few wafers for the folds.
        MissingExtraError: Optuna is not installed.
    """
    how = settings or Settings()
    scorer = scorer or scorer_named(how.scorer)
    problem = _problem(graded, scorer, how)
    if len(set(problem.groups)) < 2 * how.folds:
        raise InputError(
            f"{len(set(problem.groups))} wafers are too few for {how.folds} folds",
            remedy="grade more, or lower --folds",
        )
    ways = _ways(problem, how, how.trials)
    # The search is only sampled when ways are compared: refitting it in full there would cost most.
    quick = _ways(problem, how, max(1, how.trials // 3))
    outer = folds(problem.groups, how.folds, how.seed)
    held = {name: np.empty(len(graded)) for name in (*ways, SELECTED)}
    mapped = {name: np.empty(len(graded)) for name in held}
    for fold in outer:
        train = np.setdiff1d(np.arange(len(graded), dtype=np.intp), fold)
        fitted = {name: fit(problem, train) for name, fit in ways.items()}
        chosen = _choose(problem, quick, train, how)
        for name, options in (*fitted.items(), (SELECTED, fitted[chosen])):
            predicted = problem.scores(options)
            held[name][fold] = predicted[fold]
            mapped[name][fold] = isotonic(predicted[train], problem.grades[train])(predicted[fold])
        on_step(fold)
    everything = np.arange(len(graded), dtype=np.intp)
    final = {name: fit(problem, everything) for name, fit in ways.items()}
    chosen = _choose(problem, quick, everything, how)
    on_step(everything)
    seen = {name: problem.agreement(problem.scores(options), everything) for name, options in final.items()}
    fits = [
        _held(problem, name, scores, mapped[name], held["as shipped"], seen.get(name, seen[chosen]), how)
        for name, scores in held.items()
    ]
    return Calibration(
        settings=how,
        answers=len(graded),
        groups=len(set(problem.groups)),
        baselines={} if scorer.score is paper.compute_score else _paper_baselines(graded, how),
        fits=fits,
        ceiling=_ceiling(graded, problem, how),
        by_dimension=_by_dimension(problem, held["as shipped"], held[SELECTED], how),
        chosen=chosen,
        options=final[chosen],
        opened=opened_hacks(scorer.score, final[chosen]),
        already=opened_hacks(scorer.score, {}),
    )


def steps(settings: Settings) -> int:
    """How often `calibrate` calls `on_step`."""
    return settings.folds + 1


def tables(found: Calibration) -> list[Table]:
    """The tables of a calibration."""
    how = found.settings
    rows: list[list[Cell]] = []
    for name, one in found.baselines.items():
        rows.append([name, one.spearman, one.kendall, one.kappa, None, one.pairs, None, None])
    for fit in found.fits:
        a = fit.agreement
        gain = None if fit.name == "as shipped" else fit.gain
        rows.append([fit.name, a.spearman, a.kendall, a.kappa, fit.kappa, a.pairs, gain, fit.seen])
    if found.ceiling is not None:
        c = found.ceiling
        rows.append(["graders with each other", c.spearman, c.kendall, c.kappa, None, c.pairs, None, None])
    statistics = ("Spearman", "Kendall", "weighted kappa", "kappa, mapped", "pairs")
    columns = ["", *statistics, "gain", f"{how.objective}, seen"]
    note = (
        f"{found.answers} answers on {found.groups} wafers; agreement with the mean grade on wafers left "
        f"out of the fit ({how.folds} folds). In brackets: 95 % interval, wafers resampled. Kappa, mapped: "
        f"after an isotonic map. Gain: {how.objective} over the rule as shipped. Seen: on the answers "
        f"fitted to. Selected: the way that inner folds prefer. Last: the ceiling."
    )
    by_dimension = Table(
        "Held-out Spearman by dimension",
        ["", "answers", "as shipped", SELECTED],
        [list(row) for row in found.by_dimension],
        digits=3,
    )
    options: list[list[Cell]] = [[name, str(value)] for name, value in found.options.items()]
    built = [Table(f"Calibration of {how.scorer}", columns, rows, note, digits=3), by_dimension]
    if found.already:
        hacks: list[list[Cell]] = [[str(one)] for one in found.already]
        built.append(Table("What the rule as shipped should not pay", ["attempt"], hacks))
    if options:
        built.append(Table(f"Options fitted to all answers: {found.chosen}", ["option", "value"], options))
    return built


def as_json(found: Calibration) -> dict[str, Any]:
    """The calibration for programs."""
    return {
        "version": 1,
        "scorer": found.settings.scorer,
        "objective": found.settings.objective,
        "seed": found.settings.seed,
        "answers": found.answers,
        "wafers": found.groups,
        "chosen": found.chosen,
        "options": dict(found.options),
        "blessed": not found.objections,
        "objections": found.objections,
        "gain": found.selected.gain.as_dict(),
        "held_out": found.selected.agreement.as_dict(),
        "tables": [table.as_dict() for table in tables(found)],
    }


def _problem(graded: Sequence[GradedAnswer], scorer: Scorer, how: Settings) -> Problem:
    answers = [one.answer for one in graded]
    return Problem(
        Scores(scorer, answers),
        grades_of(graded),
        [answer.id for answer in answers],
        [answer.wafer for answer in answers],
        how.objective,
    )


def _ways(problem: Problem, how: Settings, trials: int) -> dict[str, Fit]:
    scorer = problem.scorer
    three_parts = any(answer.dimension == "full" for answer in problem.scores.answers)
    ways: dict[str, Fit] = {"as shipped": shipped}
    if scorer.penalty or (scorer.weights and three_parts):
        ways |= {"equal weights": equal_weights, "least squares": least_squares}
    if scorer.knobs:
        ways["Bayesian search"] = bayesian_search(trials, how.seed)
    return ways


def _choose(problem: Problem, ways: Mapping[str, Fit], rows: Indices, how: Settings) -> str:
    """The way that does best on inner folds it has not seen; on a tie the earlier, simpler one."""
    groups = [problem.groups[i] for i in rows]
    worth = dict.fromkeys(ways, 0.0)
    for inner in folds(groups, _INNER_FOLDS, how.seed + 1):
        test = rows[inner]
        train = np.setdiff1d(rows, test)
        for name, fit in ways.items():
            worth[name] += problem.agreement(problem.scores(fit(problem, train)), test) / _INNER_FOLDS
    return max(ways, key=lambda name: round(worth[name], 6))


def _held(
    problem: Problem, name: str, scores: Floats, mapped: Floats, base: Floats, seen: float, how: Settings
) -> Held:
    def difference(rows: Indices) -> float:
        questions, grades = [problem.questions[i] for i in rows], problem.grades[rows]
        ours, theirs = (statistic(how.objective, side[rows], grades, questions) for side in (scores, base))
        return ours - theirs

    return Held(
        name,
        scores,
        _agreement(problem, scores, how),
        quadratic_kappa(mapped, problem.grades),
        interval(difference, problem.groups, n=how.resamples, seed=how.seed),
        seen,
    )


def _agreement(problem: Problem, scores: Floats, how: Settings) -> Agreement:
    return agreement(
        scores, problem.grades, problem.questions, problem.groups, n=how.resamples, seed=how.seed
    )


def _paper_baselines(graded: Sequence[GradedAnswer], how: Settings) -> dict[str, Agreement]:
    problem = _problem(graded, scorer_named("paper"), how)
    weights = {"published rule, 0.6/0.4": "formula", "published rule, 0.9/0.1": "tuned"}
    return {
        name: _agreement(problem, problem.scores({"weights": value}), how) for name, value in weights.items()
    }


def _ceiling(graded: Sequence[GradedAnswer], problem: Problem, how: Settings) -> Agreement | None:
    names = graders(graded)
    if len(names) < 2:
        return None
    first, second = (np.asarray([one.grades[name] for one in graded]) for name in names[:2])
    return agreement(
        first / TOP_GRADE, second, problem.questions, problem.groups, n=how.resamples, seed=how.seed
    )


def _by_dimension(
    problem: Problem, base: Floats, selected: Floats, how: Settings
) -> list[tuple[str, int, Interval, Interval]]:
    dimensions = np.asarray([answer.dimension for answer in problem.scores.answers])
    rows: list[tuple[str, int, Interval, Interval]] = []
    for dimension in DIMENSIONS:
        own = np.flatnonzero(dimensions == dimension)
        if len(own):
            grades, clusters = problem.grades[own], [problem.groups[i] for i in own.tolist()]
            ends = [_spearman_interval(scores[own], grades, clusters, how) for scores in (base, selected)]
            rows.append((dimension, len(own), ends[0], ends[1]))
    return rows


def _spearman_interval(
    scores: Floats, grades: Floats, clusters: Sequence[Hashable], how: Settings
) -> Interval:
    return interval(
        lambda rows: spearman(scores[rows], grades[rows]), clusters, n=how.resamples, seed=how.seed
    )
