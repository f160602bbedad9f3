"""One chunk of staged records to finished parquet parts, in any process, as often as it takes."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from time import thread_time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import InputError
from . import rows, staging, synthetic
from .evidence import facts_from
from .facts import Facts
from .prompts import counter, image_size, prompt_tokens
from .questions import AskOptions, ask
from .records import Question, Record, WaferMap
from .render import encode, scale
from .wordings import system_prompt
from .writer import ROW_GROUP, sha256, write_text

SLOTS = 16
"""Row numbers reserved for each wafer."""
VIEWS = {"rl": rows.RL_SCHEMA, "sft": rows.SFT_SCHEMA}
COUNTED = ("view", "split", "dimension", "level", "stream", "label", "skipped")


@dataclass(frozen=True)
class Job:
    """What every chunk of a conversion needs to know (picklable).

    Attributes:
        work: Folder of the staged records, the plan and the parts.
        source: The file or folder read, for messages.
        image_size: Side of rendered pictures.
        answer_style: plain or tags.
        ask: What to ask.
        wafers: Whether the pictures are wafer maps (the source `rows` may bring any).
        system: System message instead of the built-in one.
        max_prompt_tokens: Longer prompts are refused; None for any length.
        tokenizer: Tokenizer to count with.
        skip_bad: Whether refused rows are listed and skipped.
    """

    work: Path
    source: str | None = None
    image_size: int = 96
    answer_style: str = "plain"
    ask: AskOptions = field(default_factory=AskOptions)
    wafers: bool = True
    system: str | None = None
    max_prompt_tokens: int | None = 1024
    tokenizer: Path | None = None
    skip_bad: bool = False

    def done(self, chunk: int) -> Path:
        """The file that says that a chunk is complete."""
        return self.work / f"chunk-{chunk:05d}.json"

    def part(self, chunk: int, view: str, split: str) -> Path:
        """One part of a chunk."""
        return self.work / f"{view}-{split}-{chunk:05d}.parquet"


@lru_cache(maxsize=1)
def _plan(path: Path) -> pa.Table:
    return pq.read_table(path, columns=["group", "split", "stream"], memory_map=True)


def write_chunk(job: Job, chunk: int) -> dict[str, Any]:
    """Write the parts of one chunk and, last, its report; a chunk that has a report is left alone."""
    if job.done(chunk).exists():
        return dict(json.loads(job.done(chunk).read_text()))
    clock = _Clock()
    counts: dict[str, Counter[str]] = {name: Counter() for name in COUNTED}
    bad: list[dict[str, Any]] = []
    token_count = counter(job.tokenizer)
    with _Parts(job, chunk, clock) as parts:
        start = chunk * staging.CHUNK
        plan = _plan(job.work / "splits.parquet").slice(start, staging.CHUNK).to_pylist()
        staged = clock.stream("read", staging.read(job.work / "records.arrow", chunk))
        for offset, (record, planned) in enumerate(zip(staged, plan, strict=True)):
            number = start + offset
            made = questions_of(record, job, clock)
            if isinstance(record, WaferMap) and not made:
                counts["skipped"]["no certain fact"] += 1
            for slot, question in enumerate(made):
                index = number * SLOTS + slot
                place = rows.Place(index, planned["split"], planned["stream"], planned["group"])
                style = rows.Style(job.system or _system(question, job), job.answer_style)
                try:
                    _check_length(question, style, job, token_count)
                except InputError as error:
                    if not job.skip_bad:
                        raise InputError(
                            error.problem,
                            file=job.source,
                            row=record.wafer_id,
                            field=error.field,
                            remedy=error.remedy,
                        ) from error
                    where = {"file": job.source, "row": record.wafer_id, "field": error.field}
                    bad.append(where | {"problem": error.problem})
                    continue
                clock.start()
                if question.rubric is not None:
                    parts.add("rl", planned["split"], rows.rl_row(question, place, style))
                    _count(counts, question, planned)
                    counts["view"]["rl"] += 1
                if planned["stream"] != "learning" or question.rubric is None:
                    counts["view"]["sft"] += 1
                    parts.add("sft", planned["split"], rows.sft_row(question, place, style))
                clock.stop("text")
    report = {
        "files": parts.finish(),
        "counts": {name: dict(counter) for name, counter in counts.items()},
        "bad": bad,
        "seconds": clock.seconds,
    }
    write_text(json.dumps(report), job.done(chunk))
    return report


def questions_of(record: Record, job: Job, clock: _Clock | None = None) -> list[Question]:
    """The record itself when it is a question, else the questions about the wafer."""
    if isinstance(record, Question):
        return [record]
    clock = clock or _Clock()
    clock.start()
    facts = facts_of(record)
    clock.stop("geometry")
    pixels = scale(record.grid, job.image_size)
    clock.stop("render")
    image = encode(pixels)
    clock.stop("png")
    made = list(ask(facts, image, record.wafer_id, record.origin, job.ask))
    for question in made:
        question.extra.update(oriented=record.oriented, lot=record.lot)
    clock.stop("text")
    return made


def facts_of(wafer: WaferMap) -> Facts:
    """What is known about a wafer: exactly when it was drawn, else as labelled and measured."""
    if isinstance(wafer.truth, synthetic.Truth):
        return synthetic.facts_of(wafer.truth, wafer.grid)
    return facts_from(wafer.grid, wafer.labels)


def _system(question: Question, job: Job) -> str:
    drawn = "kind" in question.extra
    return system_prompt(job.answer_style, wafers=job.wafers, colours=drawn, concise=job.ask.concise)


def _check_length(question: Question, style: rows.Style, job: Job, count: Callable[[str], int]) -> None:
    drawn = "kind" in question.extra
    size = (job.image_size, job.image_size) if drawn else image_size(question.image)
    if job.max_prompt_tokens is None:
        return
    tokens = prompt_tokens(rows.prompt_of(question, style), size, count)
    if tokens > job.max_prompt_tokens:
        raise InputError(
            f"a prompt of about {tokens} tokens exceeds {job.max_prompt_tokens}",
            field="prompt",
            remedy="raise --max-prompt-tokens (and verl's data.max_prompt_length) or pass --skip-bad",
        )


def _count(counts: dict[str, Counter[str]], question: Question, planned: dict[str, Any]) -> None:
    counts["split"][planned["split"]] += 1
    counts["dimension"][question.dimension] += 1
    counts["level"][question.level or "unknown"] += 1
    counts["stream"][planned["stream"] or "none"] += 1
    counts["label"]["+".join(question.labels) or "unlabelled"] += 1


class _Clock:
    """Processor seconds spent per stage (on a busy machine, wall time would measure the others)."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = 0.0

    def start(self) -> None:
        self._since = thread_time()

    def stop(self, stage: str) -> None:
        now = thread_time()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now

    def stream(self, stage: str, items: Iterator[Record]) -> Iterator[Record]:
        while True:
            self.start()
            item = next(items, None)
            self.stop(stage)
            if item is None:
                return
            yield item


