"""Readers: one small module per source, each with `read(path, options) -> Iterator[Record]`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import cast

from ...errors import InputError
from ..records import ReadOptions, Record

READERS = {
    "csv": "prober_csv",
    "e142": "e142",
    "g85": "g85",
    "images": "images",
    "klarf": "klarf",
    "mixedwm38": "mixedwm38",
    "rows": "rows",
    "sinf": "sinf",
    "stdf": "stdf",
    "wafersage-rubrics": "wafersage_rubrics",
    "wafersage-vqa": "wafersage_vqa",
    "wm811k": "wm811k",
}
"""Source names of `verl-wafersage convert` and the module that reads each."""


def read(source: str, path: Path, options: ReadOptions | None = None) -> Iterator[Record]:
    """Yield the records of `path`, one at a time.

    Raises:
        InputError: For an unknown source, a missing or unreadable file, or a bad row (unless
            `options.on_bad` returns).
    """
    if source not in READERS:
        raise InputError(
            f"unknown source {source!r}",
            field="SOURCE",
            remedy=f"use one of: {', '.join(READERS)}, synthetic",
        )
    module = import_module(f"{__name__}.{READERS[source]}")
    return cast(Iterator[Record], module.read(path, options or ReadOptions()))
