"""Rules that can be calibrated: what to call, and which of its options a fit may move."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..reward_fns import paper, rubric
from ..reward_fns.options import DEFAULT
from .agreement import Floats
from .answers import Answer

Options = Mapping[str, Any]

RULES = ("wafersage", "paper")


@dataclass(frozen=True)
class Knob:
    """One option of a rule that a search may move.

    Attributes:
        name: Name of the option.
        low: Smallest value.
        high: Largest value.
        default: The value that the rule ships with.
        log: Whether to search on a logarithmic scale.
        choices: Values to choose from instead of a range.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    default: Any = None
    log: bool = False
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Scorer:
    """A rule under calibration.

    Attributes:
        name: Its name in tables and presets.
        score: The reward function, verl's signature.
        knobs: What a search may move.
        penalty: Option that multiplies false claims, set by the least-squares fit; None without one.
        weights: Option that holds the weights of the parts of a three-part answer; None without one.
    """

    name: str
    score: Callable[..., Mapping[str, float]]
    knobs: Sequence[Knob] = ()
    penalty: str | None = None
    weights: str | None = None


@dataclass
class Scores:
    """Scores of fixed answers under any options, each computed once."""

    scorer: Scorer
    answers: Sequence[Answer]
    _known: dict[str, list[Mapping[str, float]]] = field(default_factory=dict)

    def full(self, options: Options) -> list[Mapping[str, float]]:
        """The reward's dict of each answer."""
        key = json.dumps(options, sort_keys=True)
        if key not in self._known:
            self._known[key] = [self._one(answer, options) for answer in self.answers]
        return self._known[key]

    def column(self, name: str, options: Options) -> Floats:
        """One sub-score of each answer, shape (n,)."""
        return np.asarray([row[name] for row in self.full(options)])

    def __call__(self, options: Options) -> Floats:
        """`score` of each answer, shape (n,)."""
        return self.column("score", options)

    def _one(self, answer: Answer, options: Options) -> Mapping[str, float]:
        source = f"wafersage/calibration/{answer.dimension}"
        return self.scorer.score(
            source, answer.text, answer.ground_truth, {"question": answer.question}, **options
        )


def scorer_named(name: str) -> Scorer:
    """`wafersage`, the project's own rule, or `paper`, the published one.

    Raises:
        KeyError: For any other name.
    """
    return {"wafersage": _wafersage, "paper": _paper}[name]()


def _wafersage() -> Scorer:
    knobs = [
        Knob(name, low, high, default=getattr(DEFAULT, name), log=log)
        for name, (low, high, log) in _RANGES.items()
    ]
    return Scorer("wafersage", rubric.compute_score, knobs, penalty="penalty", weights="weights")


def _paper() -> Scorer:
    knobs = [
        Knob("threshold", 0.5, 1.0, default=paper.THRESHOLD),
        Knob("weights", default="formula", choices=tuple(paper.WEIGHTS)),
    ]
    return Scorer("paper", paper.compute_score, knobs)


# Options of the rule with the range in which each still means what its description says.
_RANGES = {
    "penalty": (0.3, 3.0, True),
    "hedge_credit": (0.0, 1.0, False),
    "reference_weight": (0.1, 1.0, False),
    "class_weight": (0.1, 1.0, False),
    "question_boost": (1.0, 3.0, False),
    "invention": (0.2, 1.0, False),
    "wrong": (0.3, 1.5, False),
    "contradiction": (0.2, 1.0, False),
}
