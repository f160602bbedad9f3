"""Data frames from legacy pickles without running what the pickle says.

A pickle is a program. Only the names below are let through, and those of pandas become inert stand-ins
that remember their state; so nothing of the file runs, and nothing depends on the internals of the
pandas that wrote it (WM-811K's was written by Python 2 with pandas 0.19).
"""

from __future__ import annotations

import codecs
import pickle
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError


class _Stand:
    """Remembers how it was made and its state; does nothing."""

    args: tuple[Any, ...] = ()
    state: Any = None

    def __new__(cls, *args: Any, **kwargs: Any) -> _Stand:
        made = super().__new__(cls)
        made.args = args
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Frame(_Stand):
    pass


class _Manager(_Stand):
    pass


class _Index(_Stand):
    pass


class _Block(_Stand):
    pass


def _new_index(cls: type, state: Any) -> _Index:
    made = _Index()
    made.state = state
    return made


def _latin1(text: str, encoding: str = "latin1") -> bytes:
    """What pickles of protocol 2 call to write bytes; no other codec is let through."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"codec {encoding!r}")
    return codecs.latin_1_encode(text)[0]


def _empty_bytes(*args: Any) -> bytes:
    """What protocol 2 calls to write an empty byte string."""
    if args:
        raise pickle.UnpicklingError("bytes with arguments")
    return b""


_multiarray = import_module("numpy._core.multiarray")
_numeric = import_module("numpy._core.numeric")
_NUMPY = {
    "ndarray": np.ndarray,
    "dtype": np.dtype,
    "_reconstruct": _multiarray._reconstruct,
    "scalar": _multiarray.scalar,
    "_frombuffer": getattr(_numeric, "_frombuffer", None),
}
_PANDAS: dict[str, object] = {
    "DataFrame": _Frame,
    "BlockManager": _Manager,
    "_new_Index": _new_index,
    "Index": _Index,
    "RangeIndex": _Index,
    "Int64Index": _Index,
    "_unpickle_block": _Block,
    "new_block": _Block,
}
_OTHER: dict[tuple[str, str], object] = {
    ("_codecs", "encode"): _latin1,
    ("builtins", "slice"): slice,
    ("__builtin__", "slice"): slice,
    ("builtins", "bytes"): _empty_bytes,
    ("__builtin__", "bytes"): _empty_bytes,
}


class _Safe(pickle.Unpickler):
    """Unpickler that knows the allowed names only (or, when trusted, everything else too)."""

    def __init__(self, file: Any, trust: bool) -> None:
        super().__init__(file, encoding="latin1")
        self._trust = trust

    def find_class(self, module: str, name: str) -> Any:
        root = module.partition(".")[0]
        found = {"numpy": _NUMPY, "pandas": _PANDAS}.get(root, {}).get(name)
        found = found or _OTHER.get((module, name))
        if found is not None:
            return found
        if self._trust:
            return super().find_class(module, name)
        raise _Forbidden(f"{module}.{name}")


class _Forbidden(pickle.UnpicklingError):
    """A global that is not on the list."""


def load_frame(path: Path, *, trust: bool = False) -> dict[str, Any]:
    """Columns of a pickled data frame, each a sequence with one entry a row.

    Args:
        path: The pickle.
        trust: Let the pickle import and call anything, for files whose origin is known.

    Raises:
        InputError: The file is no pickle, holds no data frame, or (unless trusted) names a global that
            is not on the list; the error names it.
    """
    try:
        with path.open("rb") as file:
            made = _Safe(file, trust).load()
    except FileNotFoundError as error:
        raise InputError("no such file", file=path) from error
    except _Forbidden as error:
        raise InputError(
            f"the pickle asks for {error}, which is not on the list of harmless names",
            file=path,
            remedy="if you know where the file comes from, pass --trust-pickle",
        ) from error
    except Exception as error:  # a broken or hostile pickle can raise anything
        raise InputError(f"not a readable pickle ({type(error).__name__}: {error})", file=path) from error
    if isinstance(made, Mapping):
        return {str(name): column for name, column in made.items()}
    if not isinstance(made, _Frame):
        raise InputError(f"expected a data frame, found {type(made).__name__}", file=path)
    try:
        return _columns(made)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"the data frame's layout is unknown ({error})", file=path) from error


def _columns(frame: _Frame) -> dict[str, Any]:
    state = frame.state
    manager = state.get("_mgr", state.get("_data")) if isinstance(state, dict) else state
    if not isinstance(manager, _Manager):
        raise TypeError("no block manager")
    names, blocks = _layout(manager)
    columns: dict[str, Any] = {}
    for values, places in blocks:
        for row, place in enumerate(_positions(places, len(names))):
            columns[names[place]] = values[row]
    return columns


def _layout(manager: _Manager) -> tuple[list[str], list[tuple[Any, Any]]]:
    """Column names, and each block's values with the positions of its columns."""
    if manager.state is None:  # pandas 1.3 and later: BlockManager(blocks, axes)
        blocks, axes = manager.args[:2]
        return _names(axes[0]), [(block.args[0], block.args[1]) for block in blocks]
    state = manager.state
    extra = next((part for part in state if isinstance(part, dict) and "0.14.1" in part), None)
    if extra is not None:
        held = extra["0.14.1"]
        return _names(held["axes"][0]), [(block["values"], block["mgr_locs"]) for block in held["blocks"]]
    axes, values, items = state[:3]
    names = _names(axes[0])
    placed = [[names.index(name) for name in _names(item)] for item in items]
    return names, list(zip(values, placed, strict=True))


def _names(index: Any) -> list[str]:
    held = index.state if isinstance(index, _Index) else index
    if isinstance(held, dict):
        held = held["data"]
    elif isinstance(held, tuple):
        held = held[0]
    return [name.decode("latin1") if isinstance(name, bytes) else str(name) for name in held]


def _positions(places: Any, count: int) -> list[int]:
    if isinstance(places, _Stand):
        places = places.args[0]
    if isinstance(places, slice):
        return list(range(*places.indices(count)))
    return [int(place) for place in np.atleast_1d(places)]
