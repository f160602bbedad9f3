"""What readers of fab files share: options, labels, files of a folder, and wafers without doubles."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ..orientation import notch_down, parse_notch
from ..records import DEFECT_TYPES, FAIL, NO_DIE, NORMAL, PASS, DieGrid, ReadOptions, WaferMap

SHARED_SETTINGS = ("notch", "pass_bins", "labels")
"""Options every fab format knows."""

_CANONICAL = {name.lower().replace("-", ""): name for name in (*DEFECT_TYPES, NORMAL)} | {"normal": NORMAL}


@dataclass(frozen=True)
class RawMap:
    """A wafer as a file draws it, before it is turned.

    Attributes:
        grid: Dies as the file shows them.
        notch: Where the notch is in that view; None when the file does not say.
        wafer: Wafer name in the file.
        lot: Lot name, or None.
        extra: What else is worth keeping, plain JSON types.
    """

    grid: DieGrid
    notch: str | None
    wafer: str
    lot: str | None = None
    extra: dict[str, Any] | None = None


def check_settings(options: ReadOptions, known: Iterable[str], source: str) -> None:
    """Refuse options that the source does not know, so that a misspelt one is not ignored."""
    names = sorted(known)
    for name in options.settings:
        if name not in names:
            remedy = f"{source} knows {', '.join(names)}" if names else f"{source} has no options"
            raise InputError("unknown option", field=name, remedy=remedy)


def choice(options: ReadOptions, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
    """Return an option that must be one of `allowed`.

    Raises:
        InputError: When it is missing and has no default, or is something else.
    """
    value = options.settings.get(name, default)
    if value is None:
        wanted = "|".join(allowed)
        raise InputError("this option is needed: without it clock positions are wrong", field=name,
                         remedy=f"add --option {name}={wanted}")  # fmt: skip
    if value.strip().lower() not in allowed:
        raise InputError(f"{value!r} is none of {', '.join(allowed)}", field=name)
    return value.strip().lower()


def notch_setting(options: ReadOptions) -> str | None:
    """Return the user's word on the notch, which overrules the file: a place, `unknown`, or None."""
    text = options.settings.get("notch")
    if text is None or text.strip().lower() == "unknown":
        return None if text is None else "unknown"
    return parse_notch(text)


def bins_setting(options: ReadOptions, name: str = "pass_bins") -> frozenset[str] | None:
    """Return a comma-separated list of bins, normalised, or None when it is not given."""
    text = options.settings.get(name)
    if text is None:
        return None
    bins = frozenset(bin_key(part) for part in text.split(",") if part.strip())
    if not bins:
        raise InputError("names no bins", field=name)
    return bins


def bin_key(text: str) -> str:
    """Return a bin code without leading zeros and in one case, so that 01, 1 and 001 are the same bin."""
    word = text.strip().upper()
    return word.lstrip("0") or "0" if word.isalnum() else word


