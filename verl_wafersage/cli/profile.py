"""The verb `profile`: measured difficulty."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from verl_wafersage.curriculum.profiling import Outcome


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(profile)


def profile(
    data: list[Path] = typer.Argument(help="Training data: parquet files, or folders of them."),
    out: Path = typer.Option(
        None, "--out", "-o", help="Folder to write to. Default: `profiled` beside each file."
    ),
    server: str = typer.Option("", help="Server of the model to be trained, up to /v1 (OpenAI-compatible)."),
    model: str = typer.Option("", help="Its name on that server."),
    rollouts: list[Path] = typer.Option(
        [], help="Instead of a server: rollouts of a run (files or folders)."
    ),
    samples: int = typer.Option(8, min=1, help="Answers per prompt."),
    key: str = typer.Option("acc", help="Score in [0, 1] that counts as success."),
    temperature: float = typer.Option(1.0, min=0.0, help="Temperature; that of the training's rollout."),
    max_tokens: int = typer.Option(1024, min=1, help="Longest answer."),
    concurrency: int = typer.Option(8, min=1, help="Requests in flight."),
    timeout: float = typer.Option(120.0, min=0.1, help="Seconds for one try of a request."),
    cache: Path = typer.Option(None, help="Folder of answers, so that a killed run resumes."),
    max_unanswered: float = typer.Option(0.05, min=0.0, max=1.0, help="Share above which the run fails."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON on stdout."),
) -> None:
    """Write copies of training data with a column of measured difficulty.

    Train with it by data.train_files and data.curriculum.difficulty_key=difficulty_measured. The key of
    the server is read from VERL_WAFERSAGE_API_KEY.
    """
    from rich.console import Console
    from rich.progress import Progress

    from verl_wafersage.curriculum import profiling
    from verl_wafersage.errors import InputError
    from verl_wafersage.llm import ChatSettings

    if bool(server) != bool(model):
        raise InputError("a server and a model go together", field="--server")
    if server and rollouts:
        raise InputError("is given beside --server", field="--rollouts", remedy="give one of the two")
    settings = None
    if server:
        settings = ChatSettings(
            server,
            model,
            concurrency=concurrency,
            timeout=timeout,
            temperature=temperature,
            max_tokens=max_tokens,
            cache_dir=cache,
        )
    job = profiling.ProfileJob(data, out, settings, rollouts, samples, key)
    with Progress(console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("answers", total=None, visible=settings is not None)
        outcome = profiling.profile(job, on_reply=lambda reply: bars.advance(task))
    _show(outcome, as_json)
    asked = outcome.answers + len(outcome.unanswered)
    if asked and len(outcome.unanswered) / asked > max_unanswered:
        line = (
            f"failed: {len(outcome.unanswered)} of {asked} answers did not come; {outcome.unanswered[0][1]}"
        )
        Console(stderr=True, highlight=False, soft_wrap=True).print(line, markup=False)
        raise typer.Exit(1)


def _show(outcome: Outcome, as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    if as_json:
        typer.echo(json.dumps(outcome.as_dict()))
        return
    table = Table("", "", show_header=False)
    for name, value in outcome.as_dict().items():
        if name == "files":
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{level} {count}" for level, count in value.items())
        table.add_row(name.replace("_", " "), f"{value:.3f}" if isinstance(value, float) else str(value))
    Console().print(table)
    for file in outcome.files:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"written: {file}", markup=False)
