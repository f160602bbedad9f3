"""Prober CSV: one line for each die with x, y and bin, one or more wafers to a file.

Which bins pass, where y grows to and where the notch is are asked for, because no CSV says so and clock
positions are wrong without them. Several lines for one die are retests: the last wins.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ...errors import InputError
from ..orientation import grid_of_dies
from ..records import FAIL, NO_DIE, PASS, ReadOptions, WaferMap
from .fab import (
    SHARED_SETTINGS,
    RawMap,
    bin_key,
    bins_setting,
    check_settings,
    choice,
    notch_setting,
    wafer_maps,
)

_COLUMNS = {
    "x": ("x", "diex", "xcoord", "xcoordinate", "xindex", "col", "column"),
    "y": ("y", "diey", "ycoord", "ycoordinate", "yindex", "row"),
    "bin": ("bin", "hbin", "hardbin", "sbin", "softbin", "bincode", "result"),
    "wafer": ("wafer", "waferid", "waferno", "wafernumber"),
    "lot": ("lot", "lotid", "lotname"),
}
_OPTIONAL = ("wafer", "lot")


@dataclass(frozen=True)
class _Layout:
    """What the user said about the file."""

    passes: frozenset[str]
    fails: frozenset[str] | None
    x_axis: str
    y_axis: str
    columns: dict[str, str]


@dataclass
class _Dies:
    """The dies of one wafer so far."""

    x: list[int] = field(default_factory=list)
    y: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)


def read(path: Path, options: ReadOptions) -> Iterator[WaferMap]:
    """Yield the wafers of a CSV file, or of a folder's *.csv files.

    Options: pass_bins (needed, e.g. 1 or 1,2), y_axis (needed: up or down), notch (needed), x_axis (right by
    default), fail_bins (then any other bin is an error), labels (a CSV file), and x, y, bin, wafer, lot: the
    names of the columns, where they are not the usual ones. Without a wafer column a file is one wafer.

    Raises:
        InputError: For a missing option or column, and for a row that is no die.
    """
    known = (*SHARED_SETTINGS, "fail_bins", "x_axis", "y_axis", *_COLUMNS)
    check_settings(options, known, "csv")
    passes = bins_setting(options)
    if passes is None:
        raise InputError("this option is needed: a bin number does not say whether the die is good",
                         field="pass_bins", remedy="add --option pass_bins=1")  # fmt: skip
    if notch_setting(options) is None:
        choice(options, "notch", ("down", "left", "up", "right", "unknown"))
    layout = _Layout(
        passes,
        bins_setting(options, "fail_bins"),
        choice(options, "x_axis", ("right", "left"), "right"),
        choice(options, "y_axis", ("up", "down")),
        {name: options.settings[name] for name in _COLUMNS if name in options.settings},
    )
    return wafer_maps(path, options, "csv", (".csv",), partial(_maps, layout=layout))


def _maps(file: Path, layout: _Layout) -> Iterator[RawMap]:
    """Yield wafers as their last line is passed, holding one at a time."""
    passed = False
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        head = lines.read(8192)
        lines.seek(0)
        if not head.strip():
            raise InputError("the file is empty", file=file)
        delimiter = max(",;\t", key=head.split("\n", 1)[0].count)
        rows = csv.DictReader(lines, delimiter=delimiter)
        columns = _find_columns(rows.fieldnames or (), layout.columns, file)
        dies, name, done = _Dies(), None, set()
        for number, row in enumerate(rows):
            here = (_cell(row, columns, "lot"), _cell(row, columns, "wafer") or file.stem)
            if here != name:
                if name is not None:
                    yield _finish(dies, name, layout)
                    done.add(name)
                if here in done:
                    raise InputError(f"the lines of wafer {here[1]!r} do not stand together", file=file,
                                     row=number, remedy="sort the file by wafer")  # fmt: skip
                dies, name = _Dies(), here
            value = _add(dies, row, columns, layout, file, number)
            passed = passed or value == PASS
        if name is None:
            raise InputError("the file has no rows", file=file)
        if not passed:
            raise InputError("no die of the file is in a pass bin", file=file, field="pass_bins")
        yield _finish(dies, name, layout)


def _find_columns(names: object, chosen: dict[str, str], file: Path) -> dict[str, str]:
    fields = [str(name) for name in names] if isinstance(names, (list, tuple)) else []
    plain = {"".join(char for char in name.lower() if char.isalnum()): name for name in fields}
    columns = {}
    for column, usual in _COLUMNS.items():
        wanted = chosen.get(column)
        found = wanted if wanted in fields else next((plain[word] for word in usual if word in plain), None)
        if (wanted is not None and wanted not in fields) or (found is None and column not in _OPTIONAL):
            problem = f"no column {wanted or column!r} among {', '.join(fields)[:120] or 'none'}"
            raise InputError(problem, file=file, field=column, remedy=f"name it: --option {column}=COLUMN")
        if found is not None:
            columns[column] = found
    return columns


def _cell(row: dict[str, str | None], columns: dict[str, str], column: str) -> str | None:
    return (row.get(columns[column]) or "").strip() or None if column in columns else None


def _add(
    dies: _Dies, row: dict[str, str | None], columns: dict[str, str], layout: _Layout, file: Path, number: int
) -> int:
    x, y = (_coordinate(_cell(row, columns, axis), file, number, columns[axis]) for axis in ("x", "y"))
    code = _cell(row, columns, "bin")
    value = NO_DIE
    if code is not None:
        key = bin_key(code.removesuffix(".0"))
        value = PASS if key in layout.passes else FAIL
        if value == FAIL and layout.fails is not None and key not in layout.fails:
            problem = f"bin {code!r} is neither a pass nor a fail bin"
            raise InputError(problem, file=file, row=number, field=columns["bin"])
    dies.x.append(x)
    dies.y.append(y)
    dies.values.append(value)
    return value


def _coordinate(text: str | None, file: Path, row: int, column: str) -> int:
    try:
        value = float(text or "")
        if value.is_integer():
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise InputError(f"{text or ''!r} is no die coordinate", file=file, row=row, field=column)


def _finish(dies: _Dies, name: tuple[str | None, str], layout: _Layout) -> RawMap:
    grid = grid_of_dies(dies.x, dies.y, dies.values, x_axis=layout.x_axis, y_axis=layout.y_axis)
    retests = len(dies.x) - len(set(zip(dies.x, dies.y, strict=True)))
    return RawMap(grid, None, name[1], name[0], {"retests": retests})
