"""The `cvae` command. An error is one sentence on standard error and a non-zero exit code, never a traceback."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

import cvae_core
from cvae_core.cli import benchmark, dashboard, evaluate, export, runs, train
from cvae_core.cli.terminal import ignore_tiny_width, plain, replace_unencodable
from cvae_core.errors import CvaeError
from cvae_core.plugins import load_plugins
from cvae_core.processes import pin_settings
from cvae_core.system_errors import as_cvae_error

_FAILED = 1

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cvae {cvae_core.__version__}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Train, examine and evaluate conditional variational autoencoders."""


app.command("train")(train.train)
app.command("resume")(train.resume)
app.add_typer(runs.app, name="runs")
app.command("export")(export.export)
app.command("evaluate")(evaluate.evaluate)
app.command("judge", hidden=True)(evaluate.evaluate)  # its name in version 0.1
app.command("bench")(benchmark.bench)
app.command("dashboard")(dashboard.dashboard)


def main() -> None:
    """Run the command that the arguments name."""
    pin_settings()
    replace_unencodable()
    ignore_tiny_width()
    try:
        load_plugins()
        app()
    except CvaeError as error:
        _fail(str(error))
    except Exception as error:  # of our own output too, which may go to a full disk
        told = as_cvae_error(error)
        if told is None:
            raise
        _fail(str(told))


def _fail(problem: str) -> NoReturn:
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text.assemble(("Error:", "bold red"), " ", plain(problem)))
    sys.exit(_FAILED)
