"""One call from a source to a folder that verl trains on: stage, plan, write shards, publish.

Everything happens in `OUT/.work` until the last step renames finished files into place and writes the
manifest. So a kill at any moment leaves no file that a loader would take for whole, and a re-run with
the same input and options continues with the chunks that are missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from verl_wafersage import __version__

from ..errors import InputError
from . import contact_sheet, planning, pool, readers, staging, synthetic
from .card import card
from .manifest import FILE, Manifest, load
from .questions import AskOptions
from .records import Question, ReadOptions, Record
from .render import check_side
from .shards import COUNTED, Job
from .splits import SPLITS, SplitOptions
from .writer import shard_name, write_bytes, write_text

ANSWER_STYLES = ("plain", "tags")
WORK = ".work"
Progress = Callable[[str, int, int], None]
"""Called with a stage's name, steps done and steps in all (0 when unknown)."""


@dataclass(frozen=True)
class ConvertOptions:
    """How to convert.

    Attributes:
        count: Wafers to draw (source `synthetic`, by default 1000) or records to read at most.
        seed: Seed of synthetic wafers and of wordings.
        image_size: Side of rendered pictures, a multiple of 32: 96 gives 9 image tokens (tiny models),
            256 gives 64 (Qwen3-VL-4B, which enlarges anything smaller to that).
        answer_style: `plain`, or `tags` for <REASONING> and <SOLUTION>.
        ask: What to ask about each wafer.
        splits: Shares of the splits and streams.
        read: What readers accept.
        command: The command line, for the manifest.
        system: System message instead of the built-in one.
        max_prompt_tokens: Longest prompt in tokens; None for any.
        tokenizer: A tokenizer.json (or a model's folder) to count with; estimated without.
        unlabelled: Whether wafers without labels are used where geometry is sure of what it sees.
        skip_bad: Skip bad rows and list them in `quarantine.jsonl` instead of stopping at the first.
        keep_splits: Folder of an earlier conversion whose wafers keep their splits.
        workers: Processes.
    """

    count: int | None = None
    seed: int = 0
    image_size: int = 96
    answer_style: str = "plain"
    ask: AskOptions = field(default_factory=AskOptions)
    splits: SplitOptions = field(default_factory=SplitOptions)
    read: ReadOptions = field(default_factory=ReadOptions)
    command: str = ""
    system: str | None = None
    max_prompt_tokens: int | None = 1024
    tokenizer: Path | None = None
    unlabelled: bool = False
    skip_bad: bool = False
    keep_splits: Path | None = None
    workers: int = 1


def convert(
    source: str,
    path: Path | None,
    out: Path,
    options: ConvertOptions | None = None,
    progress: Progress | None = None,
) -> Manifest:
    """Convert `source` at `path` into parquet files under `out`.

    Args:
        source: A name of `readers.READERS`, or `synthetic`.
        path: File or folder to read; None for `synthetic`.
        out: Output folder; an earlier conversion there is replaced once the new one is complete.
        options: How to convert.
        progress: Told how far each stage is.

    Raises:
        InputError: For bad options or input; no parquet file is left half-written.
    """
    options = options or ConvertOptions()
    progress = progress or (lambda stage, done, total: None)
    _check(source, path, out, options)
    mark = _fingerprint(source, path, options)
    before = load(out)
    if before is not None and before.fingerprint == mark:
        return before
    work = out / WORK
    staged = _stage(source, path, work, mark, options, progress)
    job = Job(
        work=work,
        source=str(path) if path else None,
        image_size=options.image_size,
        answer_style=options.answer_style,
        ask=options.ask,
        wafers=source != "rows",
        system=options.system,
        max_prompt_tokens=options.max_prompt_tokens,
        tokenizer=options.tokenizer,
        skip_bad=options.skip_bad,
    )
    reports = list(pool.run(job, staging.chunks(work / "records.arrow"), options.workers, progress))
    manifest = _publish(out, staged, reports, source, mark, options)
    shutil.rmtree(work)
    return manifest


def _check(source: str, path: Path | None, out: Path, options: ConvertOptions) -> None:
    if options.answer_style not in ANSWER_STYLES:
        raise InputError(
            f"{options.answer_style!r} is none of {', '.join(ANSWER_STYLES)}", field="answer_style"
        )
    check_side(options.image_size)
    if source != "synthetic" and source not in readers.READERS:
        next(iter(readers.read(source, Path())))  # raises the registry's own error
    if source != "synthetic" and path is None:
        raise InputError("this source needs an input file or folder", field="IN")
    if path is not None and not path.exists() and not source.startswith("wafersage-"):
        raise InputError("no such file or folder", file=path)
    if out.exists() and not out.is_dir():
        raise InputError("the output is a file, not a folder", file=out, field="OUT")


