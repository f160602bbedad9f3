"""Measure difficulty: let a model answer each prompt several times, and write what it got right."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from verl_wafersage.errors import InputError
from verl_wafersage.evaluation.benchmark import collect_answers
from verl_wafersage.evaluation.rescore import rule_scores
from verl_wafersage.evaluation.rows import parquet_files, read_rows
from verl_wafersage.json_lines import read_json_lines
from verl_wafersage.llm import ChatError, ChatReply, ChatSettings

from .difficulty import LEVELS, level_of, measured_difficulty, structural_difficulty

COLUMNS = ("difficulty_measured", "difficulty_structure", "pass_rate", "answers")
"""Columns that `profile` adds."""

_CHUNK = 1000

Rewards = dict[str, list[float]]


@dataclass
class Outcome:
    """What a profile found.

    Attributes:
        files: Files written.
        rows: Prompts in them.
        answers: Answers that counted.
        unanswered: (row id, reason) of answers that did not come; they are left out of every rate.
        rates: Pass rate of each prompt with an answer.
        levels: Prompts per measured level.
    """

    files: list[Path] = field(default_factory=list)
    rows: int = 0
    answers: int = 0
    unanswered: list[tuple[str, str]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    levels: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LEVELS, 0))

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        rates = np.array(self.rates)
        return {
            "files": [str(file) for file in self.files],
            "rows": self.rows,
            "answers": self.answers,
            "unanswered": len(self.unanswered),
            "measured": len(rates),
            "pass_rate": float(rates.mean()) if len(rates) else None,
            "solved": float((rates >= 1).mean()) if len(rates) else None,
            "hopeless": float((rates <= 0).mean()) if len(rates) else None,
            "levels": self.levels,
        }


@dataclass(frozen=True)
class ProfileJob:
    """What to profile.

    Attributes:
        data: Parquet files, or folders of them.
        out: Folder to write to; None writes into a folder `profiled` beside each file.
        server: Model to ask; None asks nobody.
        rollouts: Rollouts of a run to count instead.
        samples: Answers per prompt to ask for.
        key: Score that counts as success.
    """

    data: Sequence[Path]
    out: Path | None = None
    server: ChatSettings | None = None
    rollouts: Sequence[Path] = ()
    samples: int = 8
    key: str = "acc"


def profile(
    job: ProfileJob, on_reply: Callable[[ChatReply | ChatError], None] = lambda reply: None
) -> Outcome:
    """Measure the difficulty of every prompt and write copies of the files with the columns `COLUMNS`.

    Without a server and rollouts the measured difficulty is the one the data gave, or the structural one.

    Raises:
        InputError: A file cannot be used; names it.
    """
    files, outcome = parquet_files(job.data), Outcome()
    counted = answers_of_rollouts(job.rollouts, key=job.key)
    for file in files:
        rewards = counted
        if job.server is not None:
            rewards = answers_of_server(
                file, job.server, samples=job.samples, key=job.key, outcome=outcome, on_reply=on_reply
            )
        folder = file.parent / "profiled" if job.out is None else job.out
        write_profile(file, folder / file.name, rewards, outcome)
    return outcome


def answers_of_server(
    file: Path,
    settings: ChatSettings,
    *,
    samples: int,
    key: str,
    outcome: Outcome,
    on_reply: Callable[[ChatReply | ChatError], None] = lambda reply: None,
) -> Rewards:
    """Rewards of `samples` answers to each row of a file, by row id.

    Args:
        file: Parquet, verl's schema, with rubrics.
        settings: The server; a `cache_dir` lets a killed run resume.
        samples: Answers per prompt.
        key: Output of the rubric reward that counts as success.
        outcome: Takes the answers that did not come.
        on_reply: Called as each answer comes.

    Raises:
        InputError: The reward has no such output, or the file cannot be used.
    """
    rewards: Rewards = {}
    rows = read_rows([file])
    while chunk := list(islice(rows, _CHUNK)):
        collected = collect_answers(chunk, settings, samples=samples, on_reply=on_reply)
        outcome.unanswered += collected.failures
        for answer, scores in zip(collected.answers, rule_scores(collected.answers), strict=True):
            if key not in scores:
                known = ", ".join(sorted(scores))
                raise InputError(
                    f"the reward returns no {key!r}", field="--key", remedy=f"it returns {known}"
                )
            rewards.setdefault(answer.id, []).append(_clipped(scores[key]))
    return rewards


def answers_of_rollouts(files: Iterable[Path], *, key: str) -> Rewards:
    """Rewards by row id (and by `#index`) from `rollouts/<step>.jsonl` of a run.

    Args:
        files: The files, or folders of them.
        key: Score that counts as success.

    Raises:
        InputError: A line has no id or no such score; names file and line.
    """
    rewards: Rewards = {}
    for file in _lines_files(files):
        for number, line in read_json_lines(file):
            name = line.get("id") or (None if line.get("index") is None else f"#{line['index']}")
            if name is None:
                raise InputError(
                    "no id", file=file, row=number, remedy="give the rollouts our replay buffer wrote"
                )
            if not isinstance(line.get(key), int | float):
                raise InputError(f"no score {key!r}", file=file, row=number, field="--key")
            rewards.setdefault(str(name), []).append(_clipped(line[key]))
    return rewards


def write_profile(file: Path, target: Path, rewards: Mapping[str, Sequence[float]], outcome: Outcome) -> None:
    """Copy a file with the columns `COLUMNS` added, one row group at a time; whole or absent.

    Args:
        file: Parquet, verl's schema. Pictures are copied as bytes.
        target: File to write; must not be `file` itself.
        rewards: Rewards by row id, or by `#index`.
        outcome: Takes the counts.
    """
    if target.resolve() == file.resolve():
        raise InputError("would overwrite the data", file=target, remedy="name another folder with --out")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.partial")
    try:
        with pq.ParquetFile(file) as source:
            schema = _without(source.schema_arrow)
            kinds = (pa.float64(), pa.float64(), pa.float64(), pa.int32())
            added = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
            whole = pa.schema([*schema, *added], metadata=schema.metadata)
            with pq.ParquetWriter(draft, whole, compression="zstd") as writer:
                number = 0
                for group in range(source.num_row_groups):
                    table = source.read_row_group(group, columns=schema.names)
                    columns = _columns(table, file, number, rewards, outcome)
                    for name, kind in zip(added.names, added.types, strict=True):
                        table = table.append_column(pa.field(name, kind), pa.array(columns[name], kind))
                    writer.write_table(table.cast(whole))
                    number += len(table)
        os.replace(draft, target)
    except pa.ArrowException as error:
        raise InputError(f"not a readable parquet file ({error})", file=file) from error
    finally:
        draft.unlink(missing_ok=True)
    outcome.files.append(target)


def _columns(
    table: pa.Table, file: Path, first: int, rewards: Mapping[str, Sequence[float]], outcome: Outcome
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    infos = _plain(table, "extra_info")
    truths = _plain(table, "reward_model")
    for k, (info, truth) in enumerate(zip(infos, truths, strict=True)):
        name = str(info.get("id") or info.get("index") or f"{file.stem}/{first + k}")
        got = rewards.get(name) or rewards.get(f"#{info.get('index')}") or []
        structure = _structure(info, truth)
        believed = info.get("difficulty")
        prior = believed if isinstance(believed, float) and 0 <= believed <= 1 else structure
        measured = measured_difficulty(got, 0.5 if prior is None else prior)
        rate = sum(got) / len(got) if got else None
        for column, value in zip(COLUMNS, (measured, structure, rate, len(got)), strict=True):
            columns[column].append(value)
        outcome.rows += 1
        outcome.answers += len(got)
        outcome.levels[level_of(measured)] += 1
        if rate is not None:
            outcome.rates.append(rate)
    return columns


def _structure(info: Mapping[str, Any], truth: Mapping[str, Any]) -> float | None:
    """Structural difficulty; None where the row's ground truth is no rubric of ours."""
    try:
        rubric = json.loads(truth.get("ground_truth") or "")
    except (json.JSONDecodeError, TypeError):
        return None
    if not isinstance(rubric, dict) or "version" not in rubric:
        return None
    return structural_difficulty(rubric, yes_no=info.get("question_type") == "consistency")


def _plain(table: pa.Table, name: str) -> list[dict[str, Any]]:
    if name not in table.column_names:
        return [{}] * len(table)
    return [value if isinstance(value, dict) else {} for value in table.column(name).to_pylist()]


def _without(schema: pa.Schema) -> pa.Schema:
    # Metadata of Hugging Face and pandas list the columns; with more columns they would be wrong.
    kept = [column for column in schema if column.name not in COLUMNS]
    metadata = {k: v for k, v in (schema.metadata or {}).items() if k not in (b"huggingface", b"pandas")}
    return pa.schema(kept, metadata=metadata)


def _lines_files(files: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for file in files:
        inside = sorted(file.glob("*.jsonl")) if file.is_dir() else [file]
        if not inside:
            raise InputError("no .jsonl file in this folder", file=file)
        found += inside
    return found


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, float(value)))
