"""Die grids to pictures: nearest neighbour, a palette of three colours, sides fit for Qwen3-VL."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..errors import InputError
from .records import FAIL, NO_DIE, PASS, DieGrid

COLOURS = {NO_DIE: (0, 0, 0), PASS: (0, 160, 0), FAIL: (255, 0, 0)}
"""Black where there is no die, green where it passes, red where it fails."""

SIDE_STEP = 32
"""Qwen3-VL cuts pictures into patches of 16 pixels and merges 2 x 2 of them into one token."""

_PALETTE = [channel for value in (NO_DIE, PASS, FAIL) for channel in COLOURS[value]]


def render(grid: DieGrid, side: int = 96) -> bytes:
    """PNG of a die grid (rows, cols), stretched to `side` x `side` pixels.

    The grid is stretched to a square because dies are rarely square: the wafer becomes round and clock
    positions in the picture are those on the wafer. The PNG holds palette indices of two bits.

    Raises:
        InputError: When `side` is not a positive multiple of 32.
    """
    check_side(side)
    return encode(scale(grid, side))


def scale(grid: DieGrid, side: int) -> DieGrid:
    """The grid as `side` x `side` pixels of palette indices, nearest neighbour."""
    rows, cols = grid.shape
    pixels = grid[_nearest(rows, side)[:, None], _nearest(cols, side)[None, :]]
    return np.ascontiguousarray(pixels)


def encode(pixels: DieGrid) -> bytes:
    """PNG of palette indices, two bits each."""
    side = pixels.shape[0]
    picture = Image.frombytes("P", (pixels.shape[1], side), pixels.tobytes())
    picture.putpalette(_PALETTE)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", bits=2, compress_level=6)
    return buffer.getvalue()


def check_side(side: int) -> None:
    """Refuse picture sides that Qwen3-VL would rescale."""
    if side <= 0 or side % SIDE_STEP:
        raise InputError(f"{side} is not a positive multiple of {SIDE_STEP}", field="image_size")


def image_tokens(width: int, height: int) -> int:
    """Tokens a picture takes in a Qwen3-VL prompt, its start and end markers included."""
    return max(1, round(width / SIDE_STEP)) * max(1, round(height / SIDE_STEP)) + 2


@lru_cache(maxsize=1024)
def _nearest(cells: int, side: int) -> npt.NDArray[np.int64]:
    return ((np.arange(side) + 0.5) * cells / side).astype(np.int64)
