"""The command and how it fails: one sentence on standard error and a non-zero exit, never a traceback."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from rich.text import Text

from cvae_core.cli import benchmark, dashboard, export, judge, runs, train
from cvae_core.cli.terminal import plain
from cvae_core.errors import CvaeError

_FAILED = 1

app = typer.Typer(
    help="Train conditional variational autoencoders and look into their runs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("train")(train.train)
app.command("resume")(train.resume)
app.add_typer(runs.app, name="runs")
app.command("export")(export.export)
app.command("judge")(judge.judge)
app.command("bench")(benchmark.bench)
app.command("dashboard")(dashboard.dashboard)


def main() -> None:
    """Run the command that the arguments name."""
    try:
        app()
    except CvaeError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(Text.assemble(("Error:", "bold red"), " ", plain(str(error))))
        sys.exit(_FAILED)
