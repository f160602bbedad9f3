"""The options under `data.curriculum`, checked before anything heavy is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from verl_wafersage.errors import InputError

STRATEGIES = ("shuffled", "staged", "interleaved", "adaptive")
NODE = "data.curriculum"


@dataclass(frozen=True)
class AdaptiveOptions:
    """Knobs of the adaptive strategy, under `data.curriculum.adaptive`.

    Attributes:
        explore: Share of prompts, in [0, 1], taken in shuffled passes whatever is known about them.
        min_level_share: Share every level gets at least, in [0, 1 / levels].
        memory: Share, in [0, 1], of earlier evidence about a prompt that is kept at each new group; below
            1 because the model learns.
        rest: Shortest pause of a prompt, in passes over the data (1 = as many prompts as the data has).
        solved_above: A group with this mean success or more makes its prompt rest longer, twice as long each
            time in a row.
        hopeless_below: The same at the other end.
        longest_rest: Bound of the growing pauses, in passes.
    """

    explore: float = 0.1
    min_level_share: float = 0.1
    memory: float = 0.5
    rest: float = 0.25
    solved_above: float = 1.0
    hopeless_below: float = 0.0
    longest_rest: float = 4.0

    def check(self, levels: int) -> None:
        """Raise InputError naming the key of an impossible value."""
        node = f"{NODE}.adaptive"
        for name in ("explore", "memory", "solved_above", "hopeless_below"):
            _share(f"{node}.{name}", getattr(self, name))
        _require(
            0 <= self.min_level_share <= 1 / levels,
            f"{node}.min_level_share",
            self.min_level_share,
            f"give a share in [0, {1 / levels:.3g}] for {levels} levels",
        )
        _require(
            self.hopeless_below < self.solved_above,
            f"{node}.hopeless_below",
            self.hopeless_below,
            f"give less than solved_above ({self.solved_above})",
        )
        _require(0 < self.rest <= 1, f"{node}.rest", self.rest, "give a number of passes in (0, 1]")
        _require(
            self.longest_rest >= self.rest, f"{node}.longest_rest", self.longest_rest, "give at least `rest`"
        )


@dataclass(frozen=True)
class CurriculumOptions:
    """What a recipe says under `data.curriculum`.

    Attributes:
        strategy: One of `STRATEGIES`.
        difficulty_key: Column with the difficulty, dots for nested ones: a number in [0, 1], or
            easy|medium|hard.
        level_key: Column with easy|medium|hard, for rows whose difficulty is null; may be missing.
        difficulty_scale: `absolute` takes the number as it is; `rank` takes its rank among the prompts, so
            that levels have equal size.
        levels: Number of equal bands of [0, 1] that count as levels.
        overlap: How far neighbouring stages fade into each other, in [0, 1].
        review_ratio: Share of prompts from the review stream, in [0, 1] (interleaved only).
        stream_key: Column with review|learning (interleaved only).
        dimension_key: Column to weight and report by; rows without it are reported together.
        class_key: Column with the defect class (a string or a list of strings) to weight by.
        dimension_weights: Relative weight per value of the dimension column; 1 where not named.
        class_weights: Relative weight per class; a row with several classes has the largest of theirs.
        feedback_key: Reward output in [0, 1] that says whether an answer is right.
        seed: Seed of every order; null takes `data.seed`, else 0.
        adaptive: Knobs of the adaptive strategy.
        total_epochs: Repeat of `trainer.total_epochs`.
        total_training_steps: Repeat of `trainer.total_training_steps`.
        checkpoint: Where a resume will look: `dir`, `mode`, `path` of the trainer, so that a changed data
            set is refused before the model loads.
        on_mismatch: `refuse` a checkpoint of other data or options, or `restart` the order from there.
    """

    strategy: str = "staged"
    difficulty_key: str = "extra_info.difficulty"
    level_key: str | None = "extra_info.level"
    difficulty_scale: str = "absolute"
    levels: int = 3
    overlap: float = 0.5
    review_ratio: float = 0.3
    stream_key: str = "extra_info.stream"
    dimension_key: str | None = "extra_info.dimension"
    class_key: str | None = "extra_info.labels"
    dimension_weights: dict[str, float] = field(default_factory=dict)
    class_weights: dict[str, float] = field(default_factory=dict)
    feedback_key: str = "acc"
    seed: int = 0
    adaptive: AdaptiveOptions = field(default_factory=AdaptiveOptions)
    total_epochs: int | None = None
    total_training_steps: int | None = None
    checkpoint: dict[str, Any] = field(default_factory=dict)
    on_mismatch: str = "refuse"

    def __post_init__(self) -> None:
        _choice("strategy", self.strategy, STRATEGIES)
        _choice("difficulty_scale", self.difficulty_scale, ("absolute", "rank"))
        _choice("on_mismatch", self.on_mismatch, ("refuse", "restart"))
        _share(f"{NODE}.overlap", self.overlap)
        _share(f"{NODE}.review_ratio", self.review_ratio)
        for name in ("levels", "seed"):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            _require(whole, f"{NODE}.{name}", value, "give a whole number")
        _require(1 <= self.levels <= 100, f"{NODE}.levels", self.levels, "give a number from 1 to 100")
        for name in ("dimension_weights", "class_weights"):
            for key, weight in getattr(self, name).items():
                _require(
                    isinstance(weight, int | float) and 0 <= weight < float("inf"),
                    f"{NODE}.{name}.{key}",
                    weight,
                    "give a finite number >= 0",
                )
        if self.strategy == "adaptive":
            self.adaptive.check(self.levels)

    @classmethod
    def parse(cls, node: Mapping[str, Any], seed: int | None = None) -> CurriculumOptions:
        """Options from a plain mapping; unknown keys are refused by name.

        Args:
            node: The content of `data.curriculum`.
            seed: `data.seed`, taken where the node has none.

        Raises:
            InputError: With the key and the remedy.
        """
        values = dict(node)
        _known(values, cls, NODE)
        adaptive = dict(values.pop("adaptive", None) or {})
        _known(adaptive, AdaptiveOptions, f"{NODE}.adaptive")
        for name in ("dimension_weights", "class_weights", "checkpoint"):
            values[name] = dict(values.get(name) or {})
        if values.get("seed") is None:
            values["seed"] = 0 if seed is None else seed
        try:
            return cls(**values, adaptive=AdaptiveOptions(**adaptive))
        except TypeError as error:
            raise InputError(
                str(error), field=NODE, remedy="give numbers where numbers are expected"
            ) from error

    def order_defining(self) -> dict[str, Any]:
        """The options that a saved order depends on, plain JSON types."""
        common: dict[str, Any] = {
            "strategy": self.strategy,
            "seed": self.seed,
            "levels": self.levels,
            "difficulty_scale": self.difficulty_scale,
            "dimension_weights": dict(sorted(self.dimension_weights.items())),
            "class_weights": dict(sorted(self.class_weights.items())),
        }
        if self.strategy in ("staged", "interleaved"):
            common["overlap"] = self.overlap
        if self.strategy == "interleaved":
            common["review_ratio"] = self.review_ratio
        if self.strategy == "adaptive":
            common["adaptive"] = {
                knob.name: getattr(self.adaptive, knob.name) for knob in fields(self.adaptive)
            }
        return common


def _known(values: dict[str, Any], cls: type, node: str) -> None:
    known = {knob.name for knob in fields(cls)}
    for key in values:
        if key not in known:
            raise InputError(
                "is not an option", field=f"{node}.{key}", remedy=f"known are {', '.join(sorted(known))}"
            )


def _choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    _require(value in allowed, f"{NODE}.{name}", value, f"choose one of {', '.join(allowed)}")


def _share(name: str, value: float) -> None:
    _require(0 <= value <= 1, name, value, "give a number in [0, 1]")


def _require(holds: bool, name: str, value: object, remedy: str) -> None:
    if not holds:
        raise InputError(f"{value!r} is not possible", field=name, remedy=remedy)
