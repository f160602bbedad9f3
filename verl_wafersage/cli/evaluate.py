"""Verbs around evaluation: judge, calibrate."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from verl_wafersage.evaluation.run import Progress, Result
    from verl_wafersage.llm import ChatSettings, Usage

JUDGE_KEY = "VERL_WAFERSAGE_JUDGE_API_KEY"


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(judge)
    app.command()(calibrate)


def judge(
    sources: list[Path] = typer.Argument(
        help="Answers (.jsonl: verl's validation dump, rollouts, earlier results), or a data set to answer."
    ),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for results and cache; repeat to resume."),
    server: str = typer.Option("", help="Model under evaluation: its server, up to /v1."),
    model: str = typer.Option("", help="Its name on that server."),
    name: str = typer.Option("", help="Its name in the tables."),
    judge_server: str = typer.Option("", help="The judge's server. Without one, answers are only rescored."),
    judge_model: str = typer.Option("", help="The judge's name on that server."),
    data: list[Path] = typer.Option([], help="Data set behind the answers: wafers and pictures."),
    samples: int = typer.Option(1, min=1, help="Answers per question."),
    limit: int = typer.Option(0, min=0, help="Questions to ask; 0 asks all."),
    temperature: float = typer.Option(0.0, min=0.0, help="Temperature of the model under evaluation."),
    max_tokens: int = typer.Option(1024, min=1, help="Longest answer."),
    repeats: int = typer.Option(1, min=1, help="Judgements per answer; 3 show the judge's noise."),
    swap: bool = typer.Option(False, help="One more judgement with answer and reference exchanged."),
    reasons: bool = typer.Option(True, help="Let the judge give a reason before the grades."),
    show_image: bool = typer.Option(False, help="Show the picture to the judge (needs --data)."),
    judge_temperature: float = typer.Option(None, min=0.0, help="Default: 0; 0.7 when repeated."),
    judge_max_tokens: int = typer.Option(512, min=1, help="Longest verdict."),
    concurrency: int = typer.Option(8, min=1, help="Requests in flight."),
    timeout: float = typer.Option(120.0, min=0.1, help="Seconds for one try of a request."),
    preset: Path = typer.Option(None, help="Calibrated options of the rule."),
    max_unscored: float = typer.Option(0.05, min=0.0, max=1.0, help="Share above which the run fails."),
    price: tuple[float, float] = typer.Option(
        (0.0, 0.0), help="Judge's price per million tokens, in and out."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as JSON on stdout."),
) -> None:
    """Grade answers by rule and by a judge; exit 1 when too many stay unscored.

    Keys are read from VERL_WAFERSAGE_API_KEY and, for the judge alone, VERL_WAFERSAGE_JUDGE_API_KEY.
    """
    from verl_wafersage.evaluation.judge import JudgeOptions
    from verl_wafersage.evaluation.preset import read_preset
    from verl_wafersage.evaluation.run import Evaluation, evaluate

    warmth = judge_temperature if judge_temperature is not None else (0.7 if repeats > 1 else 0.0)
    common = {"concurrency": concurrency, "timeout": timeout, "cache_dir": out / "cache"}
    key = {"api_key_env": JUDGE_KEY} if JUDGE_KEY in os.environ else {}
    job = Evaluation(
        sources=sources,
        out=out,
        data=data,
        model=_server("--server", server, model, common, temperature=temperature, max_tokens=max_tokens),
        name=name or None,
        samples=samples,
        limit=limit,
        judge=_server(
            "--judge-server",
            judge_server,
            judge_model,
            common | key,
            temperature=warmth,
            max_tokens=judge_max_tokens,
        ),
        judging=JudgeOptions(repeats=repeats, swap=swap, reasons=reasons, show_image=show_image),
        reward={} if preset is None else read_preset(preset),
    )
    with _progress() as progress:
        result = evaluate(job, progress)
    _show(result, price, as_json)
    _check(result, max_unscored)


def calibrate(
    graded: list[Path] = typer.Argument(
        help="Graded answers (.jsonl): results of `judge`, or people's grades."
    ),
    out: Path = typer.Option(None, "--out", "-o", help="Preset (YAML) to write when the fit is good."),
    data: list[Path] = typer.Option([], help="Data set behind the answers: their wafers."),
    scorer: str = typer.Option("wafersage", help="Rule to fit: wafersage, or paper."),
    objective: str = typer.Option("spearman", help="spearman, kendall, kappa or pairs."),
    folds: int = typer.Option(5, min=2, help="Folds of whole wafers."),
    trials: int = typer.Option(24, min=1, help="Trials of the Bayesian search, per fold."),
    seed: int = typer.Option(0, help="The same seed gives the same numbers."),
    as_json: bool = typer.Option(False, "--json", help="Print the result as JSON on stdout."),
) -> None:
    """Fit the rule's weights and thresholds to grades; exit 1 when no fit deserves to be used.

    A fit is refused when it pays for answers that are worth nothing, or when its gain on wafers it has
    not seen is not certain.
    """
    from rich.console import Console

    from verl_wafersage.errors import InputError
    from verl_wafersage.evaluation import calibrate as fit
    from verl_wafersage.evaluation.fitting import OBJECTIVES
    from verl_wafersage.evaluation.graded import read_graded
    from verl_wafersage.evaluation.preset import write_preset
    from verl_wafersage.evaluation.rows import read_rows
    from verl_wafersage.evaluation.scorers import RULES
    from verl_wafersage.evaluation.tables import as_rich

    for option, value, known in (("--scorer", scorer, RULES), ("--objective", objective, OBJECTIVES)):
        if value not in known:
            raise InputError(f"{value!r} is none of {', '.join(known)}", field=option)
    settings = fit.Settings(scorer, objective, folds, trials, seed)
    answers = read_graded(graded, list(read_rows(data, images=False)) if data else [])
    with _progress() as progress:
        found = fit.calibrate(answers, settings, on_step=progress("folds", fit.steps(settings)))
    if as_json:
        typer.echo(json.dumps(fit.as_json(found)))
    else:
        for table in fit.tables(found):
            Console().print(as_rich(table))
    stderr = Console(stderr=True, highlight=False, soft_wrap=True)
    for objection in found.objections:
        stderr.print(f"refused: {objection}", markup=False)
    if found.objections:
        raise typer.Exit(1)
    if out is not None:
        write_preset(found, out)
        stderr.print(f"preset: {out}", markup=False)


def _server(
    option: str, url: str, model: str, common: dict[str, object], **own: object
) -> ChatSettings | None:
    from verl_wafersage.errors import InputError
    from verl_wafersage.llm import ChatSettings

    if not url and not model:
        return None
    if not url or not model:
        raise InputError("a server and a model go together", field=option)
    return ChatSettings(url, model, **common, **own)  # type: ignore[arg-type]


@contextmanager
def _progress() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:

        def start(description: str, total: int) -> Callable[[object], None]:
            task = bars.add_task(description, total=total)
            return lambda step: bars.advance(task)

        yield start


def _show(result: Result, price: tuple[float, float], as_json: bool) -> None:
    from dataclasses import asdict

    from rich.console import Console

    from verl_wafersage.evaluation import run, tables

    costs = {role: _cost(usage, price) for role, usage in result.usage.items() if role == "judge"}
    if as_json:
        usage = {role: asdict(used) for role, used in result.usage.items()}
        typer.echo(json.dumps(run.as_json(result.summary) | {"usage": usage, "cost": costs}))
    else:
        for table in result.summary.tables:
            Console().print(tables.as_rich(table))
    for role, used in result.usage.items():
        line = (
            f"{role}: {used.answered} asked, {used.cached} from the cache, {used.failed} failed, "
            f"{used.prompt_tokens} tokens read, {used.completion_tokens} written"
        )
        paid = f", cost {costs[role]:.4f}" if costs.get(role) else ""
        Console(stderr=True, highlight=False).print(line + paid)


def _cost(usage: Usage, price: tuple[float, float]) -> float:
    return (usage.prompt_tokens * price[0] + usage.completion_tokens * price[1]) / 1e6


def _check(result: Result, limit: float) -> None:
    from rich.console import Console

    found = result.summary
    asked = len(found.graded) + len(found.unanswered)
    shares = {
        "judgements unscored": found.unscored_share,
        "questions unanswered": len(found.unanswered) / asked,
    }
    for what, share in shares.items():
        if share > limit:
            line = f"failed: {share:.1%} {what}, above the limit of {limit:.1%}; repeat to try these again"
            Console(stderr=True, highlight=False).print(line)
    if max(shares.values()) > limit:
        raise typer.Exit(1)
