"""SINF wafer maps: a header of KEY:value lines, then one `RowData:` line for each row, the first on top.

`FNLOC` is the place of the notch in degrees clockwise from the top (180 is the bottom), as KLA's converters
count; some writers count from the bottom, for whom option notch overrules the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ...errors import InputError
from ..orientation import notch_of_degrees
from ..records import ReadOptions, WaferMap
from .fab import (
    SHARED_SETTINGS,
    RawMap,
    bin_key,
    bins_setting,
    check_settings,
    grid_of_codes,
    read_text,
    wafer_maps,
)

_EDGE_AND_REFERENCE = frozenset({"FD", "FE", "FF"})


def read(path: Path, options: ReadOptions) -> Iterator[WaferMap]:
    """Yield the wafers of a SINF file, or of a folder's *.sinf, *.inf and *.txt files.

    Options: notch (overrules the file), pass_bins (overrules BCEQU), labels (a CSV file).

    Raises:
        InputError: For a file without row data, or whose rows are not as announced.
    """
    check_settings(options, SHARED_SETTINGS, "sinf")
    parse = partial(_maps, pass_bins=bins_setting(options))
    return wafer_maps(path, options, "sinf", (".sinf", ".inf", ".txt"), parse)


def _maps(file: Path, pass_bins: frozenset[str] | None) -> Iterator[RawMap]:
    header: dict[str, str] = {}
    rows: list[list[str]] = []
    for number, line in enumerate(read_text(file).splitlines()):
        key, colon, value = line.partition(":")
        key = key.strip().upper()
        if not line.strip():
            continue
        if not colon:
            raise InputError(f"{line.strip()[:40]!r} is no KEY:value line", file=file, row=number)
        if key == "ROWDATA":
            rows.append([_code(token, file, number) for token in value.split()])
        else:
            header[key] = value.strip()
    if not rows:
        raise InputError("no RowData: this is no SINF file", file=file)
    for key, count in (("ROWCT", len(rows)), ("COLCT", len(rows[0]))):
        if header.get(key) and header[key] != str(count):
            raise InputError(f"announces {header[key]}, has {count}", file=file, field=key)
    passes = pass_bins or frozenset(map(bin_key, header.get("BCEQU", "").replace(",", " ").split()))
    passes = passes or frozenset({"1"})
    none = frozenset({""}) | (_EDGE_AND_REFERENCE - passes)
    angle = header.get("FNLOC")
    yield RawMap(
        grid_of_codes(rows, passes, none),
        notch_of_degrees(angle, zero="up") if angle else None,
        header.get("WAFER") or file.stem,
        header.get("LOT") or None,
    )


def _code(token: str, file: Path, row: int) -> str:
    """Return the code of a die; "" where there is none (`__`) or it was not tested (`@@`)."""
    if set(token) <= {"_"} or set(token) <= {"@"}:
        return ""
    if not all(char in "0123456789abcdefABCDEF" for char in token):
        raise InputError(f"{token!r} is no bin code", file=file, row=row, field="RowData")
    return bin_key(token)
