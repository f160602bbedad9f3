"""Verbs around the reward: score."""

from __future__ import annotations

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add this module's verbs to the command."""
    app.command()(score)


def score(
    file: Path = typer.Argument(help="JSON lines (also verl's dumps) or parquet with answers and rubrics."),
    answer_field: str = typer.Option("", help="Field of the answer, when it is none of the usual ones."),
    preset: str = typer.Option("wafersage", help="wafersage reads claims; paper is the published rule."),
    lexicon: str = typer.Option("", help="Another lexicon (YAML), or none for plain phrases."),
    limit: int = typer.Option(0, help="Score only so many rows; 0 is all."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a row on stdout, with the evidence."),
    as_html: Path | None = typer.Option(None, "--html", help="Also write one page with the words marked."),
    quiet: bool = typer.Option(False, "--quiet", help="Only the summary."),
) -> None:
    """Score answers and show which words earned and cost what."""
    from verl_wafersage.reward_fns.scoring import Show, score_file

    score_file(
        file,
        answer_field=answer_field or None,
        options={"preset": preset, "lexicon": lexicon or None},
        limit=limit,
        show=Show.JSON if as_json else Show.NOTHING if quiet else Show.WORDS,
        page=as_html,
    )
