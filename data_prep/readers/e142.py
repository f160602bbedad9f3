"""SEMI E142 substrate maps (XML) of wafers.

`Orientation` is the place of the notch in degrees clockwise from the bottom. Rows of bin codes are drawn as
the wafer is seen, the first on top, unless they carry coordinates: then `AxisDirection` says where x and y
grow to.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

from ...errors import InputError
from ..orientation import grid_of_dies, notch_of_degrees
from ..records import DieGrid, ReadOptions, WaferMap
from . import xml
from .fab import SHARED_SETTINGS, RawMap, at, bins_setting, check_settings, grid_of_codes, wafer_maps

_AXES = {
    "upright": ("right", "up"),
    "upleft": ("left", "up"),
    "downright": ("right", "down"),
    "downleft": ("left", "down"),
}
_DEFAULT_AXES = "UpRight"


def read(path: Path, options: ReadOptions) -> Iterator[WaferMap]:
    """Yield the wafers of an E142 file, or of a folder's *.xml files.

    Options: notch (overrules the file), pass_bins (when bins carry no quality), labels (a CSV file).

    Raises:
        InputError: For a file without wafer maps, or an ill-formed one.
    """
    check_settings(options, SHARED_SETTINGS, "e142")
    parse = partial(_maps, pass_bins=bins_setting(options))
    return wafer_maps(path, options, "e142", (".xml", ".e142"), parse)


def _maps(file: Path, pass_bins: frozenset[str] | None) -> Iterator[RawMap]:
    root = xml.load(file)
    maps = list(xml.find_all(root, "SubstrateMap"))
    if not maps:
        raise InputError("no <SubstrateMap>: this is no E142 file", file=file)
    lots = {
        xml.attribute(substrate, "SubstrateId"): (lot.text or "").strip() or None
        for substrate in xml.find_all(root, "Substrate")
        if (lot := xml.find(substrate, "LotId")) is not None
    }
    for number, element in enumerate(maps):
        try:
            yield _map(element, file, lots, pass_bins)
        except InputError as error:
            raise at(error, file=file, row=number) from error


def _map(
    element: Element, file: Path, lots: dict[str | None, str | None], pass_bins: frozenset[str] | None
) -> RawMap:
    kind = xml.attribute(element, "SubstrateType") or "Wafer"
    if kind.lower() != "wafer":
        raise InputError(f"a {kind} is no wafer", field="SubstrateType")
    bins = xml.find(element, "BinCodeMap")
    if bins is None:
        raise InputError("the map has no <BinCodeMap>")
    null = xml.attribute(bins, "NullBin")
    passes, fails, none = xml.bin_sets(list(xml.find_all(bins, "BinDefinition")), null)
    if pass_bins is None and not passes:
        raise InputError("no bin has quality Pass", field="pass_bins", remedy="add --option pass_bins=...")
    bin_type = xml.attribute(bins, "BinType") or "Ascii"
    lines = list(xml.find_all(bins, "BinCode"))
    rows = [xml.codes(line.text or "", bin_type) for line in lines]
    known = None if pass_bins else fails
    if lines and xml.attribute(lines[0], "X") is not None:
        grid = _placed(lines, rows, pass_bins or passes, none, known, _axes(element))
    else:
        grid = grid_of_codes(rows, pass_bins or passes, none, known)
    wafer = xml.attribute(element, "SubstrateId")
    angle = xml.attribute(element, "Orientation") or "0"
    return RawMap(grid, notch_of_degrees(angle), wafer or file.stem, lots.get(wafer))


def _axes(element: Element) -> tuple[str, str]:
    name = xml.attribute(element, "AxisDirection") or _DEFAULT_AXES
    try:
        return _AXES[name.lower()]
    except KeyError as error:
        raise InputError(f"unknown axis direction {name!r}", field="AxisDirection") from error


def _placed(
    lines: list[Element],
    rows: list[list[str]],
    passes: frozenset[str],
    none: frozenset[str],
    fails: frozenset[str] | None,
    axes: tuple[str, str],
) -> DieGrid:
    """Lay out runs of codes along x, each starting at its own X and Y."""
    x: list[int] = []
    y: list[int] = []
    values: list[int] = []
    for line, row in zip(lines, rows, strict=True):
        try:
            start, level = int(xml.attribute(line, "X") or ""), int(xml.attribute(line, "Y") or "")
        except ValueError as error:
            raise InputError("X and Y of a row of codes must be whole numbers", field="BinCode") from error
        cells = grid_of_codes([row], passes, none, fails)[0]
        x.extend(range(start, start + len(row)))
        y.extend([level] * len(row))
        values.extend(int(cell) for cell in cells)
    return grid_of_dies(x, y, values, x_axis=axes[0], y_axis=axes[1])
