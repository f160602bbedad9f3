"""What is measured of answers, and how sure it is: means over wafers, over seeds, and paired differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from ..evaluation.bootstrap import mean_interval

Row = dict[str, Any]


@dataclass(frozen=True)
class Measure:
    """A column of the table.

    Attributes:
        name: Key in `results.json`.
        title: Heading of the column.
        of: An answer's value, or None where it has none.
    """

    name: str
    title: str
    of: Callable[[Row], float | None]


def _reward(preset: str, key: str) -> Callable[[Row], float | None]:
    def of(row: Row) -> float | None:
        value = float(row[preset][key])
        return None if value < 0 else value  # -1 marks what does not apply

    return of


def _truth(key: str) -> Callable[[Row], float | None]:
    return lambda row: None if row[key] is None else float(row[key])


def _near(row: Row) -> float | None:
    return None if row["hours"] is None else float(row["hours"] <= 1.0)


MEASURES = (
    Measure("exact", "defect types exact", _truth("exact")),
    Measure("hours", "clock error (h)", _truth("hours")),
    Measure("near", "clock within 1 h", _near),
    Measure("invents", "names a type not there", _truth("invents")),
    Measure("score", "our score", _reward("ours", "score")),
    Measure("acc", "our acc", _reward("ours", "acc")),
    Measure("hit", "hit", _reward("ours", "hit")),
    Measure("hallucination", "hallucination", _reward("ours", "hallucination")),
    Measure("spatial", "spatial", _reward("ours", "spatial")),
    Measure("morphology", "morphology", _reward("ours", "morphology")),
    Measure("root_cause", "root cause", _reward("ours", "root_cause")),
    Measure("defect_type", "defect type", _reward("ours", "defect_type")),
    Measure("published", "published score", _reward("published", "score")),
)


@dataclass(frozen=True)
class Estimate:
    """A mean with the ends of its 95 % interval; `n` is the number of wafers or of seeds."""

    value: float
    low: float
    high: float
    n: int


def of_wafers(rows: Sequence[Row], measure: Measure) -> Estimate:
    """Mean over answers, its interval by resampling wafers."""
    known = [(value, row["wafer"]) for row in rows if (value := measure.of(row)) is not None]
    found = mean_interval([value for value, _ in known], [wafer for _, wafer in known])
    return Estimate(found.value, found.low, found.high, found.clusters)


def mean_of(rows: Sequence[Row], measure: Measure) -> float:
    """`of_wafers` without its interval, which costs a thousand resamples."""
    return float(np.mean([value for row in rows if (value := measure.of(row)) is not None]))


def of_seeds(values: Sequence[float]) -> Estimate:
    """Mean over seeds, its interval by Student's t; without ends for one seed."""
    mean, count = float(np.mean(values)), len(values)
    if count < 2:
        return Estimate(mean, float("nan"), float("nan"), count)
    half = float(student.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count))
    return Estimate(mean, mean - half, mean + half, count)


def contrast(before: Sequence[Sequence[Row]], after: Sequence[Sequence[Row]], measure: Measure) -> Estimate:
    """Mean difference of the same questions, its interval by resampling wafers.

    Args:
        before: Answers of one model, or of several seeds, whose values are averaged question by question.
        after: The same of what is compared with it.
        measure: What is compared.
    """
    old, new = _by_question(before, measure), _by_question(after, measure)
    pairs = [(new[key] - old[key], key[0]) for key in new if key in old]
    found = mean_interval([difference for difference, _ in pairs], [wafer for _, wafer in pairs])
    return Estimate(found.value, found.low, found.high, found.clusters)


def _by_question(runs: Iterable[Sequence[Row]], measure: Measure) -> dict[tuple[str, str], float]:
    values: dict[tuple[str, str], list[float]] = {}
    for rows in runs:
        for row in rows:
            if (value := measure.of(row)) is not None:
                values.setdefault((row["wafer"], row["id"]), []).append(value)
    return {key: float(np.mean(found)) for key, found in values.items()}
