"""`rows`: JSON lines of image, question and rubric, for people without wafers.

One object a line:
{"image": "pictures/1.png", "question": "...", "rubric": {"version": 1, ...}} and optionally `id`, `group`
(rows about one thing share it and stay in one split), `reference_answer`, `question_type`, `level`, `origin`
(where rows come from; `rows` by default). The image is a path beside the file. Rubrics are checked against
the published JSON Schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema

from ...errors import InputError
from ...reward_fns.schema import SCHEMA_FILE, load_rubric
from ..records import Question, ReadOptions
from .fab import at, check_settings
from .pictures import check_picture

ORIGIN = "rows"
LEVELS = ("easy", "medium", "hard")
_NEEDED = ("image", "question", "rubric")
_STRINGS = ("image", "question", "id", "group", "reference_answer", "question_type", "level", "origin")


def read(path: Path, options: ReadOptions) -> Iterator[Question]:
    """Yield the questions of a JSON-lines file.

    Raises:
        InputError: For a missing file, a line that is no such object, a picture that does not decode, or a
            rubric that breaks the schema or has nothing to score.
    """
    check_settings(options, (), "rows")
    if not path.is_file():
        raise InputError("no such file", file=path)
    lines = 0
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file):
            if not line.strip():
                continue
            lines += 1
            try:
                yield _question(line, path, number)
            except InputError as error:
                options.on_bad(at(error, file=path, row=number))
    if not lines:
        raise InputError("the file has no rows", file=path)


def _question(line: str, path: Path, number: int) -> Question:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not valid JSON: {error}") from error
    if not isinstance(row, dict):
        raise InputError(f"a row is a JSON object, not {type(row).__name__}")
    for name in _NEEDED:
        if name not in row:
            raise InputError("missing", field=name)
    for name, value in row.items():
        if name not in (*_STRINGS, "rubric"):
            raise InputError(
                "unknown field", field=name, remedy=f"known are {', '.join((*_STRINGS, 'rubric'))}"
            )
        if name != "rubric" and not isinstance(value, str):
            raise InputError(f"must be a string, not {type(value).__name__}", field=name)
    if row.get("level", "easy") not in LEVELS:
        raise InputError(f"{row['level']!r} is none of {', '.join(LEVELS)}", field="level")
    if not row["question"].strip():
        raise InputError("is empty", field="question")
    rubric = check_rubric(row["rubric"])
    image = path.parent / row["image"]
    try:
        content = check_picture(image.read_bytes())
    except OSError as error:
        raise InputError(f"{image}: {error.strerror}", field="image") from error
    except InputError as error:
        raise InputError(f"{image}: {error.problem}", field="image") from error
    name, origin = row.get("id", str(number)), row.get("origin", ORIGIN)
    if not re.fullmatch(r"[a-z0-9_-]+", origin):
        raise InputError(f"{origin!r} is no name of small letters, digits and hyphens", field="origin")
    return Question(
        image=content,
        text=row["question"],
        rubric=dict(rubric),
        reference_answer=row.get("reference_answer") or rubric.get("reference_answer") or "",
        dimension=rubric["dimension"],
        question_type=row.get("question_type", rubric["dimension"]),
        level=row.get("level"),
        labels=tuple(rubric.get("labels", ())),
        wafer_id=str(row.get("group", row["image"])),
        origin=origin,
        extra={"id": f"{origin}/{name}"},
    )


def check_rubric(rubric: Any) -> Mapping[str, Any]:
    """Return the rubric when it follows the published schema and has something to score.

    Raises:
        InputError: Otherwise, naming the place inside the rubric.
    """
    error = next(iter(sorted(_validator().iter_errors(rubric), key=lambda found: len(found.path))), None)
    if error is not None:
        place = ".".join(["rubric", *map(str, error.absolute_path)])
        raise InputError(error.message[:160], field=place, remedy="see reward_fns/rubric.schema.json")
    if not load_rubric(rubric).must_hit:
        raise InputError("no must_hit item: nothing to score", field="rubric")
    checked: Mapping[str, Any] = rubric
    return checked


@lru_cache(maxsize=1)
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
