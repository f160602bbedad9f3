"""The asynchronous client."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import httpx
import jsonschema

from .cache import ReplyCache
from .types import ChatError, ChatReply, ChatRequest, ChatSettings, ServerGoneError, Usage

_KEY_VERSION = 1


class ChatClient:
    """An asynchronous client of one server; use it as `async with ChatClient(settings) as client`."""

    def __init__(self, settings: ChatSettings) -> None:
        self.settings = settings
        self.usage = Usage()
        self._cache = None if settings.cache_dir is None else ReplyCache(settings.cache_dir)
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._failed_in_a_row = 0
        self._last_failure = ""
        key = os.environ.get(settings.api_key_env)
        self._http = httpx.AsyncClient(
            base_url=settings.base_url.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=settings.timeout,
            limits=httpx.Limits(max_connections=settings.concurrency),
            # A proxy of the environment does not know the servers of this machine.
            mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def body(self, request: ChatRequest) -> dict[str, Any]:
        """Return the JSON body that `request` is sent as."""
        settings = self.settings
        body: dict[str, Any] = {
            "model": settings.model,
            "messages": list(request.messages),
            "temperature": settings.temperature,
            "max_tokens": settings.max_tokens,
        }
        if settings.seed is not None:
            body["seed"] = settings.seed + request.sample
        if request.schema is not None:
            wanted = {"name": "answer", "schema": dict(request.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": wanted}
        return body | dict(settings.extra_body) | dict(request.extra_body)

    def cache_key(self, request: ChatRequest) -> str:
        """Return the hash of everything the answer depends on: model, messages, schema, sampling, sample."""
        content = [_KEY_VERSION, request.sample, self.body(request)]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    async def complete(self, request: ChatRequest) -> ChatReply:
        """Answer one request, from the cache or the server.

        Raises:
            ChatError: When no usable answer came within the allowed tries.
            ServerGoneError: When too many requests in a row have failed.
        """
        key = self.cache_key(request) if self._cache else ""
        stored = self._cache.get(key) if self._cache else None
        if stored is not None:
            try:
                reply = _reply(stored, request, attempts=0, seconds=0.0)
            except ChatError:
                pass  # A damaged entry; ask again and overwrite it.
            else:
                self.usage.cached += 1
                return reply
        async with self._slots:
            self._stop_if_gone()
            try:
                reply, payload = await self._ask(request)
            except ChatError as error:
                self.usage.failed += 1
                self._last_failure = str(error)
                self._failed_in_a_row = self._failed_in_a_row + 1 if error.servers_fault else 0
                raise
        self._failed_in_a_row = 0
        self.usage.answered += 1
        if self._cache:
            self._cache.put(key, payload)
        return reply

    def _stop_if_gone(self) -> None:
        if 0 < self.settings.give_up_after <= self._failed_in_a_row:
            raise ServerGoneError(
                f"{self._failed_in_a_row} requests in a row failed, the last with: {self._last_failure}; "
                f"see to the server at {self.settings.base_url} and run again: what was answered is kept"
            )

    async def _ask(self, request: ChatRequest) -> tuple[ChatReply, dict[str, Any]]:
        body = self.body(request)
        for attempt in range(1, self.settings.attempts + 1):
            start = time.perf_counter()
            try:
                payload = await self._post(body)
                usage = payload["usage"]
                self.usage.prompt_tokens += usage["prompt_tokens"]
                self.usage.completion_tokens += usage["completion_tokens"]
                return _reply(payload, request, attempt, time.perf_counter() - start), payload
            except ChatError as error:
                if not error.repeatable or attempt == self.settings.attempts:
                    failure = ChatError(error.kind, error.detail, attempts=attempt, status=error.status)
                    raise failure from error
                self.usage.retries += 1
                if error.kind == "invalid":
                    # At temperature 0 the same request gives the same wrong answer.
                    body = body | {"temperature": max(0.5, self.settings.temperature)}
                    body |= {"seed": body["seed"] + 7919 * attempt} if "seed" in body else {}
                    continue
                pause = self.settings.backoff * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)
                await asyncio.sleep(min(60.0, max(pause, error.retry_after)))
        raise AssertionError("unreachable: the loop returns or raises")

    async def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            # httpx bounds each read only; a server that drips bytes would hold the slot for ever.
            async with asyncio.timeout(self.settings.timeout):
                response = await self._http.post("chat/completions", json=body)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise ChatError("timeout", f"no answer within {self.settings.timeout:g} s") from error
        except httpx.HTTPError as error:
            detail = f"no connection to {self.settings.base_url}: {str(error) or type(error).__name__}"
            raise ChatError("connection", detail) from error
        if response.status_code != 200:
            failure = ChatError("status", _status_detail(response), status=response.status_code)
            failure.retry_after = _seconds(response.headers.get("retry-after", ""))
            raise failure
        return _first_choice(response)


def _status_detail(response: httpx.Response) -> str:
    text = " ".join(response.text.split())[:200]
    return f"the server answered HTTP {response.status_code}" + (f": {text}" if text else "")


def _seconds(header: str) -> float:
    try:
        return max(0.0, float(header))
    except ValueError:
        return 0.0  # The other form of Retry-After is a date; the own backoff serves as well.


def _first_choice(response: httpx.Response) -> dict[str, Any]:
    """Reduce the server's reply to what is worth keeping: the first choice and the token counts."""
    try:
        reply = response.json()
        choice = reply["choices"][0]
        content = choice["message"].get("content")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        text = " ".join(response.text.split())[:80]
        raise ChatError("malformed", f"the reply is no chat completion: {text!r}") from error
    if content is not None and not isinstance(content, str):
        raise ChatError("malformed", f"the reply's content is {type(content).__name__}, not text")
    usage = reply.get("usage") or {}
    counts = {name: int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens")}
    return {"choice": choice, "usage": counts}


def _reply(payload: dict[str, Any], request: ChatRequest, attempts: int, seconds: float) -> ChatReply:
    choice = payload["choice"]
    text = choice["message"].get("content") or ""
    finish = str(choice.get("finish_reason") or "stop")
    cut = " (cut at max_tokens)" if finish == "length" else ""
    if not text.strip():
        raise ChatError("empty", f"the model answered nothing{cut}")
    value = None
    if request.schema is not None:
        try:
            value = parse_json(text)
            jsonschema.validate(value, request.schema)
        except (ValueError, jsonschema.ValidationError) as error:
            reason = error.message if isinstance(error, jsonschema.ValidationError) else str(error)
            raise ChatError(
                "invalid", f"the answer does not follow the schema{cut}: {reason[:160]}"
            ) from error
    usage = payload["usage"]
    return ChatReply(
        text, value, finish, usage["prompt_tokens"], usage["completion_tokens"], attempts, seconds, choice
    )


def parse_json(text: str) -> Any:
    """Parse a model's JSON answer, bare, inside a code fence or after a closing `</think>`.

    Raises:
        ValueError: When there is no whole JSON value in it.
    """
    body = text.rsplit("</think>", 1)[-1].strip()
    if body.startswith("```"):
        body = body.split("\n", 1)[-1].rsplit("```", 1)[0]
    try:
        return json.loads(body)
    except json.JSONDecodeError:
        start, end = body.find("{"), body.rfind("}")
        if start < 0 or end < start:
            raise
        return json.loads(body[start : end + 1])


async def stream(
    client: ChatClient, requests: Iterable[ChatRequest]
) -> AsyncIterator[tuple[ChatRequest, ChatReply | ChatError]]:
    """Answer `requests` as they finish, in any order, holding only a few at a time in memory.

    Raises:
        ServerGoneError: When too many requests in a row have failed.
    """

    async def one(request: ChatRequest) -> tuple[ChatRequest, ChatReply | ChatError]:
        try:
            return request, await client.complete(request)
        except ChatError as error:
            return request, error

    source = iter(requests)
    running: set[asyncio.Task[tuple[ChatRequest, ChatReply | ChatError]]] = set()
    try:
        while True:
            while len(running) < 2 * client.settings.concurrency:
                request = next(source, None)
                if request is None:
                    break
                running.add(asyncio.create_task(one(request)))
            if not running:
                return
            finished, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in finished:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def ask_all(
    settings: ChatSettings,
    requests: Iterable[ChatRequest],
    on_reply: Callable[[ChatReply | ChatError], None] = lambda reply: None,
) -> tuple[list[ChatReply | ChatError], Usage]:
    """Answer `requests` from synchronous code, in their order.

    Args:
        settings: The server.
        requests: What to ask.
        on_reply: Called as each answer comes (for progress).

    Raises:
        ServerGoneError: When too many requests in a row have failed.
    """

    async def run() -> tuple[list[ChatReply | ChatError], Usage]:
        numbered = [replace(request, key=number) for number, request in enumerate(requests)]
        replies: list[ChatReply | ChatError | None] = [None] * len(numbered)
        async with ChatClient(settings) as client:
            async for request, reply in stream(client, numbered):
                replies[request.key] = reply
                on_reply(reply)
        return [reply for reply in replies if reply is not None], client.usage

    return asyncio.run(run())
