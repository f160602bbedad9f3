"""Checks of one row: its rubric, its reference answer, its pictures, its question."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...errors import InputError, RubricError
from ...reward_fns import paper
from ...reward_fns import rubric as rubric_reward
from ...reward_fns.repair import Change
from ...reward_fns.schema import load_rubric
from ..readers.pictures import check_picture
from .findings import Finding, place_of
from .mend import conflicts, mend
from .rows import Row

_CHECK_OF_CHANGE = {"joined": "torn", "conflict": "conflict", "capped": "runaway", "trimmed": "filler"}
_TELLING = {
    "Donut": r"donut|doughnut",
    "Edge-Loc": r"edge[- ]loc(?:al|alized)?",
    "Edge-Ring": r"edge[- ]ring",
    "Near-full": r"near[- ]full",
    "Scratch": r"scratch(?:es|ed)?",
}
"""Names of classes that are no everyday words of the trade (as center, random and local are)."""


@dataclass(frozen=True)
class RowOptions:
    """How rows are judged.

    Attributes:
        threshold: Score the reference answer must reach under its own rubric.
        reward: `rubric`, or `paper` for the published rule.
        scoring: Options handed to its `compute_score`.
    """

    threshold: float = 0.7
    reward: str = "rubric"
    scoring: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.reward not in ("rubric", "paper"):
            raise InputError(f"{self.reward!r} is neither rubric nor paper", field="reward")
        if not 0 <= self.threshold <= 1:
            raise InputError(f"{self.threshold} is not between 0 and 1", field="threshold")


def score(rubric: Mapping[str, Any] | str, answer: str, row: Row, options: RowOptions) -> float:
    """Return the reward of an answer given in the style its row asks for.

    Raises:
        RubricError: When the rubric is malformed.
    """
    style = str(row.extra.get("answer_style") or "plain")
    text = rubric if isinstance(rubric, str) else json.dumps(rubric)
    # An empty answer copies nothing from the question, so one try serves all wordings of it.
    question = row.question if answer else ""
    return _score(options.reward, text, answer, style, question, json.dumps(options.scoring or {}))


@lru_cache(maxsize=16_384)
def _score(reward: str, rubric: str, answer: str, style: str, question: str, scoring: str) -> float:
    if style == "tags" and answer:
        answer = f"<REASONING>\nAs the picture shows.\n</REASONING>\n<SOLUTION>\n{answer}\n</SOLUTION>"
    rule = paper if reward == "paper" else rubric_reward
    extra = {"answer_style": style, "question": question}
    return float(rule.compute_score("", answer, rubric, extra, **json.loads(scoring))["score"])


def check_rubric(row: Row, options: RowOptions) -> tuple[list[Finding], float | None]:
    """Check a row's rubric and try it on its reference answer and on an empty one.

    Returns:
        What is wrong, and the score of the reference answer; None where there is nothing to score.
    """
    try:
        loaded = load_rubric(row.ground_truth)
        if not loaded.must_hit:
            raise RubricError("no must_hit item: nothing to score")
        raw = row.rubric
    except RubricError as error:
        return [_found(row, "rubric", str(error))], None
    lexicon = (options.scoring or {}).get("lexicon")
    complaints = _complaints(row.ground_truth, lexicon, options.reward == "paper")
    found = [_found(row, check, message) for check, message in complaints]
    if not row.reference.strip():
        found.append(_found(row, "reference", "there is no reference answer", 0.0))
        return found, None
    reference = score(row.ground_truth, row.reference, row, options)
    empty = score(row.ground_truth, "", row, options)
    lists = score({**raw, "reference_answer": ""}, row.reference, row, options)
    if reference < options.threshold:
        found.append(_found(row, "reference", f"{reference:.2f}: {row.reference[:160]}", reference))
    elif lists < options.threshold:
        found.append(_found(row, "lists", f"{lists:.2f}: {row.reference[:160]}", lists))
    if empty > 0:
        found.append(_found(row, "empty", f"an empty answer scores {empty:.2f}", -empty))
    return found, reference


@lru_cache(maxsize=16_384)
def _complaints(text: str, lexicon: str | None, plain: bool) -> tuple[tuple[str, str], ...]:
    """Return (check, message) for what is wrong with the terms of a well-formed rubric."""
    found = [(check_of(change), describe(change)) for change in mend(json.loads(text), lexicon)[1]]
    found += [
        (check, f"{part}: hit term {hit!r} contains avoid term {avoid!r}")
        for check, part, hit, avoid in conflicts(text, lexicon, plain)
        if check == "contained"
    ]
    return tuple(found)


def check_of(change: Change) -> str:
    """Return the check that a repair belongs to."""
    if change.kind == "dropped":
        return "runaway" if change.reason == "said twice" else "filler"
    return _CHECK_OF_CHANGE.get(change.kind, "filler")


def describe(change: Change) -> str:
    """Return a repair in one line."""
    after = f" -> {change.after!r}" if change.after else ""
    return f"{change.field}: {change.before[:120]!r}{after[:130]} ({change.reason})"


def check_pictures(row: Row, decoded: dict[bytes, str | None]) -> list[Finding]:
    """Check the pictures of a row and their placeholders.

    Args:
        row: The row.
        decoded: What is known of pictures by their `digest`: None, or why one does not decode.
    """
    found = []
    images = row.images
    if row.placeholders != len(images):
        found.append(
            _found(row, "placeholder", f"{row.placeholders} placeholders for {len(images)} pictures")
        )
    for image in images:
        problem: str | None = "it has no bytes"
        if image:
            key = digest(image)
            if key not in decoded:
                decoded[key] = _problem(image)
            problem = decoded[key]
        if problem is not None:
            found.append(_found(row, "picture", problem))
    return found


def digest(image: bytes) -> bytes:
    """Return a hash of a picture, the same in every process."""
    return hashlib.blake2b(image, digest_size=12).digest()


def _problem(image: bytes) -> str | None:
    try:
        check_picture(image)
    except InputError as error:
        return error.problem
    return None


def check_question(row: Row) -> list[Finding]:
    """Check that the question does not name a class of its wafer."""
    for label in row.labels:
        pattern = _TELLING.get(label)
        match = re.search(rf"\b(?:{pattern})\b", row.question, re.IGNORECASE) if pattern else None
        if match:
            return [_found(row, "reveals", f"{match.group()!r} in: {row.question[:160]}")]
    return []


def _found(row: Row, check: str, message: str, value: float | None = None) -> Finding:
    line = " ".join(message.split())
    return Finding(check, place_of(row.file), row.number, row.id, row.wafer, line, value)
