"""Verbs around a trained model: report, plan, ask."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(report)
    app.command()(plan)
    app.command()(ask)


def report(
    run_dir: Path = typer.Argument(..., help="The run's folder (wafersage.run_dir of the recipe)."),
    out: Path | None = typer.Option(None, "--out", "-o", help="HTML file; report.html in the run folder."),
    data: Path | None = typer.Option(None, help="Output folder of `convert`: pictures, wafers, levels."),
    judgements: list[Path] = typer.Option([], "--judge", help="Output folder of `judge`; may be repeated."),
    metrics: list[Path] = typer.Option([], help="File of verl's file logger; may be repeated."),
    answers: int = typer.Option(300, min=0, help="Answers in the table."),
    title: str | None = typer.Option(None, help="Heading of the page, and the model's name."),
    model_card: Path | None = typer.Option(None, help="Write a model card too, e.g. MODEL/README.md."),
    base: str = typer.Option("not stated", help="For the card: the model that training started from."),
    recipe: str = typer.Option("not stated", help="For the card: recipe and overrides."),
    license_: str = typer.Option("other", "--license", help="For the card: license of the weights."),
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
    files = [file]
    if model_card is not None:
        from verl_wafersage.evaluation.model_card import Provenance, write_model_card

        provenance = Provenance(title or run_dir.resolve().name, base, recipe, license_)
        files.append(write_model_card(run_dir, model_card, provenance, data_dir=data, judgements=judgements))
    for written in files:
        Console(soft_wrap=True).print(str(written), highlight=False, markup=False)


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


def ask(
    wafer_map: Path = typer.Argument(
        metavar="IMAGE_OR_MAP", help="A picture, a .npy of dies, or see --source."
    ),
    server: str | None = typer.Option(None, help="OpenAI-compatible server up to /v1, e.g. of `vllm serve`."),
    model: str | None = typer.Option(None, help="With --server its model's name; without, a local folder."),
    source: str | None = typer.Option(None, help="Read the file as this source of `convert`."),
    wafer: int = typer.Option(0, min=0, help="Which wafer of the file, from 0."),
    settings: list[str] = typer.Option([], "--set", metavar="NAME=VALUE", help="Option of the source."),
    size: int = typer.Option(256, help="Side of a drawn map in pixels, as in the training data."),
    answer_style: str = typer.Option("plain", help="plain, or tags, as in the training data."),
    max_tokens: int = typer.Option(1024, min=1, help="Longest answer."),
    timeout: float = typer.Option(120.0, min=0.1, help="Seconds the server may take."),
    as_json: bool = typer.Option(False, "--json", help="Print the answer as JSON on stdout."),
) -> None:
    """Ask a model for a full analysis of one wafer map: evidence first, hypotheses apart."""
    import json

    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    from verl_wafersage.errors import InputError
    from verl_wafersage.evaluation import ask as asking
    from verl_wafersage.llm import ChatSettings

    if server is None and model is None:
        raise InputError("is needed", field="--server or --model", remedy="a server, or a local folder")
    if bad := next((item for item in settings if "=" not in item), None):
        raise InputError(f"{bad!r} is not NAME=VALUE", field="--set")
    options = dict(item.split("=", 1) for item in settings)
    picture = asking.picture_of(wafer_map, source=source, wafer=wafer, settings=options, side=size)
    if server is not None:
        name = model or asking.served_model(server)
        chat = ChatSettings(server, name, timeout=timeout, max_tokens=max_tokens)
        reading = asking.ask_server(picture, chat, answer_style)
    else:
        reading = asking.ask_local(picture, Path(str(model)), answer_style, max_tokens)
    if as_json:
        typer.echo(json.dumps(reading.as_dict(), ensure_ascii=False))
        return
    console = Console(highlight=False)
    if reading.evidence:
        seen = "\n".join(f"{name.capitalize()}: {text}" for name, text in reading.evidence.items())
        console.print(Panel(Text(seen), title="Evidence: what the model sees", title_align="left"))
        console.print(
            Panel(Text(reading.hypotheses), title="Hypotheses: possible causes", title_align="left")
        )
    else:
        title = "Answer (its parts cannot be told apart)"
        console.print(Panel(Text(reading.answer or "(empty)"), title=title, title_align="left"))
    console.print(asking.NOTE, style="bold")
