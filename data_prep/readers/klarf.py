"""KLARF inspection results: a die with at least one defect fails, every other inspected die passes.

XINDEX grows to the right and YINDEX upwards, with the notch at OrientationMarkLocation. The dies are those of
SampleTestPlan; without one, those that lie wholly on the wafer by DiePitch, SampleSize and
SampleCenterLocation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from ...errors import InputError
from ..orientation import MAX_SIDE, grid_of_dies, parse_notch
from ..records import FAIL, PASS, ReadOptions, WaferMap
from . import klarf_text
from .fab import RawMap, at, check_settings, read_text, wafer_maps


def read(path: Path, options: ReadOptions) -> Iterator[WaferMap]:
    """Yield the wafers of a KLARF file, or of a folder's *.klarf, *.kla and *.001 ... files.

    Options: notch (overrules the file), labels (a CSV file).

    Raises:
        InputError: For a file that is no KLARF, is cut off, or names no dies.
    """
    check_settings(options, ("notch", "labels"), "klarf")
    suffixes = (".klarf", ".klf", ".kla", ".krf", *(f".{number:03d}" for number in range(100)))
    return wafer_maps(path, options, "klarf", suffixes, _maps)


def _maps(file: Path) -> Iterator[RawMap]:
    text = read_text(file)
    try:
        for wafer in klarf_text.parse(text):
            yield _map(wafer, file)
    except InputError as error:
        raise at(error, file=file) from error


def _map(wafer: klarf_text.Wafer, file: Path) -> RawMap:
    if not wafer.has_defects:
        raise InputError("the wafer has no DefectList", field="DefectList")
    if wafer.fields.get("coordinatesmirrored", ["NO"])[0].upper() == "YES":
        raise InputError("mirrored coordinates are not supported", field="CoordinatesMirrored")
    dies = dict.fromkeys(wafer.plan or _dies_on_wafer(wafer.fields), PASS)
    if not dies:
        raise InputError("neither a SampleTestPlan nor DiePitch and SampleSize: the dies are unknown",
                         field="SampleTestPlan")  # fmt: skip
    dies |= dict.fromkeys(wafer.defects, FAIL)
    grid = grid_of_dies([x for x, _ in dies], [y for _, y in dies], list(dies.values()))
    mark = wafer.fields.get("orientationmarklocation")
    lot = _text(wafer.fields, "lotid") or _text(wafer.fields, "lotrecord")
    extra = {"defects": len(wafer.defects), "step": _text(wafer.fields, "stepid")}
    return RawMap(grid, parse_notch(mark[0]) if mark else None, _text(wafer.fields, "waferid") or file.stem,
                  lot, extra)  # fmt: skip


def _text(fields: dict[str, list[str]], name: str) -> str | None:
    return (fields.get(name) or [""])[0] or None


def _dies_on_wafer(fields: dict[str, list[str]]) -> list[tuple[int, int]]:
    """Return the dies that lie wholly on the wafer.

    Lengths are micrometres as in KLARF, the diameter (SampleSize 1 d) millimetres. SampleCenterLocation is
    where the wafer's centre lies from the lower left corner of die (0, 0).
    """
    try:
        pitch_x, pitch_y = (abs(float(value)) for value in fields["diepitch"][:2])
        radius = 500.0 * float(fields["samplesize"][-1])
        centre_x, centre_y = (float(value) for value in fields.get("samplecenterlocation", ["0", "0"])[:2])
    except (KeyError, ValueError):
        return []
    if not (pitch_x > 0 and pitch_y > 0 and 2 * radius / min(pitch_x, pitch_y) <= MAX_SIDE):
        return []
    dies = []
    for column in range(math.floor((centre_x - radius) / pitch_x), math.ceil((centre_x + radius) / pitch_x)):
        for row in range(math.floor((centre_y - radius) / pitch_y), math.ceil((centre_y + radius) / pitch_y)):
            far_x = max(abs(column * pitch_x - centre_x), abs((column + 1) * pitch_x - centre_x))
            far_y = max(abs(row * pitch_y - centre_y), abs((row + 1) * pitch_y - centre_y))
            if math.hypot(far_x, far_y) <= radius:
                dies.append((column, row))
    return dies
