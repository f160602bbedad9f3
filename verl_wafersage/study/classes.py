"""How well each defect type is found: the exact set hides which of its members is missed or invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .measures import Row
from .truth import NONE, types_named


@dataclass(frozen=True)
class Found:
    """How well answers name one type.

    Attributes:
        recall: Share of its wafers whose answer names it; NaN without such wafers.
        precision: Share of the answers naming it whose wafer has it; NaN when none names it.
        wafers: Number of its wafers.
    """

    recall: float
    precision: float
    wafers: int


def per_class(rows: Sequence[Row]) -> dict[str, Found]:
    """Recall and precision of every type over the answers that are to name the types."""
    pairs = [(types_named(row["answer"]), frozenset(row["labels"])) for row in rows if row["kind"] == "type"]
    classes = sorted({label for _, labels in pairs for label in labels} - {NONE})
    return {name: _found(name, pairs) for name in classes}


def _found(name: str, pairs: Sequence[tuple[frozenset[str], frozenset[str]]]) -> Found:
    true = sum(name in labels for _, labels in pairs)
    named = sum(name in answer for answer, _ in pairs)
    both = sum(name in answer and name in labels for answer, labels in pairs)
    return Found(both / true if true else float("nan"), both / named if named else float("nan"), true)
