"""Verbs around a trained model: report, plan, ask."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(report)


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
