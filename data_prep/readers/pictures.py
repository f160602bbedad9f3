"""Encoded pictures: check that they decode, and read die grids back where the colours say what they are."""

from __future__ import annotations

import io
import warnings

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...errors import InputError
from ..records import DieGrid
from ..render import COLOURS

MAX_PIXELS = 64_000_000
GREY_CODES = ((0, 1, 2), (0, 127, 255), (0, 128, 255))
"""Grey levels of no die, pass and fail in the pictures that copies of the public sets are kept as."""

Pixels = npt.NDArray[np.uint8]


def check_picture(content: bytes) -> bytes:
    """Return the picture as PNG: untouched when it is one, else re-encoded.

    Raises:
        InputError: When it does not decode, or is larger than `MAX_PIXELS`.
    """
    picture = _open(content)
    if picture.format == "PNG":
        return content
    buffer = io.BytesIO()
    (picture if picture.mode in ("1", "L", "P", "RGB") else picture.convert("RGB")).save(buffer, "PNG")
    return buffer.getvalue()


def read_grid(content: bytes) -> DieGrid | None:
    """Return the dies of a drawn map, or None when its colours are not a map's.

    A map is drawn in black, green (0, 160, 0) and red (255, 0, 0) for no die, pass and fail, or in grey
    levels out of `GREY_CODES`. Pictures enlarged by nearest neighbour, by a third or more, are
    brought back to one cell a die.

    Raises:
        InputError: When the picture does not decode.
    """
    values = _values(_open(content))
    if values is None:
        return None
    rows, cols = _cells(values), _cells(values.T)
    take_rows = ((np.arange(rows) + 0.5) * values.shape[0] / rows).astype(int)
    take_cols = ((np.arange(cols) + 0.5) * values.shape[1] / cols).astype(int)
    return np.ascontiguousarray(values[take_rows[:, None], take_cols[None, :]])


def _open(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content))
            if picture.width * picture.height > MAX_PIXELS:
                raise InputError(f"a picture of {picture.width} x {picture.height} pixels is too large")
            picture.load()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError("the picture is too large") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(f"the picture does not decode: {' '.join(str(error).split())[:120]}") from error
    return picture


def _values(picture: Image.Image) -> Pixels | None:
    """Return the picture as `NO_DIE`, `PASS`, `FAIL`, or None."""
    if picture.mode in ("1", "L", "I;16"):
        pixels = np.asarray(picture.convert("L"))
        used = set(np.unique(pixels).tolist())
        for codes in GREY_CODES:
            if used <= set(codes) and len(used) > 1:
                return np.searchsorted(np.array(codes), pixels).astype(np.uint8)
        return None
    pixels = np.asarray(picture.convert("RGB")).astype(np.uint32)
    packed = (pixels[..., 0] << 16) | (pixels[..., 1] << 8) | pixels[..., 2]
    values = np.zeros(packed.shape, np.uint8)
    known = np.zeros(packed.shape, bool)
    for value, (red, green, blue) in COLOURS.items():
        here = packed == (red << 16 | green << 8 | blue)
        values[here] = value
        known |= here
    return values if known.all() and len(np.unique(values)) > 1 else None


def _cells(values: Pixels) -> int:
    """Return the smallest number of dies along axis 0 that nearest-neighbour enlargement explains."""
    side = int(values.shape[0])
    changes = np.flatnonzero((values[1:] != values[:-1]).any(axis=1)) + 1
    pixels = np.arange(side)
    # Below a third of enlargement, equal neighbours could pass for one enlarged die.
    for cells in range(len(changes) + 1, side * 3 // 4 + 1):
        source = ((pixels + 0.5) * cells / side).astype(int)
        borders = np.flatnonzero(np.diff(source)) + 1
        if np.isin(changes, borders).all():
            return cells
    return side
