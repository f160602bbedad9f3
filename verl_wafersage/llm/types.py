"""What is asked, what comes back, and what can go wrong."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from verl_wafersage.errors import InputError, WaferSageError

Message: TypeAlias = dict[str, Any]

# What may pass by itself. Everything else below 500 is the caller's mistake and is not repeated.
_RETRIED_STATUS = frozenset({408, 409, 425, 429})


@dataclass(frozen=True)
class ChatSettings:
    """Where the server is and how patiently to ask it.

    Attributes:
        base_url: Address up to and including `/v1`.
        model: Name the server knows the model by. Part of the cache key; the address is not, so a server
            may move, and two different models must not share a name.
        concurrency: Requests in flight at once.
        timeout: Seconds for one attempt, from the first byte sent to the last received.
        attempts: Tries of one request, the first included.
        backoff: Seconds before the first repetition, doubled each time, with jitter, at most 60.
        give_up_after: Failed requests in a row after which the server is taken for gone (0: never).
        temperature: Sampling temperature.
        max_tokens: Longest answer.
        seed: Sent to the server, raised by the request's `sample`.
        cache_dir: Folder of good answers; None keeps nothing.
        api_key_env: Environment variable that holds the key. Keys are not options, so that they do not
            end up in shell histories and manifests.
        extra_body: More fields of the request body, e.g. `{"chat_template_kwargs": {...}}`.
    """

    base_url: str
    model: str
    concurrency: int = 8
    timeout: float = 120.0
    attempts: int = 5
    backoff: float = 0.5
    give_up_after: int = 20
    temperature: float = 0.0
    max_tokens: int = 1024
    seed: int | None = 0
    cache_dir: Path | None = None
    api_key_env: str = "VERL_WAFERSAGE_API_KEY"
    extra_body: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise InputError(
                f"{self.base_url!r} is not an http address",
                field="base_url",
                remedy="e.g. http://localhost:8000/v1",
            )
        for name in ("concurrency", "attempts", "max_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"must be at least 1, is {getattr(self, name)}", field=name)
        if self.timeout <= 0:
            raise InputError(f"must be positive, is {self.timeout}", field="timeout")


@dataclass(frozen=True)
class ChatRequest:
    """One question to the model.

    Attributes:
        messages: Chat messages, built by `system`, `user` and `assistant`.
        schema: JSON Schema of the answer; the reply then carries the parsed value.
        sample: Number of this repetition; repetitions are cached apart.
        key: The caller's name for the request (a row id); not sent, not part of the cache key.
        extra_body: More fields of the request body, over those of the settings.
    """

    messages: tuple[Message, ...]
    schema: Mapping[str, Any] | None = None
    sample: int = 0
    key: Any = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ChatReply:
    """A good answer.

    Attributes:
        text: What the model wrote.
        value: The parsed JSON where a schema was asked for, else None.
        finish_reason: `stop`, or `length` when the answer hit `max_tokens`.
        prompt_tokens: Tokens read, as the server counts them (0 when it does not say).
        completion_tokens: Tokens written, likewise.
        attempts: Tries it took; 0 when it came from the cache.
        seconds: Time of the last try.
        choice: The server's whole first choice (log-probabilities, reasoning, ...).
    """

    text: str
    value: Any
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    attempts: int
    seconds: float
    choice: dict[str, Any]

    @property
    def cached(self) -> bool:
        """Whether the answer was read from disk."""
        return self.attempts == 0


class ChatError(WaferSageError):
    """A request that got no usable answer.

    Args:
        kind: `connection`, `timeout`, `status`, `malformed` (the server's reply is no chat completion),
            `empty` or `invalid` (the model's text does not follow the schema).
        detail: What happened, in one clause.
        attempts: Tries made.
        status: HTTP status, where there was one.
    """

    def __init__(self, kind: str, detail: str, *, attempts: int = 1, status: int | None = None) -> None:
        super().__init__(f"{detail} ({attempts} {'try' if attempts == 1 else 'tries'})")
        self.kind, self.detail, self.attempts, self.status = kind, detail, attempts, status
        self.retry_after = 0.0

    @property
    def repeatable(self) -> bool:
        """Whether another try may succeed."""
        return self.status is None or self.status >= 500 or self.status in _RETRIED_STATUS

    @property
    def servers_fault(self) -> bool:
        """Whether the server failed, and not the model's wording."""
        return self.kind not in ("empty", "invalid")

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_error, (self.kind, self.detail, self.attempts, self.status))


def _rebuild_error(kind: str, detail: str, attempts: int, status: int | None) -> ChatError:
    return ChatError(kind, detail, attempts=attempts, status=status)


class ServerGoneError(WaferSageError):
    """Too many requests in a row failed; what was answered before is in the cache."""


@dataclass
class Usage:
    """What a client has done so far; `prompt_tokens` and `completion_tokens` exclude cached answers."""

    answered: int = 0
    cached: int = 0
    failed: int = 0
    retries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


def system(text: str) -> Message:
    """Return a system message."""
    return {"role": "system", "content": text}


def assistant(text: str) -> Message:
    """Return an assistant's message."""
    return {"role": "assistant", "content": text}


def user(text: str, *images: bytes) -> Message:
    """Return a user message: the encoded pictures as data URLs, then the text."""
    if not images:
        return {"role": "user", "content": text}
    return {"role": "user", "content": [*map(image_part, images), {"type": "text", "text": text}]}


def image_part(image: bytes) -> dict[str, Any]:
    """Return the content part of one encoded picture (PNG, JPEG, GIF or WebP).

    Raises:
        InputError: For any other bytes.
    """
    kinds = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}
    kind = next((name for magic, name in kinds.items() if image.startswith(magic)), None)
    if kind is None:
        raise InputError("not a PNG, JPEG, GIF or WebP picture", field="image")
    data = base64.b64encode(image).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{data}"}}
