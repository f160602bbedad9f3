"""What readers hand over: wafer maps without questions, or questions that come with their picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import InputError

DieGrid: TypeAlias = npt.NDArray[np.uint8]

NO_DIE, PASS, FAIL = 0, 1, 2
"""Values of a die grid."""

DEFECT_TYPES = ("Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Scratch", "Random")
"""Canonical defect types, in the order of MixedWM38's one-hot labels."""

NORMAL = "None"
"""Label of a wafer without a pattern (a string: an unlabelled wafer has no labels at all)."""


@dataclass(frozen=True)
class WaferMap:
    """One wafer as seen with the notch at 6 o'clock: row 0 is the top, column 0 the left.

    Attributes:
        grid: Dies, shape (rows, cols), values `NO_DIE`, `PASS`, `FAIL`.
        labels: Canonical defect types; `("None",)` for a normal wafer, `()` when unlabelled.
        wafer_id: Unique within its origin.
        origin: Short name of the source, e.g. `mixedwm38`.
        lot: Lot, where the source knows it; splits keep lots together.
        oriented: Whether the source states its orientation. Where it does not, clock positions are
            relative to the picture as shown.
        truth: Exact facts of a synthetic map (`synthetic.Truth`), else None.
        extra: What else the source knows, plain JSON types.
    """

    grid: DieGrid
    labels: tuple[str, ...]
    wafer_id: str
    origin: str
    lot: str | None = None
    oriented: bool = False
    truth: Any = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """A question with its picture and its rubric, as sources of ready-made questions give it.

    Attributes:
        image: An encoded picture (PNG bytes).
        text: The question, without the image placeholder.
        rubric: Rubric of version 1 as a plain dict; None in rows for supervised fine-tuning only.
        reference_answer: A right answer.
        dimension: spatial, morphology, root_cause, defect_type or full.
        question_type: Finer kind, e.g. `consistency`.
        level: easy, medium or hard; None when unknown.
        labels: Canonical defect types, as in `WaferMap`.
        wafer_id: Questions about one wafer share it; splits keep them together.
        origin: Short name of the source.
        extra: What else the source knows, plain JSON types.
    """

    image: bytes
    text: str
    rubric: dict[str, Any] | None
    reference_answer: str
    dimension: str
    question_type: str
    level: str | None
    labels: tuple[str, ...]
    wafer_id: str
    origin: str
    extra: dict[str, Any] = field(default_factory=dict)


Record: TypeAlias = WaferMap | Question


def refuse(error: InputError) -> None:
    """Stop at the first bad row: the default of `ReadOptions.on_bad`."""
    raise error


@dataclass(frozen=True)
class ReadOptions:
    """What every reader accepts.

    Attributes:
        on_bad: Called with the error of a bad row; raises to stop, returns to skip the row.
        trust_pickle: Whether a pickle may be loaded without restriction (it can run code).
        settings: Options of one reader only (pass bins, axis direction, notch ...), by name.
    """

    on_bad: Callable[[InputError], None] = refuse
    trust_pickle: bool = False
    settings: dict[str, str] = field(default_factory=dict)
