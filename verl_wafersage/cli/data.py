"""The verb `convert`: every wafer source to verl parquet."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(convert)


def convert(
    source: str = typer.Argument(
        help="wm811k, mixedwm38, images, csv, rows, wafersage-rubrics, synthetic, ..."
    ),
    paths: list[Path] = typer.Argument(
        metavar="[IN] OUT", help="Input (not for synthetic) and output folder."
    ),
    count: int = typer.Option(None, min=1, help="Wafers to draw, or to read at most."),
    seed: int = typer.Option(0, help="Seed of synthetic wafers and of wordings."),
    image_size: int = typer.Option(96, help="Side of the pictures in pixels, a multiple of 32."),
    answer_style: str = typer.Option("plain", help="plain, or tags for <REASONING> and <SOLUTION>."),
    concise: bool = typer.Option(False, help="Questions and answers of a few words."),
    as_json: bool = typer.Option(False, "--json", help="Print the manifest on stdout."),
) -> None:
    """Convert a source of wafer maps or questions to parquet that verl trains on."""
    from rich.console import Console

    from verl_wafersage.data_prep.convert import ConvertOptions
    from verl_wafersage.data_prep.convert import convert as run
    from verl_wafersage.data_prep.questions import AskOptions
    from verl_wafersage.errors import InputError

    wanted = 1 if source == "synthetic" else 2
    if len(paths) != wanted:
        usage = "synthetic OUT" if wanted == 1 else f"{source} IN OUT"
        raise InputError(f"expected: convert {usage}", field="IN, OUT")
    options = ConvertOptions(
        count=count,
        seed=seed,
        image_size=image_size,
        answer_style=answer_style,
        ask=AskOptions(concise=concise, seed=seed),
        command=" ".join(["verl-wafersage", *sys.argv[1:]]),
    )
    manifest = run(source, paths[0] if wanted == 2 else None, paths[-1], options)
    if as_json:
        typer.echo(json.dumps(asdict(manifest)))
        return
    console = Console(stderr=True)
    console.print(f"{manifest.rows} questions about {manifest.wafers} wafers in {paths[-1]}")
