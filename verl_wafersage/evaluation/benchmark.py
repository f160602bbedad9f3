"""Ask any OpenAI-compatible server the questions of a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import InputError
from ..llm import ChatError, ChatReply, ChatRequest, ChatSettings, Usage, ask_all, image_part
from ..llm.types import Message
from .answers import Answer
from .rows import Row

IMAGE_TOKEN = "<image>"


@dataclass(frozen=True)
class Collected:
    """What a model answered.

    Attributes:
        answers: One per row and sample that was answered.
        failures: (row id, reason) of those that were not; they are left out of every score.
        usage: Tokens and counts.
    """

    answers: Sequence[Answer]
    failures: Sequence[tuple[str, str]]
    usage: Usage


def collect_answers(
    rows: Sequence[Row],
    settings: ChatSettings,
    *,
    name: str | None = None,
    samples: int = 1,
    on_reply: Callable[[ChatReply | ChatError], None] = lambda reply: None,
) -> Collected:
    """Ask every row's prompt, with its picture, `samples` times.

    Args:
        rows: The questions.
        settings: The server; with `cache_dir`, answers survive a kill.
        name: Name of the model in the tables; by default the server's name of it.
        samples: Answers per question; more than one needs a temperature above 0 to differ.
        on_reply: Called as each answer comes.

    Raises:
        InputError: A row has no prompt.
        ServerGoneError: When too many requests in a row have failed.
    """
    asked = [(row, sample) for row in rows for sample in range(samples)]
    requests = (ChatRequest(messages_of(row), sample=sample) for row, sample in asked)
    replies, usage = ask_all(settings, requests, on_reply)
    answers: list[Answer] = []
    failures: list[tuple[str, str]] = []
    for (row, sample), reply in zip(asked, replies, strict=True):
        if isinstance(reply, ChatError):
            failures.append((row.id, str(reply)))
        else:
            answers.append(_answer(row, sample, name or settings.model, reply))
    return Collected(answers, failures, usage)


def messages_of(row: Row) -> tuple[Message, ...]:
    """The row's prompt as chat messages, with the picture where the placeholder stands."""
    if not row.prompt:
        raise InputError("no prompt", row=row.id, field="prompt")
    return tuple(_message(message["role"], message["content"], row) for message in row.prompt)


def _message(role: str, content: str, row: Row) -> Message:
    if IMAGE_TOKEN not in content:
        return {"role": role, "content": content}
    if row.image is None:
        raise InputError("the prompt asks for a picture and the row has none", row=row.id, field="images")
    before, _, after = content.partition(IMAGE_TOKEN)
    texts = [[{"type": "text", "text": text}] if text.strip() else [] for text in (before, after)]
    return {"role": role, "content": [*texts[0], image_part(row.image), *texts[1]]}


def _answer(row: Row, sample: int, name: str, reply: ChatReply) -> Answer:
    return Answer(
        id=row.id,
        model=name,
        text=reply.text,
        question=row.question,
        ground_truth=row.ground_truth,
        wafer=row.wafer,
        sample=sample,
        answer_style=row.answer_style,
        split=row.split,
        image=row.image,
    )