def _fingerprint(source: str, path: Path | None, options: ConvertOptions) -> str:
    """Hash of everything that decides the output: input (by size and time), options, version."""
    plain = _plain_options(options)
    files = sorted(path.rglob("*")) if path is not None and path.is_dir() else [path] if path else []
    stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file()]
    text = json.dumps([__version__, source, str(path), stats, plain], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain_options(options: ConvertOptions) -> dict[str, Any]:
    settings = {"trust_pickle": options.read.trust_pickle, "settings": options.read.settings}
    plain = asdict(replace(options, read=ReadOptions())) | {"read": settings}
    for name in ("command", "workers"):
        plain.pop(name)
    plain["ask"]["levels"] = dict(options.ask.levels)
    return dict(json.loads(json.dumps(plain, default=str)))


def _stage(
    source: str, path: Path | None, work: Path, mark: str, options: ConvertOptions, progress: Progress
) -> dict[str, Any]:
    """Spill the records, plan their splits, draw the contact sheet; done at most once."""
    done = work / "staged.json"
    if done.exists():
        told: dict[str, Any] = json.loads(done.read_text())
        if told["fingerprint"] == mark:
            return told
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        return _stage_anew(source, path, work, mark, options, progress)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        _remove_if_empty(work.parent)
        raise


def _stage_anew(
    source: str, path: Path | None, work: Path, mark: str, options: ConvertOptions, progress: Progress
) -> dict[str, Any]:
    bad: list[dict[str, Any]] = []

    def on_bad(error: InputError) -> None:
        if not options.skip_bad:
            raise error
        bad.append({"file": error.file, "row": error.row, "field": error.field, "problem": error.problem})

    skipped: Counter[str] = Counter()
    sampler = contact_sheet.Sampler()
    read = replace(options.read, on_bad=on_bad)
    records = _kept(_records(source, path, replace(options, read=read)), options, skipped)
    wafers = staging.write(_told(sampler.watch(records), progress), work / "records.arrow")
    if not wafers:
        why = f" ({skipped['unlabelled']} unlabelled wafers skipped)" if skipped else ""
        raise InputError(f"no usable wafers or questions{why}", file=path)
    earlier = planning.earlier_splits(options.keep_splits) if options.keep_splits else []
    progress("plan", 0, 1)
    groups = planning.plan(_all(work / "records.arrow"), work / "splits.parquet", options.splits, earlier)
    progress("plan", 1, 1)
    write_bytes(contact_sheet.draw(sampler.chosen), work / "contact_sheet.png")
    told = {"fingerprint": mark, "wafers": wafers, "groups": groups, "bad": bad, "skipped": dict(skipped)}
    write_text(json.dumps(told), work / "staged.json")
    return told


def _records(source: str, path: Path | None, options: ConvertOptions) -> Iterator[Record]:
    if source == "synthetic":
        yield from synthetic.generate(1000 if options.count is None else options.count, options.seed)
    elif path is not None:
        yield from islice(readers.read(source, path, options.read), options.count)


def _kept(records: Iterator[Record], options: ConvertOptions, skipped: Counter[str]) -> Iterator[Record]:
    for record in records:
        if not record.labels and not isinstance(record, Question) and not options.unlabelled:
            skipped["unlabelled"] += 1
        else:
            yield record


def _told(records: Any, progress: Progress) -> Iterator[Record]:
    for done, record in enumerate(records):
        if done % 500 == 0:
            progress("read", done, 0)
        yield record


def _all(path: Path) -> Iterator[Record]:
    for chunk in range(staging.chunks(path)):
        yield from staging.read(path, chunk)


def _publish(
    out: Path,
    staged: dict[str, Any],
    reports: list[dict[str, Any]],
    source: str,
    mark: str,
    options: ConvertOptions,
) -> Manifest:
    """Rename the parts into place, then write what describes them; the manifest comes last."""
    work = out / WORK
    bad = [*staged["bad"], *(entry for report in reports for entry in report["bad"])]
    counts = {name: Counter[str]() for name in COUNTED}
    counts["skipped"].update(staged["skipped"])
    seconds: Counter[str] = Counter()
    for report in reports:
        for name, counted in report["counts"].items():
            counts[name].update(counted)
        seconds.update(report["seconds"])
    rows = sum(counts["split"].values())
    if not rows and not any(report["files"] for report in reports):
        raise InputError("no row survived", file=out, remedy="see the reasons with --skip-bad")
    (out / FILE).unlink(missing_ok=True)
    files: dict[str, dict[str, Any]] = {}
    for view, folder in (("rl", ""), ("sft", "sft")):
        for split in SPLITS:
            parts = [
                part
                for report in reports
                for part in report["files"]
                if part["view"] == view and part["split"] == split
            ]
            for number, part in enumerate(parts):
                name = (Path(folder) / shard_name(split, number, len(parts))).as_posix()
                _move(work / part["name"], out / name)
                files[name] = {key: part[key] for key in ("rows", "bytes", "sha256")}
    for name in ("splits.parquet", "contact_sheet.png"):
        _move(work / name, out / name)
    _remove_old(out, set(files))
    (out / "quarantine.jsonl").unlink(missing_ok=True)
    if bad:
        lines = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in bad)
        write_text(lines, out / "quarantine.jsonl")
    manifest = Manifest(
        source=source,
        rows=rows,
        wafers=staged["wafers"],
        groups=staged["groups"],
        files=files,
        counts={name: dict(sorted(counter.items())) for name, counter in counts.items() if counter},
        bad=len(bad),
        options=_plain_options(options),
        command=options.command,
        version=__version__,
        fingerprint=mark,
        seconds={name: round(value, 2) for name, value in seconds.items()},
    )
    write_text(card(manifest), out / "README.md")
    manifest.write(out)
    return manifest


def _move(part: Path, place: Path) -> None:
    """Rename; a part that an interrupted run has renamed already is left where it is."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if part.exists() or not place.exists():
        os.replace(part, place)


def _remove_old(out: Path, kept: set[str]) -> None:
    """Remove shards of an earlier conversion, so that a glob never mixes two."""
    for file in [*out.glob("*-?????-of-?????.parquet"), *(out / "sft").glob("*-?????-of-?????.parquet")]:
        if file.relative_to(out).as_posix() not in kept:
            file.unlink()


def _remove_if_empty(folder: Path) -> None:
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
