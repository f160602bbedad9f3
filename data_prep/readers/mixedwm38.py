"""MixedWM38's npz: `arr_0` maps of 52 x 52 dies, `arr_1` one-hot labels of eight types."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ..records import DEFECT_TYPES, FAIL, NORMAL, ReadOptions, WaferMap

ORIGIN = "mixedwm38"


def read(path: Path, options: ReadOptions) -> Iterator[WaferMap]:
    """Yield the wafers of `path`; value 3, which 105 Near-full maps of the original hold, counts as fail."""
    arrays = _load(path)
    maps, onehot = arrays["arr_0"], arrays["arr_1"]
    if maps.ndim != 3 or 0 in maps.shape[1:]:
        raise InputError(
            f"expected maps of shape (n, rows, cols), got {maps.shape}", file=path, field="arr_0"
        )
    if onehot.shape != (len(maps), len(DEFECT_TYPES)):
        raise InputError(
            f"expected labels of shape ({len(maps)}, {len(DEFECT_TYPES)}), got {onehot.shape}",
            file=path,
            field="arr_1",
        )
    for name in ("arr_0", "arr_1"):
        if arrays[name].dtype.kind not in "iub":
            raise InputError(f"expected whole numbers, got {arrays[name].dtype}", file=path, field=name)
    if not len(maps):
        raise InputError("holds no maps", file=path, field="arr_0")
    numbers = arrays.get("orig_index", np.arange(len(maps)))
    for row, (grid, flags) in enumerate(zip(maps, onehot, strict=True)):
        problem = _problem(grid, flags)
        if problem:
            options.on_bad(InputError(problem[1], file=path, row=row, field=problem[0]))
            continue
        labels = tuple(name for name, flag in zip(DEFECT_TYPES, flags, strict=True) if flag) or (NORMAL,)
        yield WaferMap(np.minimum(grid, FAIL).astype(np.uint8), labels, f"m{int(numbers[row]):05d}", ORIGIN)


def _problem(grid: np.ndarray[Any, Any], flags: np.ndarray[Any, Any]) -> tuple[str, str] | None:
    low, high = int(grid.min()), int(grid.max())
    if low < 0 or high > 3:
        return "arr_0", f"value {low if low < 0 else high} is outside 0..3"
    if not high:
        return "arr_0", "the map has no dies"
    if not ((flags == 0) | (flags == 1)).all():
        return "arr_1", f"labels must be 0 or 1, got {flags.tolist()}"
    return None


def _load(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    if path.is_dir():
        found = sorted(path.glob("*.npz"))
        if len(found) != 1:
            raise InputError(f"expected one .npz in the folder, found {len(found)}", file=path)
        path = found[0]
    if not path.exists():
        raise InputError("no such file", file=path)
    if not zipfile.is_zipfile(path):
        raise InputError("not an npz file, or cut short", file=path)
    arrays = {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            for name in ("arr_0", "arr_1"):
                if name not in archive:
                    raise InputError(f"no such key; the file has {archive.files}", file=path, field=name)
            for name in ("arr_0", "arr_1", "orig_index"):
                if name in archive:
                    arrays[name] = archive[name]
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"cannot be read: {error}", file=path) from error
    return arrays
