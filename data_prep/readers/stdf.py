"""STDF V4 test data (also .gz, .bz2, .zip) through `stdf-convert`: parts with coordinates become dies.

A die tested again takes its last result. Orientation comes from the WCR record; its fields are often blank,
and then the options are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import InputError, MissingExtraError
from ..orientation import grid_of_dies, parse_notch
from ..records import FAIL, NO_DIE, PASS, ReadOptions, WaferMap
from .fab import SHARED_SETTINGS, RawMap, bin_key, bins_setting, check_settings, choice, wafer_maps

_RECORDS = ("MIR", "WCR", "WIR", "PRR", "HBR", "MRR")
_NO_COORDINATE = -32768
_FAILED, _NO_VERDICT = 0x08, 0x10
"""Bits of PART_FLG (STDF V4, PRR): the part failed; bit 3 is not valid."""

_AXES = {"x": {"R": "right", "L": "left"}, "y": {"U": "up", "D": "down"}}


@dataclass(frozen=True)
class _Settings:
    pass_bins: frozenset[str] | None
    bin_field: str
    axes: dict[str, str | None]
    incomplete: bool


def read(path: Path, options: ReadOptions) -> Iterator[WaferMap]:
    """Yield the wafers of an STDF file, or of a folder's *.stdf, *.std, *.stdf.gz ... files.

    Options: notch, x_axis (right, left), y_axis (up, down): each overrules the file's WCR record and is
    needed where that is blank; pass_bins (overrules the parts' own verdict) with bin (hard or soft);
    incomplete (yes takes files whose end is missing); labels (a CSV file).

    Raises:
        MissingExtraError: When `stdf-convert` (extra `fab`) is not installed.
        InputError: For a file that is no STDF or is cut off, or whose parts have no coordinates.
    """
    check_settings(options, (*SHARED_SETTINGS, "x_axis", "y_axis", "bin", "incomplete"), "stdf")
    axes = {
        "x": choice(options, "x_axis", ("right", "left")) if "x_axis" in options.settings else None,
        "y": choice(options, "y_axis", ("up", "down")) if "y_axis" in options.settings else None,
    }
    settings = _Settings(
        bins_setting(options),
        {"hard": "HARD_BIN", "soft": "SOFT_BIN"}[choice(options, "bin", ("hard", "soft"), "hard")],
        axes,
        choice(options, "incomplete", ("yes", "no"), "no") == "yes",
    )
    suffixes = (".stdf", ".std", ".stf", ".gz", ".bz2", ".zip")
    return wafer_maps(path, options, "stdf", suffixes, partial(_maps, settings=settings))


def _maps(file: Path, settings: _Settings) -> Iterator[RawMap]:
    tables = _tables(file)
    if not (tables["MRR"] or settings.incomplete):
        raise InputError("no MRR at the end: the file is cut off", file=file, field="MRR",
                         remedy="--option incomplete=yes takes what is there")  # fmt: skip
    notch, x_axis, y_axis = _orientation(tables, settings, file)
    lot = next((row["LOT_ID"] for row in tables["MIR"] if row["LOT_ID"]), None)
    verdicts = {row["HBIN_NUM"]: row["HBIN_PF"] for row in tables["HBR"] if row["HBIN_PF"] in ("P", "F")}
    parts = _parts_by_wafer(tables["WIR"], tables["PRR"], file.stem)
    if not parts:
        raise InputError("no part has coordinates: this is no wafer test", file=file, field="PRR")
    for wafer, rows in parts.items():
        x, y = [row["X_COORD"] for row in rows], [row["Y_COORD"] for row in rows]
        values = [_value(row, settings, verdicts) for row in rows]
        grid = grid_of_dies(x, y, values, x_axis=x_axis, y_axis=y_axis)
        retests = len(x) - len(set(zip(x, y, strict=True)))
        yield RawMap(grid, notch, wafer, lot, {"retests": retests})


def _tables(file: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        import stdf_convert
    except ImportError as error:
        raise MissingExtraError("stdf-convert", "fab") from error
    import pyarrow as pa

    try:
        found = stdf_convert.tables(str(file), list(_RECORDS))
    except (stdf_convert.StdfError, OSError, ValueError) as error:
        raise InputError(f"no readable STDF: {' '.join(str(error).split())}", file=file) from error
    return {name: pa.table(found[name]).to_pylist() if name in found else [] for name in _RECORDS}


def _orientation(
    tables: dict[str, list[dict[str, Any]]], settings: _Settings, file: Path
) -> tuple[str | None, str, str]:
    record = tables["WCR"][-1] if tables["WCR"] else {}
    flat = (record.get("WF_FLAT") or "").strip()
    axes = {}
    for axis, words in _AXES.items():
        said = settings.axes[axis] or words.get((record.get(f"POS_{axis.upper()}") or "").strip().upper())
        if said is None:
            options = "|".join(words.values())
            raise InputError(f"the file does not say where {axis} grows to", file=file, field=f"{axis}_axis",
                             remedy=f"add --option {axis}_axis={options}")  # fmt: skip
        axes[axis] = said
    return parse_notch(flat) if flat else None, axes["x"], axes["y"]


def _parts_by_wafer(
    starts: list[dict[str, Any]], parts: list[dict[str, Any]], default: str
) -> dict[str, list[dict[str, Any]]]:
    """Give each part with coordinates to the wafer that was last begun on its test head."""
    events = sorted([*starts, *parts], key=lambda row: int(row["sequence_number"]))
    current: dict[int, str] = {}
    wafers: dict[str, list[dict[str, Any]]] = {}
    for row in events:
        if "WAFER_ID" in row:
            current[row["HEAD_NUM"]] = row["WAFER_ID"] or default
        elif _NO_COORDINATE not in (row["X_COORD"], row["Y_COORD"]) and row["X_COORD"] is not None:
            wafer = current.get(row["HEAD_NUM"], current.get(255, default))
            wafers.setdefault(wafer, []).append(row)
    return wafers


def _value(row: dict[str, Any], settings: _Settings, verdicts: dict[int, str]) -> int:
    if settings.pass_bins is not None:
        return PASS if bin_key(str(row[settings.bin_field])) in settings.pass_bins else FAIL
    flags = int.from_bytes(row["PART_FLG"], "little")
    if flags & _NO_VERDICT:
        return {"P": PASS, "F": FAIL}.get(verdicts.get(row["HARD_BIN"], ""), NO_DIE)
    return FAIL if flags & _FAILED else PASS
