"""The whole synthesis: a chain of three requests for each wafer, many wafers at once, results in order."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...errors import InputError
from ...llm import ChatClient, ChatError, ChatSettings
from ..audit.checks import RowOptions
from ..records import Question, Record, WaferMap
from ..render import render
from ..writer import write_bytes, write_text
from .gate import agrees, examine
from .stages import Prompt, describe_request, load_prompts, questions_request, rubric_request

ORIGIN = "synthesis"


@dataclass(frozen=True)
class SynthesisOptions:
    """How to synthesise.

    Attributes:
        eyes: Server of the model that sees pictures and describes them.
        writer: Server of the model that writes rubrics and questions; None for the same.
        questions: Questions for each wafer.
        image_size: Side of rendered pictures in pixels, a multiple of 32.
        check_labels: Whether a wafer is refused when the description names other types than its label.
        rows: How the gate judges rubrics.
        prompts: Folder of prompts of one's own.
        on_wafer: Called after each wafer (for progress).
    """

    eyes: ChatSettings
    writer: ChatSettings | None = None
    questions: int = 8
    image_size: int = 256
    check_labels: bool = True
    rows: RowOptions = field(default_factory=RowOptions)
    prompts: Path | None = None
    on_wafer: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        if not 1 <= self.questions <= 20:
            raise InputError(f"{self.questions} is not between 1 and 20", field="questions")


@dataclass
class Outcome:
    """What came of it, as in `synthesis.json`.

    Attributes:
        wafers: Wafers read.
        kept: Questions in `rows.jsonl`.
        refused: Questions and wafers in `refused.jsonl`, by reason.
        failed: Wafers that got no usable answer, by stage; another run asks for them again.
        tokens: Prompt and completion tokens spent, without those of cached answers.
        cached: Answers that came from the cache.
        models: Name of the model of each stage.
        prompts: Hash of each stage's wording.
    """

    wafers: int = 0
    kept: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    cached: int = 0
    models: dict[str, str] = field(default_factory=dict)
    prompts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Subject:
    """A picture to ask about."""

    wafer: str
    group: str
    labels: tuple[str, ...]
    image: bytes


@dataclass
class _Answers:
    """What the models said about one picture; `problem` where a stage failed or was refused."""

    subject: _Subject
    description: dict[str, Any] | None = None
    questions: list[dict[str, Any]] = field(default_factory=list)
    stage: str = ""
    problem: str = ""


def synthesize(records: Iterable[Record], out: Path, options: SynthesisOptions) -> Outcome:
    """Write questions with rubrics about wafers to `out`, for `verl-wafersage convert rows OUT/rows.jsonl`.

    `out` gets `rows.jsonl` and `pictures/`, `refused.jsonl` (what the gate kept out, with reasons) and
    `synthesis.json` (counts and provenance). Answers are cached in `out/cache`, so another run continues.

    Args:
        records: Wafers, or questions whose pictures are used (one for each wafer).
        out: Output folder.
        options: How.

    Raises:
        InputError: When there are no wafers.
        ServerGoneError: When too many requests in a row have failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    prompts = load_prompts(options.prompts)
    writer = options.writer or options.eyes
    outcome = Outcome(
        models={"describe": options.eyes.model, "rubric": writer.model, "questions": writer.model},
        prompts={stage: prompt.digest for stage, prompt in prompts.items()},
    )
    kept, refused = out / ".rows.jsonl.part", out / ".refused.jsonl.part"
    with kept.open("w", encoding="utf-8") as rows, refused.open("w", encoding="utf-8") as others:

        async def run() -> None:
            async with AsyncExitStack() as stack:
                eyes = await stack.enter_async_context(ChatClient(options.eyes))
                hands = (
                    eyes if options.writer is None else await stack.enter_async_context(ChatClient(writer))
                )
                async for answers in _in_order(_subjects(records, options), eyes, hands, prompts, options):
                    outcome.wafers += 1
                    for row, reasons in _judge(answers, options, outcome):
                        if reasons:
                            others.write(json.dumps({**row, "reasons": reasons}, ensure_ascii=False) + "\n")
                        else:
                            row = {**row, "image": _save(answers.subject.image, out)}
                            rows.write(json.dumps(row, ensure_ascii=False) + "\n")
                            outcome.kept += 1
                    options.on_wafer()
                usages = [eyes.usage] if hands is eyes else [eyes.usage, hands.usage]
                outcome.cached = sum(usage.cached for usage in usages)
                outcome.tokens = {
                    "prompt": sum(usage.prompt_tokens for usage in usages),
                    "completion": sum(usage.completion_tokens for usage in usages),
                }

        asyncio.run(run())
    if not outcome.wafers:
        raise InputError("no wafers to ask about")
    os.replace(kept, out / "rows.jsonl")
    os.replace(refused, out / "refused.jsonl")
    write_text(json.dumps(asdict(outcome), indent=1) + "\n", out / "synthesis.json")
    return outcome


