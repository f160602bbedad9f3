"""Reading JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import InputError


def read_json_lines(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number (from 0) and object of each line that is not blank.

    Raises:
        InputError: The file cannot be read or a line is no JSON object; names file and line.
    """
    try:
        with file.open(encoding="utf-8") as stream:
            for number, text in enumerate(stream):
                if not text.strip():
                    continue
                try:
                    row = json.loads(text)
                except (ValueError, RecursionError) as error:
                    raise InputError(f"not valid JSON ({error})", file=file, row=number) from error
                if not isinstance(row, dict):
                    raise InputError("a row is a JSON object", file=file, row=number)
                yield number, row
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", file=file) from error
