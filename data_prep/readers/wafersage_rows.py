"""What the published WaferSAGE sets share: their columns, read into the terms of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..records import Question, ReadOptions
from .fab import at, check_settings, parse_labels
from .pictures import check_picture
from .tables import rows_of

ORIGIN = "wafersage"
LEVELS = ("easy", "medium", "hard")
DIMENSIONS = {
    "spatial": "spatial",
    "morphology": "morphology",
    "morphological": "morphology",
    "root_cause": "root_cause",
    "defect_type": "defect_type",
    "consistency": "spatial",
    "full": "full",
}
"""Published `dimension` and `question_type` values. Their consistency questions (symmetric? at random?) are
about the distribution, hence spatial."""


def read_rows(
    path: Path, options: ReadOptions, source: str, columns: tuple[str, ...],
    question: Callable[[Mapping[str, Any]], Question],
) -> Iterator[Question]:  # fmt: skip
    """Yield a question for each row of the set at `path`; bad rows go to `options.on_bad`."""
    check_settings(options, (), source)
    for place, number, row in rows_of(path, columns):
        try:
            yield question(row)
        except InputError as error:
            options.on_bad(at(error, file=Path(place), row=number))


def first(row: Mapping[str, Any], *names: str) -> Any:
    """Return the first value among columns `names` that is there and not null."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def text(row: Mapping[str, Any], *names: str, needed: bool = True) -> str:
    """Return a string column.

    Raises:
        InputError: When it is no string, or empty though needed.
    """
    value = first(row, *names)
    if value is None and not needed:
        return ""
    if not isinstance(value, str):
        raise InputError(f"must be a string, not {type(value).__name__}", field=names[0])
    if needed and not value.strip():
        raise InputError("is empty", field=names[0])
    return value


def labels(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the canonical labels of columns `label` or `wafer_label`, a list of strings.

    Raises:
        InputError: For anything else or an unknown label.
    """
    value = first(row, "label", "wafer_label", "labels")
    if value is None:
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise InputError("must be a list of strings", field="label")
    try:
        return parse_labels("+".join(items))
    except InputError as error:
        raise InputError(error.problem, field="label", remedy=error.remedy) from error


def image(row: Mapping[str, Any]) -> bytes:
    """Return the picture of column `image` (bytes, or the hub's struct of bytes) as PNG.

    Raises:
        InputError: When there are no bytes or they do not decode.
    """
    value = first(row, "image", "images")
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, Mapping):
        value = value.get("bytes")
    if not isinstance(value, bytes):
        raise InputError("holds no encoded picture", field="image")
    try:
        return check_picture(value)
    except InputError as error:
        raise InputError(error.problem, field="image") from error


def dimension(row: Mapping[str, Any], *names: str) -> str:
    """Return the dimension of a row.

    Raises:
        InputError: For an unknown one.
    """
    value = text(row, *names)
    try:
        return DIMENSIONS[value.strip().lower().replace("-", "_").replace(" ", "_")]
    except KeyError as error:
        raise InputError(f"{value!r} is none of {', '.join(DIMENSIONS)}", field=names[0]) from error


def level(row: Mapping[str, Any]) -> str | None:
    """Return the level of a row; None where it has none.

    Raises:
        InputError: For an unknown one.
    """
    value = text(row, "difficulty", "level", needed=False).strip().lower()
    if value and value not in LEVELS:
        raise InputError(f"{value!r} is none of {', '.join(LEVELS)}", field="difficulty")
    return value or None


def wafer_id(row: Mapping[str, Any]) -> str:
    """Return the wafer's name, the same in all published sets, so that splits agree between them.

    Raises:
        InputError: When no column tells it.
    """
    value = first(row, "record_id", "original_record_id")
    if value is None and isinstance(row.get("id"), str):
        value = row["id"].split("_", 1)[0]
    if value is None or not str(value).strip():
        raise InputError("no record number", field="record_id")
    return str(value).strip()
