"""The words of an answer that earned or cost reward, as segments of its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verl_wafersage.errors import RubricError
from verl_wafersage.reward_fns.rubric import explain

from .run import Answer

HIT, FALSE = "hit", "false"
_GOOD = frozenset({"met", "partial"})


@dataclass(frozen=True)
class Segment:
    """A stretch of text; `kind` is "" for plain text, `why` is shown on hover."""

    text: str
    kind: str = ""
    why: str = ""


@dataclass(frozen=True)
class Evidence:
    """The scored part of an answer in segments, and rubric items without a span (the missed ones)."""

    segments: Sequence[Segment]
    missed: Sequence[str] = ()
    note: str = ""


def evidence_of(answer: Answer) -> Evidence:
    """Ask the reward why it gave this answer its score."""
    if not answer.rubric:
        return Evidence([Segment(answer.text)], note="The dump has no rubric: nothing to highlight.")
    try:
        told = explain(answer.dimension, answer.text, answer.rubric, {"question": answer.question})
    except RubricError as error:
        return Evidence([Segment(answer.text)], note=f"Its rubric cannot be read: {error}")
    items: Sequence[Mapping[str, Any]] = told["evidence"]
    missed = [_why(item) for item in items if _span(item) is None and item.get("verdict") == "missed"]
    return Evidence(segments(told["text"], items), missed)


def segments(text: str, items: Sequence[Mapping[str, Any]]) -> list[Segment]:
    """Cut a text at the borders of its evidence; where spans overlap, what cost reward shows."""
    kinds: list[str] = [""] * len(text)
    whys: list[str] = [""] * len(text)
    ordered = sorted(items, key=lambda item: item.get("verdict") not in _GOOD)
    for item in ordered:
        span = _span(item)
        if span is None:
            continue
        kind = HIT if item.get("verdict") in _GOOD else FALSE
        for i in range(max(0, span[0]), min(len(text), span[1])):
            kinds[i], whys[i] = kind, _why(item)
    result: list[Segment] = []
    start = 0
    for i in range(1, len(text) + 1):
        if i == len(text) or (kinds[i], whys[i]) != (kinds[start], whys[start]):
            result.append(Segment(text[start:i], kinds[start], whys[start]))
            start = i
    return result


def _span(item: Mapping[str, Any]) -> tuple[int, int] | None:
    start, end = item.get("start"), item.get("end")
    return (start, end) if isinstance(start, int) and isinstance(end, int) and start < end else None


def _why(item: Mapping[str, Any]) -> str:
    reason = item.get("why") or item.get("reason") or ""
    head = f"{item.get('verdict', '')}: {item.get('item', '')}".strip(": ")
    return f"{head} ({reason})" if reason else head
