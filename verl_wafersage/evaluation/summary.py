"""What an evaluation found: a table like the paper's with intervals, rule beside judge, the judge's noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..reward_fns.judge import AXES, Verdict
from ..reward_fns.rubric import NOT_APPLICABLE
from ..reward_fns.schema import DIMENSIONS
from .agreement import agreement
from .answers import Answer
from .bootstrap import Interval, mean_interval
from .judge import Judgement, verdicts
from .mixed import MixedGroups
from .noise import Noise, judge_noise
from .tables import Cell, Table

LABELS = {
    "overall": "overall",
    "spatial": "spatial",
    "morphology": "morphology",
    "root_cause": "root cause",
    "defect_type": "defect type",
    "full": "three parts",
    "faithful": "hallucination avoidance",
    "hit": "must-hit found",
    "acc": "fully right",
}

Value = Callable[["Graded"], float | None]


@dataclass(frozen=True)
class Graded:
    """An answer with what rule and judge say of it.

    Attributes:
        answer: The answer.
        scores: The rule's dict; `score` in [0, 1].
        verdict: The judge's mean verdict in [0, 10]; None when unscored.
    """

    answer: Answer
    scores: Mapping[str, float]
    verdict: Verdict | None

    @property
    def overall(self) -> float | None:
        """The judge's grade in [0, 10]; None when unscored."""
        return None if self.verdict is None else self.verdict.overall

    def as_dict(self) -> dict[str, Any]:
        """One line of `answers.jsonl`."""
        axes = {} if self.verdict is None else dict(self.verdict.axes)
        reason = "" if self.verdict is None else self.verdict.reason
        graded = {"overall": self.overall, "judged": int(self.verdict is not None), "axes": axes}
        return {**self.answer.as_dict(), "scores": dict(self.scores), **graded, "reason": reason}


@dataclass(frozen=True)
class Summary:
    """Results of one evaluation.

    Attributes:
        graded: Every answer.
        judgements: Every judgement, failures among them.
        unanswered: Questions that the answering model failed to answer, by reason.
        in_loop: What the judge inside the reward did, where the answers come from such a run.
    """

    graded: Sequence[Graded]
    judgements: Sequence[Judgement] = ()
    unanswered: Sequence[tuple[str, str]] = ()
    in_loop: MixedGroups | None = None

    @property
    def models(self) -> list[str]:
        """Models in order of appearance."""
        return list(dict.fromkeys(graded.answer.model for graded in self.graded))

    @property
    def unscored(self) -> list[Judgement]:
        """Judgements without a verdict."""
        return [judgement for judgement in self.judgements if not judgement.scored]

    @property
    def unscored_share(self) -> float:
        """Share of wanted judgements without a verdict."""
        return len(self.unscored) / len(self.judgements) if self.judgements else 0.0

    @property
    def noise(self) -> Noise:
        """The judge's own noise."""
        wafers = {graded.answer.key: graded.answer.wafer for graded in self.graded}
        return judge_noise(self.judgements, wafers)

    @property
    def reasons(self) -> Counter[str]:
        """Kinds of failure (`timeout`, `status 429`, `invalid` ...) with counts."""
        return Counter(judgement.error.partition(":")[0] for judgement in self.unscored)

    @cached_property
    def tables(self) -> list[Table]:
        """All tables that the data allow, the judge's first; the intervals make them dear."""
        return _tables(self)


def summarise(
    answers: Sequence[Answer],
    scores: Sequence[Mapping[str, float]],
    judgements: Sequence[Judgement] = (),
    unanswered: Sequence[tuple[str, str]] = (),
    in_loop: MixedGroups | None = None,
) -> Summary:
    """Bring answers, rule scores and judgements together by the answers' keys.

    Judgements of answers that are not among `answers` are left out.
    """
    keys = {answer.key for answer in answers}
    known = [judgement for judgement in judgements if judgement.key in keys]
    found = verdicts(known)
    graded = [
        Graded(answer, score, found.get(answer.key)) for answer, score in zip(answers, scores, strict=True)
    ]
    return Summary(graded, known, unanswered, in_loop)


