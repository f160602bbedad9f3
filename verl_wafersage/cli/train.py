"""Verbs around training: doctor, demo, tiny-model."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(doctor)
    app.command()(demo)
    app.command("tiny-model")(tiny_model)


def doctor(
    recipe: Annotated[str, typer.Option(help="The recipe you want to run.")] = "wafersage",
    model: Annotated[
        Path | None, typer.Option(help="Folder of the model you want to train; checked when given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check that verl finds the plugin, the recipes and what a run needs, and say how to mend what fails."""
    from verl_wafersage.doctor import examine, show

    findings = examine(recipe, model)
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings], indent=2))
    else:
        show(findings, Console())
    if any(finding.status == "fail" for finding in findings):
        raise typer.Exit(1)


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Working folder; a second call continues.")] = Path(
        "wafersage-demo"
    ),
    steps: Annotated[int, typer.Option(min=1, help="GSPO steps.")] = 30,
    wafers: Annotated[int, typer.Option(min=20, help="Synthetic wafers.")] = 1500,
    start_steps: Annotated[int, typer.Option(min=0, help="Steps of the supervised start.")] = 300,
    size: Annotated[str, typer.Option(help="Size of the tiny model: small or base.")] = "small",
    seed: Annotated[int, typer.Option(help="Seed of wafers, weights and orders.")] = 0,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="A Hydra override for main_ppo; may be repeated.")
    ] = None,
    study: Annotated[
        bool, typer.Option("--study", help="Compare rewards and orders on real wafers instead (hours).")
    ] = False,
    maps: Annotated[Path | None, typer.Option(help="MixedWM38's npz, for the study.")] = None,
    arms: Annotated[
        list[str] | None, typer.Option("--arm", help="Arm of the study, or group of arms; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Watch verl train a tiny Qwen3-VL on wafer maps, on a machine without a GPU."""
    from verl_wafersage.demo.prepare import DemoOptions
    from verl_wafersage.demo.run import run_demo

    console = Console(stderr=True)
    _refuse_options_of_the_other(context, study)
    try:
        if study:
            from verl_wafersage.study.prepare import StudyOptions
            from verl_wafersage.study.run import run_study

            made = run_study(folder, StudyOptions(), maps, arms or (), console)
        else:
            options = DemoOptions(steps, wafers, start_steps, size, seed)
            made = run_demo(folder, options, console, overrides or ())
    except KeyboardInterrupt:
        console.print("stopped; the same command goes on from the last checkpoint")
        sys.exit(130)
    if as_json:
        typer.echo(json.dumps(made, indent=2))


def _refuse_options_of_the_other(context: typer.Context, study: bool) -> None:
    from verl_wafersage.errors import InputError

    plain = {"steps": "--steps", "wafers": "--wafers", "start_steps": "--start-steps", "size": "--size"}
    plain |= {"seed": "--seed", "overrides": "--set"}
    others = plain if study else {"maps": "--maps", "arms": "--arm"}
    for name, option in others.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            remedy = "the study's settings are fixed, leave it out" if study else "add --study"
            raise InputError("belongs to another kind of demo", field=option, remedy=remedy)


def tiny_model(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    data: Annotated[Path, typer.Option(help="Output of `convert`: the tokenizer learns from its texts.")],
    size: Annotated[str, typer.Option(help="small (about 1 M parameters) or base (about 2 M).")] = "base",
    image_size: Annotated[int, typer.Option(help="Side of the pictures, a multiple of 32.")] = 96,
    seed: Annotated[int, typer.Option(help="Seed of the weights.")] = 0,
    as_json: Json = False,
) -> None:
    """Write a tiny, randomly initialised Qwen3-VL of the real class."""
    from dataclasses import replace

    from verl_wafersage.cpu.tiny_model import SIZES, make_tiny_model
    from verl_wafersage.demo.prepare import texts
    from verl_wafersage.errors import InputError

    if size not in SIZES:
        raise InputError(f"unknown size {size!r}", field="--size", remedy=f"use one of: {', '.join(SIZES)}")
    if not list(data.glob("train-*.parquet")):
        raise InputError("holds no train-*.parquet", file=data, remedy="give the output folder of `convert`")
    made = make_tiny_model(out, texts(data), replace(SIZES[size], image_size=image_size), seed=seed)
    if as_json:
        typer.echo(json.dumps(made))
    else:
        Console().print(
            f"{out}: {made['parameters']:,} parameters, {made['vocabulary']} tokens", soft_wrap=True
        )
