"""From a file's own axes and notch to the one view all maps share: front side, notch at 6 o'clock."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from .records import NO_DIE, DieGrid

NOTCHES = ("down", "left", "up", "right")
"""Places of the notch or flat, clockwise from 6 o'clock."""

MAX_SIDE = 4096
"""Dies along one side beyond which coordinates are taken for nonsense (300 mm of 75 um dies)."""

_NOTCH_WORDS = {
    "down": ("down", "d", "bottom", "south", "s", "6", "6:00"),
    "left": ("left", "l", "west", "w", "9", "9:00"),
    "up": ("up", "u", "top", "north", "n", "12", "12:00"),
    "right": ("right", "r", "east", "e", "3", "3:00"),
}
_QUARTERS_CLOCKWISE = {"down": 0, "right": 1, "up": 2, "left": 3}


def parse_notch(text: str) -> str:
    """Return the place of a notch out of `NOTCHES`.

    Args:
        text: down, left, up or right, their initials, synonyms (bottom, south ...) or clock hours.

    Raises:
        InputError: For anything else.
    """
    word = text.strip().lower()
    for notch, words in _NOTCH_WORDS.items():
        if word in words:
            return notch
    raise InputError(f"{text!r} is no place of a notch", field="notch", remedy="use down, left, up or right")


def notch_of_degrees(text: str, zero: str = "down") -> str:
    """Return the place of a notch given in degrees clockwise from `zero`.

    SEMI E5, G85 and E142 count clockwise from the bottom of the wafer; SINF counts from the top.

    Raises:
        InputError: When `text` is not a multiple of 90.
    """
    try:
        degrees = float(text)
    except ValueError as error:
        raise InputError(f"{text!r} is no angle in degrees") from error
    if degrees % 90:
        raise InputError(f"an orientation of {text} degrees is no multiple of 90")
    return NOTCHES[(NOTCHES.index(zero) + int(degrees // 90)) % 4]


def notch_down(grid: DieGrid, notch: str) -> DieGrid:
    """Turn a grid (rows, cols) as seen with the notch at `notch` until the notch is at 6 o'clock."""
    return np.ascontiguousarray(np.rot90(grid, k=-_QUARTERS_CLOCKWISE[notch]))


def grid_of_dies(
    x: Sequence[int], y: Sequence[int], values: Sequence[int], *, x_axis: str = "right", y_axis: str = "up"
) -> DieGrid:
    """Lay dies out by their coordinates; the last of several at one place wins.

    Args:
        x: Column numbers, counted in the direction `x_axis` (right or left).
        y: Row numbers, counted in the direction `y_axis` (up or down).
        values: `NO_DIE`, `PASS` or `FAIL` of each die, in the order of testing.
        x_axis: Where x grows to.
        y_axis: Where y grows to.

    Returns:
        The grid, shape (rows, cols), just large enough for all dies; elsewhere `NO_DIE`.

    Raises:
        InputError: When there are no dies or their extent is no wafer's.
    """
    if not len(x):
        raise InputError("the wafer has no dies")
    left, top = min(x), min(y)
    cols, rows = max(x) - left + 1, max(y) - top + 1
    if max(rows, cols) > MAX_SIDE:
        raise InputError(f"the dies span {rows} rows and {cols} columns, more than {MAX_SIDE}")
    grid = np.full((rows, cols), NO_DIE, np.uint8)
    for column, row, value in zip(x, y, values, strict=True):
        grid[row - top, column - left] = value
    if x_axis == "left":
        grid = grid[:, ::-1]
    if y_axis == "up":
        grid = grid[::-1]
    return np.ascontiguousarray(grid)
