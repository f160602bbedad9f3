"""Which defect types are taken for which, over answers that name several types at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .run import Answer, rubric_field

TYPES = ("Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch", "None")
UNNAMED = "(not named)"
UNASKED = "(not there)"


@dataclass(frozen=True)
class Confusion:
    """Counts of true types (rows) against named types (columns).

    A true type that was named counts on the diagonal. A missed one is shared equally among the
    types that were named wrongly, or falls to `UNNAMED` when there is none. Wrong names with nothing
    missed stand in the row `UNASKED`. So each row but the last sums to how often its type was there.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    counts: Sequence[Sequence[float]]
    answers: int

    def share(self, row: int, column: int) -> float:
        """A cell as a share of its row."""
        total = sum(self.counts[row])
        return self.counts[row][column] / total if total else 0.0


def confusion(answers: Iterable[Answer], named: Callable[[str], set[str]]) -> Confusion | None:
    """Count over the answers to questions about the defect type.

    Args:
        answers: Answers of any dimension; those about type, and full analyses, are counted.
        named: Reads from an answer the types that it asserts.

    Returns:
        The matrix, or None when no such answer has labels.
    """
    cells: dict[tuple[str, str], float] = defaultdict(float)
    counted = 0
    for answer in answers:
        labels = rubric_field(answer.rubric, "labels")
        if answer.dimension not in ("defect_type", "full") or not isinstance(labels, list):
            continue
        truth = {str(label) for label in labels} or {"None"}
        said = named(answer.text)
        counted += 1
        for label in truth & said:
            cells[label, label] += 1
        missed, wrong = truth - said, said - truth
        for label in missed:
            for other in wrong or {UNNAMED}:
                cells[label, other] += 1 / max(len(wrong), 1)
        if not missed:
            for other in wrong:
                cells[UNASKED, other] += 1
    if not counted:
        return None
    present = {name for pair in cells for name in pair}
    order = [*TYPES, *sorted(present - {*TYPES, UNNAMED, UNASKED})]
    rows = [name for name in order if any(row == name for row, _ in cells)]
    columns = [name for name in order if name in present]
    rows += [UNASKED] * (UNASKED in present)
    columns += [UNNAMED] * (UNNAMED in present)
    return Confusion(rows, columns, [[cells[row, column] for column in columns] for row in rows], counted)
