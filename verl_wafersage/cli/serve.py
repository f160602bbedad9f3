"""Verbs around a trained model: report, plan, ask."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(report)
    app.command()(plan)


def report(
    run_dir: Path = typer.Argument(..., help="The run's folder (wafersage.run_dir of the recipe)."),
    out: Path | None = typer.Option(None, "--out", "-o", help="HTML file; report.html in the run folder."),
    data: Path | None = typer.Option(None, help="Output folder of `convert`: pictures, wafers, levels."),
    judgements: list[Path] = typer.Option([], "--judge", help="Output folder of `judge`; may be repeated."),
    metrics: list[Path] = typer.Option([], help="File of verl's file logger; may be repeated."),
    answers: int = typer.Option(300, min=0, help="Answers in the table."),
    title: str | None = typer.Option(None, help="Heading of the page."),
) -> None:
    """Write one HTML page about a training run: curves, alarm, confusion matrix, answers."""
    from rich.console import Console

    from verl_wafersage.evaluation.report import write_report

    file = write_report(
        run_dir,
        out or run_dir / "report.html",
        data_dir=data,
        judgements=judgements,
        metric_files=metrics,
        max_answers=answers,
        title=title,
    )
    Console(soft_wrap=True).print(str(file), highlight=False, markup=False)


def plan(
    recipe: str = typer.Argument(help="A recipe, e.g. wafersage_lora."),
    overrides: list[str] = typer.Argument([], help="Overrides as for verl, e.g. wafersage.model=FOLDER."),
    gpus: int | None = typer.Option(None, help="GPUs of all nodes together; the recipe's own by default."),
    gpu_memory: float = typer.Option(80.0, min=1.0, help="Memory of one GPU in GB."),
    rows: int | None = typer.Option(
        None, min=1, help="Rows of the training set; read from --data otherwise."
    ),
    data: Path | None = typer.Option(None, help="Output folder of `convert`."),
    tflops: float | None = typer.Option(
        None, min=0.1, help="Sustained speed of a GPU in 1e12 operations a second."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the estimate as JSON on stdout."),
) -> None:
    """Estimate memory per GPU, tokens and steps of a recipe; exit 1 when it will not fit."""
    import json

    from rich.console import Console

    from verl_wafersage.evaluation import plan as planning
    from verl_wafersage.evaluation.plan.show import NOTE, headline

    setup = planning.read_recipe(recipe, overrides, gpus)
    found = planning.training_rows(data) if data and not rows else rows
    result = planning.estimate(setup, planning.sizes_of(setup.model), gpu_memory, found, tflops)
    if as_json:
        typer.echo(json.dumps(planning.as_json(result)))
    else:
        console = Console(highlight=False)
        console.print(headline(result), style="bold")
        for table in planning.tables(result):
            console.print(table)
        console.print(NOTE, style="dim")
    told = Console(stderr=True, highlight=False, soft_wrap=True)
    if not setup.verl:
        told.print("note: verl is not installed; its defaults are taken to be those of 0.9.1")
    for warning in result.warnings:
        told.print(f"warning: {warning}", markup=False)
    if not result.fits:
        raise typer.Exit(1)
