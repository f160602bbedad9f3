"""The words of an answer that earned or cost reward, as segments of its text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verl_wafersage.errors import RubricError
from verl_wafersage.reward_fns.rubric import explain

from .run import Answer

# Kinds of segments by the reward's verdict, the costliest last; what is missing has no words.
_KINDS = {"met": "hit", "near": "near", "false": "false", "denied": "false", "invented": "false"}
_ORDER = {kind: rank for rank, kind in enumerate(_KINDS)}


_SAME = 0.005
"""Scores that differ by less than this are shown as the same."""


@dataclass(frozen=True)
class Segment:
    """A stretch of text; `kind` is "" for plain text, `why` is shown on hover."""

    text: str
    kind: str = ""
    why: str = ""


@dataclass(frozen=True)
class Evidence:
    """The scored part of an answer in segments, and what the rubric asks for and the answer lacks."""

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
    missed = [str(item.get("what", "")) for item in items if item.get("verdict") == "missing"]
    note = _doubt(answer, told["scores"]["score"])
    return Evidence(segments(told["text"], items), list(dict.fromkeys(missed)), note)


def _doubt(answer: Answer, score: float) -> str:
    """Say so where the run's rule was not the one the words are marked by; "" where the scores agree."""
    if not math.isfinite(answer.rule) or abs(answer.rule - score) <= _SAME:
        return ""
    return (
        f"The run scored this answer {answer.rule:.2f}, the rule that marks it {score:.2f}: the run used "
        "other reward options, another version, or a question that is not known here."
    )


def segments(text: str, items: Sequence[Mapping[str, Any]]) -> list[Segment]:
    """Cut a text at the borders of its evidence; where spans overlap, what cost reward shows."""
    kinds: list[str] = [""] * len(text)
    whys: list[str] = [""] * len(text)
    for item in sorted(items, key=lambda item: _ORDER.get(str(item.get("verdict")), -1)):
        kind, span = _KINDS.get(str(item.get("verdict"))), _span(item)
        if kind is None or span is None:
            continue
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
    head = f"{item.get('verdict', '')}: {item.get('what', '')}".strip(": ")
    reason = item.get("why") or ""
    return f"{head} ({reason})" if reason else head
