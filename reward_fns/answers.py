"""Answers to score, read from the files people have: JSON lines of ours or of verl, or parquet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..json_lines import read_json_lines

ANSWER_FIELDS = ("answer", "output", "solution_str", "response", "text", "reference_answer")
RUBRIC_FIELDS = ("ground_truth", "gts", "rubric")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer with all that its score depends on."""

    name: str
    answer: object
    ground_truth: str
    extra_info: Mapping[str, Any]


def read_answers(file: Path, answer_field: str | None = None) -> Iterator[Answer]:
    """Read the answers of a file.

    A row has an answer (`answer`, verl's `output`, `solution_str`, `response`, `text`, or failing these
    `reference_answer`), a rubric (`ground_truth`, verl's `gts`, `rubric`, or
    `reward_model.ground_truth`) and maybe `question` (or verl's `input`), `answer_style`, `id`,
    `extra_info`.

    Args:
        file: JSON lines (`.jsonl`, verl's dumps) or parquet.
        answer_field: The field that holds the answer, when none of the usual ones does.

    Raises:
        InputError: The file cannot be read or a row lacks an answer or a rubric; names the row.
    """
    rows = _parquet(file) if file.suffix == ".parquet" else read_json_lines(file)
    for number, row in rows:
        yield _answer(row, number, file, answer_field)


def question_of(row: Mapping[str, Any]) -> str:
    """Return the question a row's answer was given to; "" where the row does not tell.

    Rows of ours name it. verl's dumps have the decoded chat in `input` instead, without special tokens: a
    line `user`, the question, a line `assistant` and what the template opens an answer with. A prompt of
    another form is no question, since its instructions would be read as what is asked for.
    """
    extra = row.get("extra_info")
    for source in (row, extra if isinstance(extra, Mapping) else {}):
        if isinstance(named := source.get("question"), str) and named:
            return named
    prompt = row.get("input")
    if not isinstance(prompt, str):
        return ""
    _, user, turn = f"\n{prompt}".rpartition("\nuser\n")
    question = f"\n{turn}\n".rpartition("\nassistant\n")[0]
    return question.strip() if user else ""


def _parquet(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(file)
        columns = [name for name in table.schema_arrow.names if name != "images"]
        number = 0
        for batch in table.iter_batches(batch_size=256, columns=columns):
            for row in batch.to_pylist():
                yield number, row
                number += 1
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"cannot read it ({error})", file=file) from error


def _answer(row: Mapping[str, Any], number: int, file: Path, answer_field: str | None) -> Answer:
    given = row.get("extra_info")
    extra = dict(given) if isinstance(given, Mapping) else {}
    if row.get("answer_style") is not None:
        extra.setdefault("answer_style", row["answer_style"])
    if not extra.get("question"):
        # The question weighs what it asks for: without it the score is not the one the run gave.
        extra["question"] = question_of(row)
    fields = (answer_field,) if answer_field else ANSWER_FIELDS
    found = next(
        (source[name] for source in (row, extra) for name in fields if source.get(name) is not None), None
    )
    if found is None:
        remedy = f"name its field; looked for {', '.join(fields)}"
        raise InputError("no answer", file=file, row=number, remedy=remedy)
    rubric = next((row[name] for name in RUBRIC_FIELDS if row.get(name) is not None), None)
    if rubric is None and isinstance(row.get("reward_model"), Mapping):
        rubric = row["reward_model"].get("ground_truth")
    if rubric is None:
        remedy = f"needs one of {', '.join(RUBRIC_FIELDS)}, reward_model.ground_truth"
        raise InputError("no rubric", file=file, row=number, remedy=remedy)
    text = rubric if isinstance(rubric, str) else json.dumps(rubric)
    return Answer(str(row.get("id", extra.get("id", number))), found, text, extra)
