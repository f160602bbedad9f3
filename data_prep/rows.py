"""Questions as rows: verl's schema for reinforcement learning, and messages for supervised fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from .records import Question

IMAGE_TOKEN = "<image>"
ABILITY = "wafer_map_reading"

DIFFICULTY = {"easy": 0.2, "medium": 0.5, "hard": 0.8}
"""Difficulty in [0, 1] that a level stands for."""

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_IMAGES = pa.list_(pa.struct([("bytes", pa.binary())]))

RL_SCHEMA = pa.schema(
    [
        ("data_source", pa.string()),
        ("prompt", _MESSAGES),
        ("images", _IMAGES),
        ("ability", pa.string()),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        (
            "extra_info",
            pa.struct(
                [
                    ("index", pa.int64()),
                    ("split", pa.string()),
                    ("id", pa.string()),
                    ("wafer_id", pa.string()),
                    ("group", pa.string()),
                    ("lot", pa.string()),
                    ("origin", pa.string()),
                    ("dimension", pa.string()),
                    ("question_type", pa.string()),
                    ("level", pa.string()),
                    ("difficulty", pa.float64()),
                    ("stream", pa.string()),
                    ("answer_style", pa.string()),
                    ("question", pa.string()),
                    ("reference_answer", pa.string()),
                    ("labels", pa.list_(pa.string())),
                    ("oriented", pa.bool_()),
                ]
            ),
        ),
    ]
)

SFT_SCHEMA = pa.schema(
    [
        ("messages", _MESSAGES),
        ("images", _IMAGES),
        (
            "extra_info",
            pa.struct([("id", pa.string()), ("split", pa.string()), ("dimension", pa.string())]),
        ),
    ]
)


@dataclass(frozen=True)
class Place:
    """Where a question stands in the data set.

    Attributes:
        index: Unique number over all splits.
        split: train, val or test.
        stream: review or learning; None outside training.
        group: Key that keeps look-alike wafers in one split.
    """

    index: int
    split: str
    stream: str | None
    group: str


@dataclass(frozen=True)
class Style:
    """How a question is put to the model: the system message and what answers look like."""

    system: str
    answer_style: str = "plain"


def prompt_of(question: Question, style: Style) -> list[dict[str, str]]:
    """System and user message, the latter with one image placeholder."""
    text = question.text.replace(IMAGE_TOKEN, "").strip()
    return [{"role": "system", "content": style.system}, {"role": "user", "content": f"{IMAGE_TOKEN}{text}"}]


def rl_row(question: Question, place: Place, style: Style) -> dict[str, Any]:
    """One row of `RL_SCHEMA`; the question must have a rubric."""
    extra = question.extra
    name = f"{question.origin}/{question.wafer_id}/{extra.get('kind', question.question_type)}"
    return {
        "data_source": f"wafersage/{question.origin}/{question.dimension}",
        "prompt": prompt_of(question, style),
        "images": [{"bytes": question.image}],
        "ability": ABILITY,
        "reward_model": {"style": "rubric", "ground_truth": json.dumps(question.rubric, ensure_ascii=False)},
        "extra_info": {
            "index": place.index,
            "split": place.split,
            "id": extra.get("id") or name,
            "wafer_id": question.wafer_id,
            "group": place.group,
            "lot": extra.get("lot"),
            "origin": question.origin,
            "dimension": question.dimension,
            "question_type": question.question_type,
            "level": question.level,
            "difficulty": extra.get("difficulty", DIFFICULTY.get(question.level or "")),
            "stream": place.stream,
            "answer_style": style.answer_style,
            "question": question.text,
            "reference_answer": question.reference_answer,
            "labels": list(question.labels),
            "oriented": extra.get("oriented"),
        },
    }


def sft_row(question: Question, place: Place, style: Style) -> dict[str, Any]:
    """One row of `SFT_SCHEMA`: the prompt with the reference answer as the assistant's turn."""
    answer = question.reference_answer
    if style.answer_style == "tags":
        thought = question.extra.get("reasoning") or "The answer follows from what the picture shows."
        answer = f"<REASONING>\n{thought}\n</REASONING>\n<SOLUTION>\n{answer}\n</SOLUTION>"
    messages = [*prompt_of(question, style), {"role": "assistant", "content": answer}]
    name = f"{question.origin}/{question.wafer_id}/{place.index}"
    extra = {"id": question.extra.get("id") or name, "split": place.split, "dimension": question.dimension}
    return {"messages": messages, "images": [{"bytes": question.image}], "extra_info": extra}


def table(rows: Sequence[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as an Arrow table."""
    return pa.Table.from_pylist(list(rows), schema=schema)
