"""What a curriculum knows about each prompt: difficulty, level, stream, dimension, weight."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from verl_wafersage.errors import InputError

from .difficulty import LEVELS
from .options import NODE, CurriculumOptions

STREAMS = ("review", "learning")


@dataclass(frozen=True)
class Columns:
    """Raw columns of a data set, one entry per prompt in data set order.

    Attributes:
        difficulty: Numbers or level names.
        levels: Level names for prompts whose difficulty is missing, or None.
        streams: review|learning per prompt, or None when the data has no such column.
        dimensions: Dimension per prompt, or None.
        classes: Defect classes per prompt, or None.
        identity: What tells rows apart (ids, or the prompts themselves); only hashed.
    """

    difficulty: Sequence[float | str | None]
    levels: Sequence[str | None] | None = None
    streams: Sequence[str | None] | None = None
    dimensions: Sequence[str | None] | None = None
    classes: Sequence[Sequence[str] | str | None] | None = None
    identity: Sequence[str] = ()


@dataclass(frozen=True)
class Catalog:
    """Columns in the form strategies use; every array has shape (n,).

    Attributes:
        difficulty: In [0, 1].
        level: Band of the difficulty, 0 = easiest.
        level_names: Name per level.
        weight: Relative frequency, mean 1.
        stream: Index into `STREAMS`, or None.
        dimension: Index into `dimension_names`.
        dimension_names: Names of dimensions.
        fingerprint: Hash of everything above that comes from the data.
    """

    difficulty: npt.NDArray[np.float64]
    level: npt.NDArray[np.int8]
    level_names: tuple[str, ...]
    weight: npt.NDArray[np.float64]
    stream: npt.NDArray[np.int8] | None
    dimension: npt.NDArray[np.int16]
    dimension_names: tuple[str, ...]
    fingerprint: str = field(repr=False)

    def __len__(self) -> int:
        return len(self.difficulty)


def build_catalog(columns: Columns, options: CurriculumOptions) -> Catalog:
    """Check the columns and derive levels and weights.

    Raises:
        InputError: With the row and the key at fault.
    """
    if not len(columns.difficulty):
        raise InputError("the data set has no prompts", field="data.train_files")
    difficulty = _difficulty(columns, options.difficulty_key)
    digest = hashlib.sha256(difficulty.tobytes())
    digest.update("\x1e".join(columns.identity).encode())
    if options.difficulty_scale == "rank":
        difficulty = _ranks(difficulty)
    level = np.minimum((difficulty * options.levels + 1e-9).astype(np.int8), options.levels - 1).astype(
        np.int8
    )
    names = tuple(LEVELS) if options.levels == 3 else tuple(f"level_{k}" for k in range(options.levels))
    stream = None
    if columns.streams is not None and options.strategy == "interleaved":
        stream = _streams(columns.streams, options)
        digest.update(stream.tobytes())
    dimension, dimension_names = _codes(columns.dimensions, len(difficulty))
    weight = _weights(columns, options, dimension, dimension_names)
    return Catalog(difficulty, level, names, weight, stream, dimension, dimension_names, digest.hexdigest())


def _difficulty(columns: Columns, key: str) -> npt.NDArray[np.float64]:
    numbers = np.array([_number(value, row, key) for row, value in enumerate(columns.difficulty)], np.float64)
    if columns.levels is not None:
        for row in np.flatnonzero(np.isnan(numbers)):
            numbers[row] = _number(columns.levels[int(row)], int(row), key)
    wrong = np.flatnonzero(~((numbers >= 0) & (numbers <= 1)))
    if len(wrong):
        value = numbers[wrong[0]]
        raise InputError(
            "no difficulty" if np.isnan(value) else f"difficulty {value:g} is not in [0, 1]",
            row=int(wrong[0]),
            field=key,
            remedy=f"mend the column, or name another one in {NODE}.difficulty_key",
        )
    return numbers


def _number(value: float | str | None, row: int, key: str) -> float:
    if value is None:
        return float("nan")
    if not isinstance(value, str):
        return float(value)
    if value in LEVELS:
        return LEVELS[value]
    raise InputError(
        f"difficulty {value!r} is neither a number nor one of {', '.join(LEVELS)}", row=row, field=key
    )


def _ranks(difficulty: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # Equal difficulties share the middle of their ranks.
    _, inverse, counts = np.unique(difficulty, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    ranks: npt.NDArray[np.float64] = (middle / len(difficulty))[inverse]
    return ranks


def _streams(values: Sequence[str | None], options: CurriculumOptions) -> npt.NDArray[np.int8]:
    codes = {name: code for code, name in enumerate(STREAMS)}
    for row, value in enumerate(values):
        if value not in codes:
            raise InputError(
                f"stream {value!r} is not one of {', '.join(STREAMS)}",
                row=row,
                field=options.stream_key,
                remedy=f"fill the column, or name another one in {NODE}.stream_key",
            )
    return np.array([codes[str(value)] for value in values], np.int8)


def _codes(values: Sequence[str | None] | None, count: int) -> tuple[npt.NDArray[np.int16], tuple[str, ...]]:
    if values is None:
        return np.zeros(count, np.int16), ("all",)
    names, codes = np.unique(
        ["all" if value is None else str(value) for value in values], return_inverse=True
    )
    return codes.astype(np.int16), tuple(str(name) for name in names)


def _weights(
    columns: Columns,
    options: CurriculumOptions,
    dimension: npt.NDArray[np.int16],
    dimension_names: tuple[str, ...],
) -> npt.NDArray[np.float64]:
    weight = np.ones(len(dimension), np.float64)
    if options.dimension_weights:
        _all_known(options.dimension_weights, set(dimension_names), "dimension_weights")
        weight *= np.array([options.dimension_weights.get(name, 1.0) for name in dimension_names])[dimension]
    if options.class_weights:
        if columns.classes is None:
            raise InputError(
                "has no class column to apply to",
                field=f"{NODE}.class_weights",
                remedy=f"name the column in {NODE}.class_key",
            )
        classes = [[value] if isinstance(value, str) else list(value or ()) for value in columns.classes]
        _all_known(options.class_weights, {name for row in classes for name in row}, "class_weights")
        weight *= np.array(
            [max((options.class_weights.get(name, 1.0) for name in row), default=1.0) for row in classes]
        )
    if not weight.any():
        raise InputError("leave no prompt with a weight", field=NODE, remedy="give some weight above 0")
    normalised: npt.NDArray[np.float64] = weight if np.all(weight == 1.0) else weight / weight.mean()
    return normalised


def _all_known(weights: dict[str, float], present: set[str], name: str) -> None:
    for key in weights:
        if key not in present:
            raise InputError(
                "does not occur in the data",
                field=f"{NODE}.{name}.{key}",
                remedy=f"the data has {', '.join(sorted(present)) or 'none'}",
            )
