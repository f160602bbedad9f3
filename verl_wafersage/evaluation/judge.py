"""Judge answers: a language model grades them, repeatedly if wished, and no failure becomes a grade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..llm import ChatError, ChatReply, ChatRequest, ChatSettings, Usage, ask_all
from ..reward_fns.judge import PROMPT_VERSION, Case, Verdict, judge_request, read_verdict
from ..reward_fns.schema import load_rubric
from .answers import Answer


@dataclass(frozen=True)
class JudgeOptions:
    """How answers are judged.

    Attributes:
        repeats: Judgements per answer in the normal order; more than one shows the judge's own noise.
        swap: One more judgement with answer and reference exchanged, to show a bias of position.
        reasons: Ask for a reason before the grades.
        show_image: Show the wafer's picture, where the answer has one.
    """

    repeats: int = 1
    swap: bool = False
    reasons: bool = True
    show_image: bool = False


@dataclass(frozen=True)
class Judgement:
    """One attempt at grading one answer.

    Attributes:
        key: `Answer.key` of the answer; every answer with the same content shares the judgement.
        judge_model: Name of the judging model.
        repeat: Number of the repetition.
        swapped: Whether the answer was shown before the reference.
        seen: Whether the picture was shown.
        overall: Grade in [0, 10]; None when unscored.
        axes: Grades per axis; empty when unscored.
        reason: The judge's words.
        error: Kind and story of the failure; "" when it is scored.
        prompt_tokens: Tokens read for it; paid once, also when the reply comes from the cache later.
        completion_tokens: Tokens written for it, likewise.
        prompt_version: Version of the judge's prompt.
    """

    key: str
    judge_model: str
    repeat: int = 0
    swapped: bool = False
    seen: bool = False
    overall: float | None = None
    axes: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    error: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_version: int = PROMPT_VERSION

    @property
    def scored(self) -> bool:
        """Whether there is a verdict."""
        return self.overall is not None

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)


def judge_answers(
    answers: Sequence[Answer],
    settings: ChatSettings,
    options: JudgeOptions | None = None,
    *,
    on_reply: Callable[[ChatReply | ChatError], None] = lambda reply: None,
) -> tuple[list[Judgement], Usage]:
    """Grade answers, equal ones once.

    Args:
        answers: What to grade.
        settings: The judge's server; with `cache_dir`, a killed run pays for nothing twice.
        options: Repetitions, order, reasons, picture.
        on_reply: Called as each verdict comes.

    Returns:
        `repeats` (+ 1 with `swap`) judgements per distinct answer, failures among them, and what was used.

    Raises:
        ServerGoneError: When too many requests in a row have failed.
    """
    wanted = options or JudgeOptions()
    asked = [(answer, repeat, swapped) for answer in distinct(answers) for repeat, swapped in _passes(wanted)]
    requests = (_request(answer, repeat, swapped, wanted) for answer, repeat, swapped in asked)
    replies, usage = ask_all(settings, requests, on_reply)
    judgements = [
        _judgement(answer, repeat, swapped, reply, settings.model, wanted)
        for (answer, repeat, swapped), reply in zip(asked, replies, strict=True)
    ]
    return judgements, usage


def distinct(answers: Sequence[Answer]) -> list[Answer]:
    """The first answer of each content."""
    found: dict[str, Answer] = {}
    for answer in answers:
        found.setdefault(answer.key, answer)
    return list(found.values())


def calls(answers: Sequence[Answer], options: JudgeOptions) -> int:
    """How many judgements `judge_answers` will ask for."""
    return len({answer.key for answer in answers}) * len(_passes(options))


def verdicts(judgements: Sequence[Judgement]) -> dict[str, Verdict]:
    """Mean verdict per answer key over its scored judgements; keys without one are absent.

    A swapped judgement counts like any other, so that with one repeat and the swap a bias of position
    cancels.
    """
    by_key: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        if judgement.scored:
            by_key.setdefault(judgement.key, []).append(judgement)
    return {key: _mean(found) for key, found in by_key.items()}


def _mean(judgements: Sequence[Judgement]) -> Verdict:
    overall = [judgement.overall for judgement in judgements if judgement.overall is not None]
    axes = judgements[0].axes
    means = {axis: sum(judgement.axes[axis] for judgement in judgements) / len(judgements) for axis in axes}
    return Verdict(sum(overall) / len(overall), means, judgements[0].reason)


def _passes(options: JudgeOptions) -> list[tuple[int, bool]]:
    return [(repeat, False) for repeat in range(options.repeats)] + ([(0, True)] if options.swap else [])


def _request(answer: Answer, repeat: int, swapped: bool, options: JudgeOptions) -> ChatRequest:
    image = answer.image if options.show_image else None
    case = Case(answer.question, answer.text, load_rubric(answer.ground_truth), image)
    return judge_request(case, swap=swapped, reasons=options.reasons, sample=repeat)


def _judgement(
    answer: Answer,
    repeat: int,
    swapped: bool,
    reply: ChatReply | ChatError,
    judge: str,
    options: JudgeOptions,
) -> Judgement:
    seen = options.show_image and answer.image is not None
    if isinstance(reply, ChatError):
        kind = reply.kind if reply.status is None else f"{reply.kind} {reply.status}"
        return Judgement(answer.key, judge, repeat, swapped, seen, error=f"{kind}: {reply}")
    verdict = read_verdict(reply.value, load_rubric(answer.ground_truth))
    return Judgement(
        answer.key,
        judge,
        repeat,
        swapped,
        seen,
        overall=verdict.overall,
        axes=dict(verdict.axes),
        reason=verdict.reason,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
    )