def files_of(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the file itself, or a folder's files with one of `suffixes`, by name.

    Raises:
        InputError: When there is nothing to read.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError("no such file or folder", file=path)
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
    if not found:
        raise InputError(f"no files named *{', *'.join(suffixes)} in this folder", file=path)
    return found


def read_text(file: Path) -> str:
    """Return a text file, whatever its line ends, in UTF-8 or else Latin-1.

    Raises:
        InputError: When it is empty or binary.
    """
    content = file.read_bytes()
    if not content.strip():
        raise InputError("the file is empty", file=file)
    if b"\x00" in content[:4096]:
        raise InputError("not a text file", file=file)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def parse_labels(text: str) -> tuple[str, ...]:
    """Return canonical defect types out of words joined by + ; or |, e.g. `Center+Edge-Ring`.

    Raises:
        InputError: For a label that is not in the list.
    """
    labels = []
    for part in text.replace(";", "+").replace("|", "+").split("+"):
        key = "".join(char for char in part.lower() if char.isalnum())
        if not key:
            continue
        if key not in _CANONICAL:
            known = ", ".join((*DEFECT_TYPES, NORMAL))
            raise InputError(f"{part.strip()!r} is no known label", remedy=f"use {known}")
        labels.append(_CANONICAL[key])
    if NORMAL in labels and len(set(labels)) > 1:
        raise InputError(f"{text!r} calls the wafer normal and defective at once")
    return tuple(dict.fromkeys(labels))


def labels_setting(options: ReadOptions) -> dict[str, tuple[str, ...]]:
    """Return the labels of wafers out of the CSV file that option `labels` names (columns wafer, label)."""
    name = options.settings.get("labels")
    if name is None:
        return {}
    file = Path(name)
    if not file.is_file():
        raise InputError("no such file", file=file, field="labels")
    labels: dict[str, tuple[str, ...]] = {}
    rows = csv.DictReader(read_text(file).splitlines())
    missing = {"wafer", "label"} - set(rows.fieldnames or ())
    if missing:
        raise InputError(f"no column {min(missing)!r}", file=file, remedy="the columns are wafer,label")
    for number, row in enumerate(rows):
        try:
            labels[(row["wafer"] or "").strip()] = parse_labels(row["label"] or "")
        except InputError as error:
            raise at(error, file=file, row=number, field="label") from error
    return labels


def at(
    error: InputError, *, file: Path, row: int | str | None = None, field: str | None = None
) -> InputError:
    """Return the error with its place filled in where it did not know it."""
    return type(error)(
        error.problem,
        file=error.file or file,
        row=row if error.row is None else error.row,
        field=error.field or field,
        remedy=error.remedy,
    )


def wafer_maps(
    path: Path,
    options: ReadOptions,
    origin: str,
    suffixes: tuple[str, ...],
    parse: Callable[[Path], Iterator[RawMap]],
) -> Iterator[WaferMap]:
    """Yield the wafers of all files, turned notch down, labelled, each name once.

    A bad file or wafer is handed to `options.on_bad`, which stops or skips it.
    """
    labels = labels_setting(options)
    override = notch_setting(options)
    first_seen: dict[str, Path] = {}
    for file in files_of(path, suffixes):
        try:
            for number, raw in enumerate(parse(file)):
                try:
                    wafer = _wafer_map(raw, origin, override, labels)
                    if wafer.wafer_id in first_seen:
                        first = first_seen[wafer.wafer_id].name
                        raise InputError(f"wafer {wafer.wafer_id!r} comes twice, first in {first}")
                except InputError as error:
                    options.on_bad(at(error, file=file, row=number))
                    continue
                first_seen[wafer.wafer_id] = file
                yield wafer
        except InputError as error:
            options.on_bad(at(error, file=file))


def _wafer_map(
    raw: RawMap, origin: str, override: str | None, labels: dict[str, tuple[str, ...]]
) -> WaferMap:
    if not (raw.grid != NO_DIE).any():
        raise InputError("the wafer has no tested dies")
    notch = override or raw.notch
    if notch is None:
        raise InputError(
            "the file does not say where the notch is",
            field="notch",
            remedy="add --option notch=down|left|up|right, or notch=unknown to take clock positions as drawn",
        )
    grid = raw.grid if notch == "unknown" else notch_down(raw.grid, notch)
    name = f"{raw.lot}/{raw.wafer}" if raw.lot and raw.lot not in raw.wafer else raw.wafer
    known = labels.get(name, labels.get(raw.wafer, ()))
    wafer = WaferMap(grid, known, name, origin, lot=raw.lot, oriented=notch != "unknown")
    return replace(wafer, extra={"notch": notch, **(raw.extra or {})})


def grid_of_codes(
    rows: list[list[str]], passes: frozenset[str], none: frozenset[str], fails: frozenset[str] | None = None
) -> DieGrid:
    """Return the grid of a table of bin codes, first row on top.

    Args:
        rows: Bin codes, as `bin_key` writes them.
        passes: Codes of passing dies.
        none: Codes of places without a tested die.
        fails: Codes of failing dies; None takes every other code for one.

    Raises:
        InputError: For no rows, rows of unequal length, or a code in none of the sets.
    """
    if not rows or not rows[0]:
        raise InputError("the map has no rows")
    grid = np.full((len(rows), len(rows[0])), NO_DIE, np.uint8)
    for number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise InputError(f"map row {number} has {len(row)} dies, the first has {len(rows[0])}")
        for column, code in enumerate(row):
            if code in none:
                continue
            if code in passes:
                grid[number, column] = PASS
            elif fails is None or code in fails:
                grid[number, column] = FAIL
            else:
                raise InputError(f"bin {code!r} in map row {number} is not defined", field="pass_bins")
    return grid
