"""Verbs around the quality of data: audit, synthesize."""

from __future__ import annotations

import json
import os
from pathlib import Path

import typer

from .arguments import check_paths, named_values


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(audit)
    app.command()(synthesize)


def audit(
    data: Path = typer.Argument(help="Output folder of convert, or one parquet file in verl's schema."),
    out: Path = typer.Option(None, help="Folder for report.html, report.json, findings.jsonl. [DATA-audit]"),
    fix: bool = typer.Option(False, "--fix", help="Also write a repaired copy to DATA-repaired."),
    fixed_out: Path = typer.Option(None, help="Folder of the repaired copy."),
    threshold: float = typer.Option(0.7, help="Score each reference answer must reach under its rubric."),
    reward: str = typer.Option("rubric", help="Reward to judge by: rubric, or paper (the published rule)."),
    lexicon: str = typer.Option(None, help="Lexicon of the reward: a YAML file, or none. [wafers]"),
    sample: float = typer.Option(1.0, help="Share of rows whose rubrics are tried."),
    noise: bool = typer.Option(True, help="Look for label noise."),
    against: list[Path] = typer.Option(
        [], help="Another set in use: its splits may not share wafers either."
    ),
    seed: int = typer.Option(0, help="Seed of the sample and of the clustering."),
    workers: int = typer.Option(0, min=0, help="Processes; 0 for one per core."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as JSON on stdout."),
) -> None:
    """Check a converted data set: rubrics, pictures, labels, splits. Exit status 1 when a check fails."""
    from rich.console import Console
    from rich.progress import Progress

    from verl_wafersage.data_prep.audit import AuditOptions
    from verl_wafersage.data_prep.audit import audit as run
    from verl_wafersage.data_prep.audit.checks import RowOptions
    from verl_wafersage.data_prep.audit.fix import fix as repair
    from verl_wafersage.data_prep.audit.rows import row_count
    from verl_wafersage.data_prep.audit.table import table

    scoring = {} if lexicon is None else {"lexicon": lexicon}
    beside = data.resolve()
    out = out or beside.with_name(f"{beside.stem if data.is_file() else beside.name}-audit")
    fixed_out = fixed_out or beside.with_name(f"{beside.stem if data.is_file() else beside.name}-repaired")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("audit", total=row_count(data) * (2 if fix else 1))
        options = AuditOptions(
            RowOptions(threshold, reward, scoring),
            sample,
            noise,
            tuple(against),
            seed,
            workers or os.cpu_count() or 1,
            on_row=lambda: progress.advance(task),
        )
        report = run(data, out, options)
        fixed = repair(data, fixed_out, options) if fix else None
    if as_json:
        extra = {} if fixed is None else {"fixed": vars(fixed)}
        typer.echo(json.dumps({**report.to_json(), "out": str(out), **extra}, ensure_ascii=False))
    else:
        console = Console()
        console.print(table(report))
        console.print(f"report: {out / 'report.html'}", soft_wrap=True)
        if fixed is not None:
            changed = f"{fixed.repaired} of all changed ({fixed.changes} changes)"
            kept = f"{fixed.rows} rows kept, {changed}, {fixed.quarantined} set aside"
            console.print(f"repaired: {kept}, in {fixed_out}", soft_wrap=True)
    if not report.passed:
        raise typer.Exit(1)


def synthesize(
    source: str = typer.Argument(help="A source of convert: synthetic, wm811k, mixedwm38, images, csv, ..."),
    paths: list[Path] = typer.Argument(
        metavar="[IN] OUT", help="Input (not for synthetic) and output folder."
    ),
    server: str = typer.Option(help="Address of the model with eyes, e.g. http://localhost:8000/v1."),
    model: str = typer.Option(help="Its name there, e.g. Qwen/Qwen3-VL-8B-Instruct."),
    writer_server: str = typer.Option(None, help="Address of the model that writes. [the same]"),
    writer_model: str = typer.Option(None, help="Its name there. [the same]"),
    questions: int = typer.Option(8, help="Questions about each wafer."),
    count: int = typer.Option(None, min=1, help="Wafers to draw (synthetic: 100), or to read at most."),
    image_size: int = typer.Option(256, help="Side of the pictures in pixels, a multiple of 32."),
    check_labels: bool = typer.Option(True, help="Refuse wafers described otherwise than labelled."),
    threshold: float = typer.Option(0.7, help="Score each reference answer must reach under its rubric."),
    prompts: Path = typer.Option(None, help="Folder with describe.md, rubric.md, questions.md of your own."),
    concurrency: int = typer.Option(8, help="Requests in flight."),
    timeout: float = typer.Option(300.0, help="Seconds for one request."),
    attempts: int = typer.Option(4, help="Tries of one request."),
    max_tokens: int = typer.Option(4096, help="Longest answer."),
    temperature: float = typer.Option(0.3, help="Sampling temperature."),
    option: list[str] = typer.Option([], help="Option of the reader as NAME=VALUE (repeat for more)."),
    seed: int = typer.Option(0, help="Seed of synthetic wafers and of sampling."),
    as_json: bool = typer.Option(False, "--json", help="Print the outcome on stdout."),
) -> None:
    """Let models describe wafers and write rubrics and questions, for `convert rows OUT/rows.jsonl`.

    The key, if the server wants one, is read from VERL_WAFERSAGE_API_KEY. Exit status 1 when some wafers
    got no answer: run again, what was answered is kept.
    """
    from collections.abc import Iterable
    from itertools import islice

    from rich.console import Console
    from rich.progress import Progress

    from verl_wafersage.data_prep import readers, synthetic
    from verl_wafersage.data_prep.audit.checks import RowOptions
    from verl_wafersage.data_prep.records import ReadOptions, Record
    from verl_wafersage.data_prep.synthesis import SynthesisOptions
    from verl_wafersage.data_prep.synthesis import synthesize as run
    from verl_wafersage.llm import ChatSettings

    check_paths("synthesize", source, paths)
    settings = named_values(option)
    out = paths[-1]
    eyes = ChatSettings(
        server, model, concurrency=concurrency, timeout=timeout, attempts=attempts, max_tokens=max_tokens,
        temperature=temperature, seed=seed, cache_dir=out / "cache",
    )  # fmt: skip
    writer = None
    if writer_server or writer_model:
        from dataclasses import replace

        writer = replace(eyes, base_url=writer_server or server, model=writer_model or model)
    records: Iterable[Record]
    if source == "synthetic":
        records = synthetic.generate(100 if count is None else count, seed)
    else:
        records = islice(readers.read(source, paths[0], ReadOptions(settings=settings)), count)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("wafers", total=(count or 100) if source == "synthetic" else count)
        options = SynthesisOptions(
            eyes, writer, questions, image_size, check_labels, RowOptions(threshold), prompts,
            on_wafer=lambda: progress.advance(task),
        )  # fmt: skip
        outcome = run(records, out, options)
    if as_json:
        typer.echo(json.dumps({**vars(outcome), "out": str(out)}))
    else:
        console = Console(stderr=True)
        console.print(
            f"{outcome.kept} questions about {outcome.wafers} wafers: {out / 'rows.jsonl'}", soft_wrap=True
        )
        for reason, number in {**outcome.refused, **outcome.failed}.items():
            console.print(f"{number} refused or failed: {reason} (see refused.jsonl)", soft_wrap=True)
    if outcome.failed:
        raise typer.Exit(1)
