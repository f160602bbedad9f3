"""The final answer inside whatever the model wrote: tags, broken tags, bytes, nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_OPEN = re.compile(r"<\s{0,3}SOLUTION\s{0,3}>", re.IGNORECASE)
_CLOSE = re.compile(r"<\s{0,3}/\s{0,3}SOLUTION\s{0,3}>?", re.IGNORECASE)
_REASON_OPEN = re.compile(r"<\s{0,3}(REASONING|THINK|THINKING)\s{0,3}>", re.IGNORECASE)
_REASON_CLOSE = re.compile(r"<\s{0,3}/\s{0,3}(REASONING|THINK|THINKING)\s{0,3}>", re.IGNORECASE)


def as_text(answer: object) -> str:
    """Return an answer's text; what is neither text nor bytes (None, NaN, a list) is empty."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, (bytes, bytearray)):
        return bytes(answer).decode("utf-8", errors="replace")
    return ""


def answer_text(answer: object) -> str:
    """Return the part of an answer that is scored.

    The last `<SOLUTION>` that holds something, closed or not; otherwise what follows the reasoning; an
    answer that is nothing but unfinished reasoning is empty.
    """
    text = as_text(answer)
    if "<" not in text:
        return text
    solution = _last_solution(text)
    if solution is not None:
        return solution
    return _CLOSE.sub(" ", _without_reasoning(text))


def has_style(answer: object, extra_info: Mapping[str, Any] | None) -> bool:
    """Tell whether an answer has the style its row asks for (`answer_style`: plain or tags)."""
    style = extra_info.get("answer_style") if isinstance(extra_info, Mapping) else None
    text = as_text(answer)
    if style == "tags":
        return len(_OPEN.findall(text)) == 1 and len(re.findall(r"</SOLUTION>", text, re.IGNORECASE)) == 1
    if style == "plain":
        return bool(text.strip()) and not _OPEN.search(text) and not _REASON_OPEN.search(text)
    return True


def _last_solution(text: str) -> str | None:
    opens = list(_OPEN.finditer(text))
    for index in range(len(opens) - 1, -1, -1):
        start = opens[index].end()
        end = opens[index + 1].start() if index + 1 < len(opens) else len(text)
        close = _CLOSE.search(text, start, end)
        inner = text[start : close.start() if close else end]
        inner = _without_reasoning(inner)
        if inner.strip():
            return inner
    return "" if opens else None


def _without_reasoning(text: str) -> str:
    """Drop reasoning blocks; an unclosed one runs to the end, an unopened one from the start."""
    kept: list[str] = []
    position, depth = 0, 0
    marks = [(m.start(), m.end(), 1) for m in _REASON_OPEN.finditer(text)]
    marks += [(m.start(), m.end(), -1) for m in _REASON_CLOSE.finditer(text)]
    for start, end, step in sorted(marks):
        if step == 1:
            if depth == 0:
                kept.append(text[position:start])
            depth += 1
        elif depth == 0:
            kept = []
        else:
            depth -= 1
        position = end
    if depth == 0:
        kept.append(text[position:])
    return " ".join(kept)
