"""Verbs around the quality of data: audit, synthesize."""

from __future__ import annotations

import json
from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(audit)


def audit(
    data: Path = typer.Argument(help="Output folder of convert, or one parquet file in verl's schema."),
    out: Path = typer.Option(None, help="Folder for report.html, report.json, findings.jsonl. [DATA-audit]"),
    fix: bool = typer.Option(False, "--fix", help="Also write a repaired copy to DATA-repaired."),
    fixed_out: Path = typer.Option(None, help="Folder of the repaired copy."),
    threshold: float = typer.Option(0.7, help="Score each reference answer must reach under its rubric."),
    reward: str = typer.Option("rubric", help="Reward to judge by: rubric, or paper (the published rule)."),
    sample: float = typer.Option(1.0, help="Share of rows whose rubrics are tried."),
    noise: bool = typer.Option(True, help="Look for label noise."),
    seed: int = typer.Option(0, help="Seed of the sample and of the clustering."),
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

    beside = data.resolve()
    out = out or beside.with_name(f"{beside.stem if data.is_file() else beside.name}-audit")
    fixed_out = fixed_out or beside.with_name(f"{beside.stem if data.is_file() else beside.name}-repaired")
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("audit", total=row_count(data) * (3 if fix else 1))
        options = AuditOptions(
            RowOptions(threshold, reward), sample, noise, seed, on_row=lambda: progress.advance(task)
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