class _Parts:
    """Open parquet writers of a chunk, one per view and split, buffering one row group each."""

    def __init__(self, job: Job, chunk: int, clock: _Clock) -> None:
        self._job, self._chunk, self._clock = job, chunk, clock
        self._held: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._writers: dict[tuple[str, str], pq.ParquetWriter] = {}
        self._stack = ExitStack()
        self._written: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                for key in list(self._held):
                    self._flush(key)
        finally:
            self._stack.close()

    def add(self, view: str, split: str, row: dict[str, Any]) -> None:
        held = self._held.setdefault((view, split), [])
        held.append(row)
        if len(held) >= ROW_GROUP:
            self._flush((view, split))

    def finish(self) -> list[dict[str, Any]]:
        """Give the parts their names; returns one entry each with rows, bytes and checksum."""
        self._clock.start()
        files = []
        for (view, split), count in sorted(self._written.items()):
            part = self._job.part(self._chunk, view, split)
            os.replace(_partial(part), part)
            entry = {"view": view, "split": split, "name": part.name, "rows": count}
            files.append(entry | {"bytes": part.stat().st_size, "sha256": sha256(part)})
        self._clock.stop("write")
        return files

    def _flush(self, key: tuple[str, str]) -> None:
        held = self._held.pop(key, [])
        if not held:
            return
        self._clock.start()
        if key not in self._writers:
            file = _partial(self._job.part(self._chunk, *key))
            writer = pq.ParquetWriter(file, VIEWS[key[0]], compression="zstd")
            self._writers[key] = self._stack.enter_context(writer)
        self._writers[key].write_table(rows.table(held, VIEWS[key[0]]), row_group_size=ROW_GROUP)
        self._written[key] += len(held)
        self._clock.stop("write")


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.partial")
