"""One small client for any server that speaks OpenAI's chat completions (vLLM, llama.cpp, a hosted API).

It bounds concurrency, times out, retries with jitter what may pass by itself, checks JSON answers
against a schema, and keeps good answers on disk, so that a killed run resumes where it stopped. Failures
are never cached and never turn into an answer: they are `ChatError`s for the caller to count.

    settings = ChatSettings("http://localhost:8000/v1", "Qwen/Qwen3-VL-8B-Instruct", cache_dir=Path("cache"))
    requests = [ChatRequest((user("Describe this wafer map.", png),), key=row_id) for row_id, png in rows]
    replies, usage = ask_all(settings, requests)          # ChatReply or ChatError for each request, in order
"""

from .cache import ReplyCache
from .client import ChatClient, ask_all, parse_json, stream
from .types import (
    ChatError,
    ChatReply,
    ChatRequest,
    ChatSettings,
    Message,
    ServerGoneError,
    Usage,
    assistant,
    image_part,
    system,
    user,
)

__all__ = [
    "ChatClient",
    "ChatError",
    "ChatReply",
    "ChatRequest",
    "ChatSettings",
    "Message",
    "ReplyCache",
    "ServerGoneError",
    "Usage",
    "ask_all",
    "assistant",
    "image_part",
    "parse_json",
    "stream",
    "system",
    "user",
]
