"""The verb `convert`: every wafer source to verl parquet."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import typer

from .arguments import check_paths, named_values


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(convert)


def convert(
    source: str = typer.Argument(
        help="synthetic, wm811k, mixedwm38, images, csv, rows, wafersage-rubrics, wafersage-vqa, stdf, "
        "klarf, g85, e142 or sinf."
    ),
    paths: list[Path] = typer.Argument(
        metavar="[IN] OUT", help="Input (not for synthetic) and output folder."
    ),
    count: int = typer.Option(None, min=1, help="Wafers to draw, or records to read at most."),
    seed: int = typer.Option(0, help="Seed of synthetic wafers, wordings and splits."),
    image_size: int = typer.Option(96, help="Side of the pictures in pixels, a multiple of 32; 256 for 4B."),
    answer_style: str = typer.Option("plain", help="plain, or tags for <REASONING> and <SOLUTION>."),
    concise: bool = typer.Option(False, help="Questions and answers of a few words, for small models."),
    per_wafer: int = typer.Option(10, min=1, max=13, help="Most questions about one wafer."),
    full: bool = typer.Option(True, help="Ask for the full analysis too."),
    dimension: list[str] = typer.Option([], help="Only this dimension (repeat for more)."),
    val: float = typer.Option(0.1, help="Share of wafers for validation."),
    test: float = typer.Option(0.1, help="Share of wafers for testing."),
    review: float = typer.Option(0.5, help="Share of training wafers that fine-tuning sees too."),
    system: str = typer.Option(None, help="System message instead of the built-in one."),
    max_prompt_tokens: int = typer.Option(1024, min=0, help="Longest prompt in tokens; 0 for any."),
    tokenizer: Path = typer.Option(None, help="tokenizer.json or model folder to count tokens with."),
    unlabelled: bool = typer.Option(False, help="Use unlabelled wafers where geometry is sure."),
    option: list[str] = typer.Option([], help="Option of the reader as NAME=VALUE (repeat for more)."),
    skip_bad: bool = typer.Option(False, help="List bad rows in quarantine.jsonl and go on."),
    trust_pickle: bool = typer.Option(False, help="Let a pickle run code: only for files of known origin."),
    keep_splits: Path = typer.Option(None, help="Earlier output whose wafers keep their splits."),
    workers: int = typer.Option(0, min=0, help="Processes; 0 for one per core."),
    as_json: bool = typer.Option(False, "--json", help="Print the manifest on stdout."),
) -> None:
    """Convert a source of wafer maps or questions to parquet that verl trains on."""
    from rich.console import Console
    from rich.progress import Progress

    from verl_wafersage.data_prep.convert import ConvertOptions
    from verl_wafersage.data_prep.convert import convert as run
    from verl_wafersage.data_prep.questions import AskOptions
    from verl_wafersage.data_prep.records import ReadOptions
    from verl_wafersage.data_prep.splits import SplitOptions

    check_paths("convert", source, paths)
    settings = named_values(option)
    asked = AskOptions(
        per_wafer=per_wafer, full=full, concise=concise, dimensions=tuple(dimension), seed=seed
    )
    options = ConvertOptions(
        count=count,
        seed=seed,
        image_size=image_size,
        answer_style=answer_style,
        ask=asked,
        splits=SplitOptions(val=val, test=test, review=review, seed=seed),
        read=ReadOptions(trust_pickle=trust_pickle, settings=settings),
        command=shlex.join(["verl-wafersage", *sys.argv[1:]]),
        system=system,
        max_prompt_tokens=max_prompt_tokens or None,
        tokenizer=tokenizer,
        unlabelled=unlabelled,
        skip_bad=skip_bad,
        keep_splits=keep_splits,
        workers=workers or os.cpu_count() or 1,
    )
    console = Console(stderr=True)
    with Progress(console=console, transient=True) as bars:
        tasks = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total or None)
            bars.update(tasks[stage], completed=done, total=total or None)

        manifest = run(source, paths[0] if len(paths) == 2 else None, paths[-1], options, show)
    if as_json:
        typer.echo(json.dumps(asdict(manifest)))
        return
    console.print(
        f"{manifest.rows:,} questions about {manifest.wafers:,} records in {paths[-1]}", highlight=False
    )
    for name, number in manifest.counts.get("skipped", {}).items():
        console.print(f"{number:,} wafers skipped: {name}", highlight=False)
    if manifest.bad:
        console.print(f"{manifest.bad:,} bad rows: {paths[-1] / 'quarantine.jsonl'}", highlight=False)
