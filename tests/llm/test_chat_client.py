"""The chat client against a server that fails on request, and against a real one."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from servers import REAL_MODEL, FaultyServer, closed_port, real_server

from verl_wafersage.errors import InputError
from verl_wafersage.llm import (
    ChatClient,
    ChatError,
    ChatReply,
    ChatRequest,
    ChatSettings,
    ServerGoneError,
    ask_all,
    parse_json,
    stream,
    user,
)

PNG = b"\x89PNG\r\n\x1a\n rest"
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}


def settings(url: str, **changes: Any) -> ChatSettings:
    return ChatSettings(url, "any", **{"timeout": 20, "backoff": 0.01, "attempts": 3, **changes})


def patience(fault: str) -> float:
    """Short only where the server never answers: a busy machine is not a fault."""
    return 1.0 if fault in ("stall", "drip") else 20.0


def ask(url: str, request: ChatRequest | None = None, **changes: Any) -> ChatReply | ChatError:
    (reply,), _ = ask_all(settings(url, **changes), [request or ChatRequest((user("Is it a ring?"),))])
    return reply


@pytest.mark.parametrize(
    "fault",
    ["429", "500", "503", "reset", "stall", "drip", "garbage", "truncated", "cut", "nochoice", "empty"],
)
def test_a_passing_fault_is_repeated_and_answered(fault: str) -> None:
    with FaultyServer([fault]) as server:
        reply = ask(server.url, timeout=patience(fault))
    assert isinstance(reply, ChatReply), reply
    assert (reply.text, reply.attempts) == ("Yes.", 2)
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("500", "status"),
        ("stall", "timeout"),
        ("drip", "timeout"),
        ("reset", "connection"),
        ("cut", "connection"),
        ("garbage", "malformed"),
        ("truncated", "malformed"),
        ("empty", "empty"),
    ],
)
def test_a_lasting_fault_is_an_error_after_the_allowed_tries(fault: str, kind: str) -> None:
    with FaultyServer([fault] * 9) as server:
        reply = ask(server.url, timeout=patience(fault))
    assert isinstance(reply, ChatError)
    assert (reply.kind, reply.attempts, len(server.bodies)) == (kind, 3, 3)
    assert "\n" not in str(reply) and "3 tries" in str(reply)


@pytest.mark.parametrize("status", ["400", "401"])
def test_the_callers_own_mistake_is_not_repeated(status: str) -> None:
    with FaultyServer([status] * 9) as server:
        reply = ask(server.url)
    assert isinstance(reply, ChatError)
    assert (reply.status, len(server.bodies)) == (int(status), 1)
    assert f"injected {status}" in str(reply)


def test_a_refused_connection_is_one_clear_line() -> None:
    url = closed_port()
    reply = ask(url)
    assert isinstance(reply, ChatError)
    assert reply.kind == "connection" and url in str(reply)


@pytest.mark.parametrize("fault", ["prose", "length"])
def test_an_answer_off_the_schema_is_asked_again_with_another_seed(fault: str) -> None:
    with FaultyServer([fault]) as server:
        reply = ask(server.url, ChatRequest((user("Is it a ring?"),), schema=SCHEMA))
    assert isinstance(reply, ChatReply)
    assert reply.value == {"answer": "word"}
    first, second = server.bodies
    assert first["response_format"]["json_schema"]["schema"] == SCHEMA
    assert first["seed"] != second["seed"] and second["temperature"] > first["temperature"]


def test_an_answer_that_never_follows_the_schema_is_an_error_that_says_why() -> None:
    with FaultyServer(["length"] * 9) as server:
        reply = ask(server.url, ChatRequest((user("?"),), schema=SCHEMA))
    assert isinstance(reply, ChatError)
    assert reply.kind == "invalid" and "cut at max_tokens" in str(reply)


@pytest.mark.parametrize(
    "text",
    ['{"a": [1]}', '```json\n{"a": [1]}\n```', '<think>{"b"</think>\n{"a": [1]}', 'Here:\n{"a": [1]}\nDone.'],
)
def test_json_is_found_in_a_models_wrapping(text: str) -> None:
    assert parse_json(text) == {"a": [1]}


@pytest.mark.parametrize("text", ["", "no", '{"a": [1', "}{"])
def test_half_a_json_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def test_good_answers_are_kept_and_failures_are_not(tmp_path: Path) -> None:
    requests = [ChatRequest((user(f"Question {n}"),)) for n in range(6)]

    def fails(number: int, body: dict[str, Any]) -> str:
        return "500" if body["messages"][0]["content"] in ("Question 2", "Question 4") else "ok"

    with FaultyServer(fails) as server:
        replies, usage = ask_all(settings(server.url, cache_dir=tmp_path, attempts=1), requests)
    assert [isinstance(reply, ChatReply) for reply in replies] == [True, True, False, True, False, True]
    assert (usage.answered, usage.failed, usage.prompt_tokens) == (4, 2, 44)
    with FaultyServer() as server:
        replies, usage = ask_all(settings(server.url, cache_dir=tmp_path), requests)
        asked = {body["messages"][0]["content"] for body in server.bodies}
    assert asked == {"Question 2", "Question 4"}
    assert (usage.answered, usage.cached, usage.prompt_tokens) == (2, 4, 22)
    assert all(isinstance(reply, ChatReply) and reply.text == "Yes." for reply in replies)


def test_the_cache_key_is_the_content(tmp_path: Path) -> None:
    base = ChatRequest((user("Q"),), key="row 1")

    def key(request: ChatRequest = base, **changes: Any) -> str:
        async def run() -> str:
            async with ChatClient(settings("http://a/v1", **changes)) as client:
                return client.cache_key(request)

        return asyncio.run(run())

    same = key()
    assert key(ChatRequest((user("Q"),), key="row 2")) == same
    assert key(base, timeout=9, concurrency=3) == same
    different = [
        key(ChatRequest((user("R"),))),
        key(ChatRequest((user("Q", PNG),))),
        key(ChatRequest((user("Q"),), schema=SCHEMA)),
        key(ChatRequest((user("Q"),), sample=1)),
        key(base, temperature=0.7),
        key(base, max_tokens=7),
        key(base, extra_body={"top_p": 0.5}),
    ]
    assert len({same, *different}) == len(different) + 1


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"choice": {"message": {}}, "usage": {}}', "\x00\xff"])
def test_a_damaged_cache_entry_is_asked_again(tmp_path: Path, damage: str) -> None:
    with FaultyServer() as server:
        ask(server.url, cache_dir=tmp_path)
        (entry,) = tmp_path.glob("*/*.json")
        whole = entry.read_bytes()
        entry.write_bytes(damage.encode("latin-1"))
        reply = ask(server.url, cache_dir=tmp_path)
    assert isinstance(reply, ChatReply) and not reply.cached
    assert entry.read_bytes() == whole
    assert len(server.bodies) == 2


def test_concurrency_is_bounded_and_requests_are_not_read_ahead() -> None:
    drawn = 0

    def source() -> Any:
        nonlocal drawn
        for number in range(30):
            drawn += 1
            yield ChatRequest((user(str(number)),), key=number)

    async def run(url: str) -> list[Any]:
        done = []
        async with ChatClient(settings(url, concurrency=3, timeout=5)) as client:
            async for request, reply in stream(client, source()):
                assert drawn - len(done) <= 6
                done.append((request.key, reply))
        return done

    with FaultyServer(delay=0.01) as server:
        done = asyncio.run(run(server.url))
    assert sorted(key for key, _ in done) == list(range(30))
    assert 2 <= server.most_in_flight <= 3


def test_a_server_that_is_gone_stops_the_run_early(tmp_path: Path) -> None:
    server = FaultyServer(lambda number, body: "ok" if number < 3 else "503")
    with server, pytest.raises(ServerGoneError, match=r"injected 503.*run again"):
        ask_all(
            settings(server.url, attempts=1, concurrency=1, give_up_after=5, cache_dir=tmp_path),
            [ChatRequest((user(str(number)),)) for number in range(50)],
        )
    assert len(server.bodies) == 8
    assert len(list(tmp_path.glob("*/*.json"))) == 3


def test_a_model_that_writes_nonsense_does_not_make_its_server_gone() -> None:
    with FaultyServer(["prose"] * 99) as server:
        requests = [ChatRequest((user(str(number)),), schema=SCHEMA) for number in range(9)]
        replies, usage = ask_all(settings(server.url, attempts=1, give_up_after=3), requests)
    assert usage.failed == 9 and all(isinstance(reply, ChatError) for reply in replies)


def test_a_killed_run_resumes_where_it_stopped(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import sys; from pathlib import Path\n"
        "from verl_wafersage.llm import ChatRequest, ChatSettings, ask_all, user\n"
        "s = ChatSettings(sys.argv[1], 'any', cache_dir=Path(sys.argv[2]), concurrency=1)\n"
        "replies, usage = ask_all(s, [ChatRequest((user(str(n)),)) for n in range(40)])\n"
        "sys.stdout.write(f'{usage.answered} {usage.cached} {len(replies)}')\n"
    )
    cache = tmp_path / "cache"
    with FaultyServer(delay=0.03) as server:
        command = [sys.executable, str(script), server.url, str(cache)]
        process = subprocess.Popen(command)
        while len(server.bodies) < 8 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
        kept = len(list(cache.glob("*/*.json")))
        assert 0 < kept < 40
        answered, cached, total = map(int, subprocess.check_output(command, text=True).split())
    assert (cached, answered, total) == (kept, 40 - kept, 40)


def test_pictures_travel_as_data_urls_and_the_key_as_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERL_WAFERSAGE_API_KEY", "secret")
    with FaultyServer() as server:
        ask(server.url, ChatRequest((user("What is it?", PNG),)))
    picture, text = server.bodies[0]["messages"][0]["content"]
    assert picture["image_url"]["url"].startswith("data:image/png;base64,iVBORw0KGgo")
    assert text == {"type": "text", "text": "What is it?"}
    assert server.headers[0]["Authorization"] == "Bearer secret"
    assert "secret" not in json.dumps(server.bodies)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ChatSettings("localhost:8000", "m"), "not an http address"),
        (lambda: ChatSettings("http://a/v1", "m", concurrency=0), "concurrency"),
        (lambda: ChatSettings("http://a/v1", "m", timeout=0), "timeout"),
        (lambda: user("text", b"not a picture"), "not a PNG"),
    ],
)
def test_bad_settings_are_refused_by_name(make: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_errors_survive_pickling() -> None:
    error = pickle.loads(
        pickle.dumps(ChatError("status", "the server answered HTTP 500", attempts=4, status=500))
    )
    assert (error.kind, error.attempts, error.status) == ("status", 4, 500)


@pytest.mark.server
def test_a_real_server_answers_text_and_json(tmp_path: Path) -> None:
    with real_server(tmp_path / "server.log") as url:
        config = ChatSettings(url, REAL_MODEL, timeout=60, max_tokens=48, cache_dir=tmp_path / "cache")
        schema = SCHEMA | {"properties": {"answer": {"enum": ["yes", "no"]}}}
        requests = [
            ChatRequest((user("Name one colour."),)),
            ChatRequest((user("Is the sky blue? Answer yes or no."),), schema=schema),
        ]
        replies, usage = ask_all(config, requests)
        again, usage_again = ask_all(config, requests)
    plain, structured = replies
    assert isinstance(plain, ChatReply) and plain.text and plain.completion_tokens > 0
    assert isinstance(structured, ChatReply) and structured.value["answer"] in ("yes", "no")
    assert usage.prompt_tokens > 0
    assert (usage_again.answered, usage_again.cached) == (0, 2)
    assert [reply.text for reply in again if isinstance(reply, ChatReply)] == [plain.text, structured.text]
