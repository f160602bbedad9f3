"""Arrays as JSON strings: a few bytes a prompt instead of a few digits each."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt


def pack(array: npt.NDArray[Any]) -> dict[str, Any]:
    """A one-dimensional array as plain JSON types (little-endian, deflated, base64)."""
    ordered = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    data = base64.b64encode(zlib.compress(ordered.tobytes(), 1)).decode("ascii")
    return {"dtype": array.dtype.name, "length": len(array), "zlib64": data}


def unpack(packed: dict[str, Any]) -> npt.NDArray[Any]:
    """Inverse of `pack`.

    Raises:
        ValueError: When the data does not have the stated length.
    """
    raw = zlib.decompress(base64.b64decode(packed["zlib64"]))
    array = np.frombuffer(raw, np.dtype(packed["dtype"]).newbyteorder("<")).astype(packed["dtype"])
    if len(array) != packed["length"]:
        raise ValueError(f"packed array has {len(array)} entries, its header says {packed['length']}")
    return array
