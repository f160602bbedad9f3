"""One call from a source to a folder that verl trains on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ..errors import InputError
from . import readers, rows, synthetic
from .evidence import facts_from
from .facts import Facts
from .questions import AskOptions, ask
from .records import Question, ReadOptions, Record, WaferMap
from .render import check_side, render
from .splits import SPLITS, SplitOptions, split_of, stream_of
from .wordings import system_prompt
from .writer import sha256, shard_name, write_table, write_text

ANSWER_STYLES = ("plain", "tags")
SLOTS = 16
"""Row numbers reserved for each wafer."""


@dataclass(frozen=True)
class ConvertOptions:
    """How to convert.

    Attributes:
        count: Wafers to draw (source `synthetic`) or to read at most; None for all (synthetic: 1000).
        seed: Seed of synthetic wafers and of wordings.
        image_size: Side of rendered pictures, a multiple of 32: 96 gives 9 image tokens (tiny models),
            224 gives 49 (Qwen3-VL-4B).
        answer_style: `plain`, or `tags` for <REASONING> and <SOLUTION>.
        ask: What to ask about each wafer.
        splits: Shares of the splits and streams.
        read: What readers accept.
        command: The command line, for the manifest.
    """

    count: int | None = None
    seed: int = 0
    image_size: int = 96
    answer_style: str = "plain"
    ask: AskOptions = field(default_factory=AskOptions)
    splits: SplitOptions = field(default_factory=SplitOptions)
    read: ReadOptions = field(default_factory=ReadOptions)
    command: str = ""


@dataclass(frozen=True)
class Manifest:
    """What a conversion produced, as in `manifest.json`.

    Attributes:
        rows: Rows for reinforcement learning.
        wafers: Wafers (or pictures) they are about.
        files: Path relative to the output folder -> rows, bytes, sha256.
        counts: Rows by split, dimension, level, stream and label.
        command: The command line.
    """

    rows: int
    wafers: int
    files: dict[str, dict[str, Any]]
    counts: dict[str, dict[str, int]]
    command: str = ""


def convert(source: str, path: Path | None, out: Path, options: ConvertOptions | None = None) -> Manifest:
    """Convert `source` at `path` into parquet files under `out`.

    Raises:
        InputError: For bad options or input; nothing is left half-written.
    """
    options = options or ConvertOptions()
    if options.answer_style not in ANSWER_STYLES:
        raise InputError(
            f"{options.answer_style!r} is none of {', '.join(ANSWER_STYLES)}", field="answer_style"
        )
    check_side(options.image_size)
    kept: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    tuned: dict[str, list[dict[str, Any]]] = {split: [] for split in SPLITS}
    counts: dict[str, Counter[str]] = {
        name: Counter() for name in ("split", "dimension", "level", "stream", "label")
    }
    wafers = 0
    for wafers, record in enumerate(_records(source, path, options), start=1):
        group = (
            f"{record.origin}/{record.lot or record.wafer_id}"
            if isinstance(record, WaferMap)
            else record.wafer_id
        )
        split = split_of(group, options.splits)
        stream = stream_of(group, options.splits) if split == "train" else None
        for slot, question in enumerate(questions_of(record, options)):
            place = rows.Place((wafers - 1) * SLOTS + slot, split, stream, group)
            style = rows.Style(_system(question, options), options.answer_style)
            if question.rubric is not None:
                kept[split].append(rows.rl_row(question, place, style))
                counts["split"][split] += 1
                counts["dimension"][question.dimension] += 1
                counts["level"][question.level or "unknown"] += 1
                counts["stream"][stream or "none"] += 1
                counts["label"]["+".join(question.labels) or "unlabelled"] += 1
            if stream != "learning":
                tuned[split].append(rows.sft_row(question, place, style))
    if not wafers:
        raise InputError("no wafers or questions found", file=path)
    files = {}
    for folder, content, schema in (("", kept, rows.RL_SCHEMA), ("sft", tuned, rows.SFT_SCHEMA)):
        for split in SPLITS:
            file = out / folder / shard_name(split, 0, 1)
            write_table(rows.table(content[split], schema), file)
            size = {"rows": len(content[split]), "bytes": file.stat().st_size, "sha256": sha256(file)}
            files[file.relative_to(out).as_posix()] = size
    manifest = Manifest(
        sum(counts["split"].values()),
        wafers,
        files,
        {name: dict(sorted(counter.items())) for name, counter in counts.items()},
        options.command,
    )
    write_text(json.dumps(manifest.__dict__, indent=1), out / "manifest.json")
    return manifest


def questions_of(record: Record, options: ConvertOptions) -> Iterator[Question]:
    """The record itself when it is a question, else the questions about the wafer."""
    if isinstance(record, Question):
        yield record
        return
    image = render(record.grid, options.image_size)
    yield from ask(facts_of(record), image, record.wafer_id, record.origin, options.ask)


def facts_of(wafer: WaferMap) -> Facts:
    """What is known about a wafer."""
    if wafer.truth is not None:
        return synthetic.facts_of(wafer.truth, wafer.grid)
    return facts_from(wafer.grid, wafer.labels)


def _records(source: str, path: Path | None, options: ConvertOptions) -> Iterator[Record]:
    if source == "synthetic":
        yield from synthetic.generate(1000 if options.count is None else options.count, options.seed)
        return
    if path is None:
        raise InputError("this source needs an input file or folder", field="IN")
    yield from islice(readers.read(source, path, options.read), options.count)


def _system(question: Question, options: ConvertOptions) -> str:
    drawn = "kind" in question.extra
    return system_prompt(
        options.answer_style, wafers=question.origin != "rows", colours=drawn, concise=options.ask.concise
    )