def _subjects(records: Iterable[Record], options: SynthesisOptions) -> Iterator[_Subject]:
    seen: set[str] = set()
    for record in records:
        name = f"{record.origin}/{record.wafer_id}"
        if name in seen:
            continue
        seen.add(name)
        if isinstance(record, WaferMap):
            group = f"{record.origin}/{record.lot}" if record.lot else name
            yield _Subject(name, group, record.labels, render(record.grid, options.image_size))
        else:
            yield _Subject(name, name, record.labels, record.image)


async def _in_order(
    subjects: Iterator[_Subject],
    eyes: ChatClient,
    hands: ChatClient,
    prompts: dict[str, Prompt],
    options: SynthesisOptions,
) -> AsyncIterator[_Answers]:
    """Ask about several pictures at once; yield in the order they came, so that runs can be compared."""
    running: deque[asyncio.Task[_Answers]] = deque()
    most = 2 * max(eyes.settings.concurrency, hands.settings.concurrency)
    try:
        while True:
            while len(running) < most and (subject := next(subjects, None)) is not None:
                running.append(asyncio.create_task(_ask(subject, eyes, hands, prompts, options)))
            if not running:
                return
            answers = await running[0]
            running.popleft()
            yield answers
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _ask(
    subject: _Subject,
    eyes: ChatClient,
    hands: ChatClient,
    prompts: dict[str, Prompt],
    options: SynthesisOptions,
) -> _Answers:
    answers = _Answers(subject)
    try:
        answers.stage = "describe"
        described = (await eyes.complete(describe_request(prompts["describe"], subject.image))).value
        answers.description = described
        if options.check_labels and not agrees(described["defect_types"], subject.labels):
            return answers
        answers.stage = "rubric"
        rubric = (await hands.complete(rubric_request(prompts["rubric"], described))).value
        answers.stage = "questions"
        request = questions_request(prompts["questions"], described, rubric, options.questions)
        answers.questions = (await hands.complete(request)).value["questions"]
    except ChatError as error:
        answers.problem = str(error)
    return answers


def _judge(
    answers: _Answers, options: SynthesisOptions, outcome: Outcome
) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield rows in the form of the `rows` reader, with the reasons to refuse them."""
    subject = answers.subject
    about = {"group": subject.group, "wafer": subject.wafer, "labels": list(subject.labels)}
    if answers.problem:
        outcome.failed[answers.stage] = outcome.failed.get(answers.stage, 0) + 1
        yield about, [f"{answers.stage}: {answers.problem}"]
        return
    described = answers.description or {}
    if options.check_labels and not agrees(described["defect_types"], subject.labels):
        _count(outcome, "label")
        seen = "+".join(described["defect_types"])
        yield about | {"description": described}, [f"label: described as {seen}"]
        return
    asked: Counter[str] = Counter()
    for number, made in enumerate(answers.questions):
        question = _question(made, answers, number)
        question, reasons = examine(question, options.rows)
        asked[question.text.lower()] += 1
        if asked[question.text.lower()] > 1:
            reasons = [*reasons, "double: the same question again"]
        for name in dict.fromkeys(reason.split(":", 1)[0] for reason in reasons):
            _count(outcome, name)
        yield _row(question, about), reasons


def _count(outcome: Outcome, reason: str) -> None:
    outcome.refused[reason] = outcome.refused.get(reason, 0) + 1


def _question(made: dict[str, Any], answers: _Answers, number: int) -> Question:
    described = answers.description or {}
    labels = answers.subject.labels or tuple(described["defect_types"])
    rubric = {
        "version": 1,
        "dimension": made["dimension"],
        "labels": list(labels),
        "must_hit": made["must_hit"],
        "must_avoid": made["must_avoid"],
        "reference_answer": made["reference_answer"],
    }
    return Question(
        image=answers.subject.image,
        text=" ".join(made["question"].split()),
        rubric=rubric,
        reference_answer=made["reference_answer"],
        dimension=made["dimension"],
        question_type=made["question_type"],
        level=made["level"],
        labels=labels,
        wafer_id=answers.subject.wafer,
        origin=ORIGIN,
        extra={"id": f"{answers.subject.wafer}/{number}"},
    )


def _row(question: Question, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": question.extra["id"],
        "group": about["group"],
        "question": question.text,
        "rubric": question.rubric,
        "question_type": question.question_type,
        "level": question.level,
        "origin": ORIGIN,
    }


def _save(image: bytes, out: Path) -> str:
    """Write a picture once, under the hash of its content, and return its place."""
    name = f"pictures/{hashlib.sha256(image).hexdigest()[:24]}.png"
    if not (out / name).exists():
        write_bytes(image, out / name)
    return name