def _tables(summary: Summary) -> list[Table]:
    built: list[Table] = []
    if summary.judgements:
        built += [_judge_table(summary), _axes_table(summary)]
    built.append(_rule_table(summary))
    if summary.judgements:
        built.append(_agreement_table(summary))
    if len(summary.models) > 1:
        built.append(_difference_table(summary))
    if summary.judgements:
        built.append(_trust_table(summary))
    if summary.in_loop is not None and summary.in_loop.wanted:
        built.append(_loop_table(summary.in_loop))
    return built


def _judge_table(summary: Summary) -> Table:
    dimensions = _dimensions(summary)
    rows: list[list[Cell]] = []
    for model in summary.models:
        own = _of(summary, model)
        cells = [_mean(own, lambda graded: graded.overall)]
        cells += [_mean(_about(own, name), lambda graded: graded.overall) for name in dimensions]
        unscored = sum(graded.verdict is None for graded in own)
        rows.append([model, *cells, len(own), unscored])
    columns = ["model", "overall", *(LABELS[name] for name in dimensions), "answers", "unscored"]
    note = (
        "Judge's grades, 0 to 10, by dimension of the question. In brackets: 95 % interval, wafers "
        "resampled. Unscored answers are left out of the means, not counted as 0."
    )
    return Table("LLM judge", columns, rows, note)


def _axes_table(summary: Summary) -> Table:
    rows: list[list[Cell]] = [
        [model, *(_mean(_of(summary, model), _axis(axis)) for axis in AXES)] for model in summary.models
    ]
    note = "Judge's grades, 0 to 10, over the questions to which an axis applies."
    return Table("LLM judge, by axis", ["model", *(LABELS[axis] for axis in AXES)], rows, note)


def _rule_table(summary: Summary) -> Table:
    dimensions = _dimensions(summary)
    extras = ("hit", "faithful", "acc")
    rows: list[list[Cell]] = []
    for model in summary.models:
        own = _of(summary, model)
        cells = [_mean(own, _rule)]
        cells += [_mean(_about(own, name), _rule) for name in dimensions]
        cells += [_mean(own, _sub_score(name)) for name in extras]
        rows.append([model, *cells])
    columns = ["model", "overall", *(LABELS[name] for name in (*dimensions, *extras))]
    note = "Rule scores, 0 to 1; 95 % interval, wafers resampled. Rows without a usable rubric are left out."
    return Table("Rule", columns, rows, note, digits=3)


def _agreement_table(summary: Summary) -> Table:
    rows: list[list[Cell]] = []
    for model in (*summary.models, "all") if len(summary.models) > 1 else summary.models:
        own = summary.graded if model == "all" else _of(summary, model)
        usable = [
            (graded, rule, grade)
            for graded in own
            if (rule := _rule(graded)) is not None and (grade := graded.overall) is not None
        ]
        if not usable:
            rows.append([model, None, None, None, None, None, 0])
            continue
        found = agreement(
            [rule for _, rule, _ in usable],
            [grade for _, _, grade in usable],
            [graded.answer.id for graded, _, _ in usable],
            [graded.answer.wafer for graded, _, _ in usable],
        )
        gap = mean_interval(
            [10 * rule - grade for _, rule, grade in usable], [graded.answer.wafer for graded, _, _ in usable]
        )
        rows.append([model, found.spearman, found.kendall, found.kappa, found.pairs, gap, len(usable)])
    columns = ["model", "Spearman", "Kendall", "weighted kappa", "pairs", "rule - judge (grades)", "answers"]
    note = (
        "How far the rule agrees with the judge. Pairs: share of pairs of answers to one question, at least "
        "one grade apart, that the rule orders as the judge does."
    )
    return Table("Rule against judge", columns, rows, note)


def _difference_table(summary: Summary) -> Table:
    base, *others = summary.models
    rows: list[list[Cell]] = []
    for model in others:
        judge = _paired(_of(summary, base), _of(summary, model), lambda graded: graded.overall)
        rule = _paired(_of(summary, base), _of(summary, model), _rule)
        rows.append([model, judge, rule, rule.n])
    note = (
        "Mean difference on the questions both answered. A rule score that rises while the judge's does not "
        "means that the model has learned the rule."
    )
    columns = ["model", "judge (0 to 10)", "rule (0 to 1)", "questions"]
    return Table(f"Difference to {base}", columns, rows, note, digits=3)


