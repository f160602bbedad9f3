"""A folder of pictures with a CSV of labels (columns file, label, and where known wafer and lot).

Pictures drawn in the documented colours are read back to dies, and are treated like any other wafer map.
Other pictures (photographs, other colour schemes) stay as they are, and get only the questions that their
labels alone can answer.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ...errors import InputError
from ..facts import from_labels
from ..orientation import notch_down
from ..questions import AskOptions, ask
from ..records import ReadOptions, Record, WaferMap
from .fab import at, check_settings, choice, notch_setting, parse_labels, read_text
from .pictures import check_picture, read_grid

ORIGIN = "images"


def read(path: Path, options: ReadOptions) -> Iterator[Record]:
    """Yield a record for each line of the labels file, or several questions where a picture stays one.

    Options: labels (the CSV file; labels.csv in the folder by default), decode (auto, yes or no: whether
    pictures are read back to dies; yes makes one that cannot be an error), notch (unknown by default).

    Raises:
        InputError: For a missing file, a column that is not there, or a picture that does not decode.
    """
    check_settings(options, ("labels", "decode", "notch"), "images")
    decode = choice(options, "decode", ("auto", "yes", "no"), "auto")
    notch = notch_setting(options)
    table = Path(options.settings.get("labels", path / "labels.csv"))
    if not table.is_file():
        raise InputError("no such file", file=table, field="labels",
                         remedy="give the CSV of labels: --option labels=FILE")  # fmt: skip
    rows = csv.DictReader(read_text(table).splitlines())
    missing = {"file", "label"} - set(rows.fieldnames or ())
    if missing:
        raise InputError(f"no column {min(missing)!r}", file=table, remedy="the columns are file,label")
    for number, row in enumerate(rows):
        try:
            yield from _records(path, {name: value or "" for name, value in row.items()}, decode, notch)
        except InputError as error:
            options.on_bad(at(error, file=table, row=number))


def _records(folder: Path, row: dict[str, str], decode: str, notch: str | None) -> Iterator[Record]:
    file = folder / row["file"].strip()
    if not file.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{row['file']!r} lies outside the folder", field="file")
    if not file.is_file():
        raise InputError("no such picture", file=file)
    try:
        labels = parse_labels(row["label"])
    except InputError as error:
        raise at(error, file=file, field="label") from error
    wafer_id = row.get("wafer", "").strip() or row["file"].strip()
    lot = row.get("lot", "").strip() or None
    try:
        content = check_picture(file.read_bytes())
        grid = None if decode == "no" else read_grid(content)
        if grid is None and decode == "yes":
            raise InputError("not drawn in the documented colours: the dies cannot be read back")
    except InputError as error:
        raise at(error, file=file) from error
    if grid is not None:
        oriented = notch not in (None, "unknown")
        view = notch_down(grid, notch) if oriented and notch else grid
        yield WaferMap(view, labels, wafer_id, ORIGIN, lot=lot, oriented=oriented)
    elif labels:
        yield from ask(from_labels(labels), content, wafer_id, ORIGIN, AskOptions())
    else:
        raise InputError("neither a label nor readable dies: nothing can be asked about it", file=file)
