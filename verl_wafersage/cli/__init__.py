"""The `verl-wafersage` command: thin verbs, each of which calls one function of the library.

Verbs live in one module per area and import what they need only when they run, so that
`verl-wafersage --help` answers at once on a machine without torch or verl.
"""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from verl_wafersage import __version__
from verl_wafersage.errors import WaferSageError

app = typer.Typer(
    name="verl-wafersage",
    help="Rubric rewards, a curriculum and wafer data for verl.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Show the version and exit.")) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def _register_verbs() -> None:
    from . import audit, data, evaluate, profile, reward, serve, train

    for module in (train, data, audit, profile, reward, evaluate, serve):
        module.register(app)


_register_verbs()


def main() -> None:
    """Run the command; a known error becomes one line on stderr and exit status 2."""
    try:
        app()
    except WaferSageError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"error: {error}", markup=False)
        sys.exit(2)
