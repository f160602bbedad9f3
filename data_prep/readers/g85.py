"""SEMI G85 bin maps (XML), one or more wafers to a file.

Rows are drawn as the wafer is seen, the first on top. `Orientation` is the place of the notch in degrees
clockwise from the bottom. `OriginLocation` says where coordinates are counted from, which the drawing
does not depend on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element

from ...errors import InputError
from ..orientation import notch_of_degrees
from ..records import ReadOptions, WaferMap
from . import xml
from .fab import SHARED_SETTINGS, RawMap, at, bins_setting, check_settings, grid_of_codes, wafer_maps


def read(path: Path, options: ReadOptions) -> Iterator[WaferMap]:
    """Yield the wafers of a G85 file, or of a folder's *.xml and *.g85 files.

    Options: notch (overrules the file), pass_bins (when bins carry no quality), labels (a CSV file).

    Raises:
        InputError: For a file that is no G85 map, or ill-formed.
    """
    check_settings(options, SHARED_SETTINGS, "g85")
    parse = partial(_maps, pass_bins=bins_setting(options))
    return wafer_maps(path, options, "g85", (".xml", ".g85"), parse)


def _maps(file: Path, pass_bins: frozenset[str] | None) -> Iterator[RawMap]:
    root = xml.load(file)
    maps = list(xml.find_all(root, "Map"))
    if not maps:
        raise InputError("no <Map>: this is no G85 file", file=file)
    for number, element in enumerate(maps):
        try:
            yield _map(element, file, pass_bins)
        except InputError as error:
            raise at(error, file=file, row=number) from error


def _map(element: Element, file: Path, pass_bins: frozenset[str] | None) -> RawMap:
    device, data = xml.find(element, "Device"), xml.find(element, "Data")
    if device is None or data is None:
        raise InputError("the map has no <Device> or no <Data>")
    bin_type = xml.attribute(device, "BinType") or "Decimal"
    rows = [xml.codes(row.text or "", bin_type) for row in xml.find_all(data, "Row")]
    for name, count in (("Rows", len(rows)), ("Columns", len(rows[0]) if rows else 0)):
        announced = xml.attribute(device, name)
        if announced is not None and announced != str(count):
            raise InputError(f"announces {announced}, has {count}", field=name)
    passes, fails, none = xml.bin_sets(list(xml.find_all(device, "Bin")), xml.attribute(device, "NullBin"))
    if pass_bins is None and not passes:
        raise InputError("no bin has quality Pass", field="pass_bins", remedy="add --option pass_bins=...")
    grid = grid_of_codes(rows, pass_bins or passes, none, None if pass_bins else fails)
    angle = xml.attribute(device, "Orientation")
    return RawMap(
        grid,
        None if angle is None else notch_of_degrees(angle),
        xml.attribute(element, "SubstrateId", "WaferId") or file.stem,
        xml.attribute(device, "LotId", "LotNo"),
    )