def _trust_table(summary: Summary) -> Table:
    noise = summary.noise
    rows: list[list[Cell]] = [
        ["judgements", len(summary.judgements)],
        ["unscored", f"{len(summary.unscored)} ({summary.unscored_share:.1%})"],
        *_reason_rows(summary),
        ["answers judged again", noise.repeated],
        ["standard deviation of a repetition (grades)", noise.deviation],
        ["share of repetitions with the same grade", noise.same],
        ["answers judged in both orders", noise.swapped],
        ["shift when the answer comes first (grades)", noise.swap if noise.swapped else None],
        ["mean size of that shift", noise.swap_size],
        ["tokens read", sum(judgement.prompt_tokens for judgement in summary.judgements)],
        ["tokens written", sum(judgement.completion_tokens for judgement in summary.judgements)],
    ]
    models = ", ".join(sorted({judgement.judge_model for judgement in summary.judgements}))
    versions = ", ".join(sorted({str(judgement.prompt_version) for judgement in summary.judgements}))
    return Table("The judge itself", ["", "value"], rows, f"Judge: {models}; prompt version {versions}.")


def _loop_table(found: MixedGroups) -> Table:
    rows: list[list[Cell]] = [
        ["judgements wanted", found.wanted],
        ["failed", f"{found.failed} ({found.failed / found.wanted:.1%})"],
        ["groups", found.groups],
        ["groups with judged and unjudged answers", found.mixed],
        ["mean of rule - judge there", found.gap],
    ]
    note = (
        "An unjudged answer keeps the rule's score; in a mixed group its unearned advantage is the last line "
        "times judge_weight."
    )
    return Table("The judge inside the reward, during the run", ["", "value"], rows, note, digits=3)


def _reason_rows(summary: Summary) -> list[list[Cell]]:
    return [[f"unscored: {reason}", count] for reason, count in summary.reasons.most_common(5)]


def _of(summary: Summary, model: str) -> list[Graded]:
    return [graded for graded in summary.graded if graded.answer.model == model]


def _about(graded: Sequence[Graded], dimension: str) -> list[Graded]:
    return [one for one in graded if one.answer.dimension == dimension]


def _dimensions(summary: Summary) -> list[str]:
    present = {graded.answer.dimension for graded in summary.graded}
    return [name for name in DIMENSIONS if name in present]


def _rule(graded: Graded) -> float | None:
    return graded.scores["score"] if graded.scores.get("scorable", 1.0) else None


def _sub_score(name: str) -> Value:
    def value(graded: Graded) -> float | None:
        found = graded.scores.get(name, NOT_APPLICABLE)
        return None if found == NOT_APPLICABLE or _rule(graded) is None else found

    return value


def _axis(axis: str) -> Value:
    return lambda graded: None if graded.verdict is None else graded.verdict.axes.get(axis)


def _mean(graded: Sequence[Graded], value: Value) -> Interval:
    found = [(value(one), one.answer.wafer) for one in graded]
    kept = [(number, wafer) for number, wafer in found if number is not None]
    return mean_interval([number for number, _ in kept], [wafer for _, wafer in kept])


def _paired(base: Sequence[Graded], other: Sequence[Graded], value: Value) -> Interval:
    """Mean difference over shared questions, each the mean of its samples."""
    left, right = _by_question(base, value), _by_question(other, value)
    shared = [question for question in left if question in right]
    differences = [right[question] - left[question] for question in shared]
    wafers: dict[Hashable, str] = {one.answer.id: one.answer.wafer for one in base}
    return mean_interval(differences, [wafers[question] for question in shared])


def _by_question(graded: Sequence[Graded], value: Value) -> dict[Hashable, float]:
    found: dict[Hashable, list[float]] = {}
    for one in graded:
        number = value(one)
        if number is not None:
            found.setdefault(one.answer.id, []).append(number)
    return {question: float(np.mean(numbers)) for question, numbers in found.items()}
