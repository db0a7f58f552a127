"""The `cvae` command, and its subcommands `evaluate` and `bench`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

import cvae_core
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.cli import dashboard, export, runs, train
from cvae_core.cli.terminal import (
    JsonOption,
    RunArgument,
    RunsOption,
    observed,
    plain,
    prepare_terminal,
    print_json,
    silence_libraries,
)
from cvae_core.errors import StoppedError, as_cvae_error
from cvae_core.evaluation import report
from cvae_core.plugins import load_plugins
from cvae_core.processes import pin_settings
from cvae_core.runs.run import open_run, runs_folder

if TYPE_CHECKING:
    from cvae_core.bench import BenchReport


def evaluate(
    run: RunArgument,
    epoch: Annotated[int | None, typer.Option(help="The epoch to evaluate. Default: the newest snapshot.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of the random shifts and of the choice of images.")] = 0,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a network: how accurately it classifies test images, and how well it keeps slant and thickness."""
    trained = TrainedRun(open_run(runs_folder(runs), run))
    chosen = trained.epochs[-1] if epoch is None else epoch
    with observed(f"evaluating {run}", as_json, StoppedError("Stopped; there is no result.")) as progress:
        found = report.evaluate(trained.network(chosen), trained.test_data.test, seed, progress=progress)
    if as_json:
        print_json({"run": trained.run.id, "epoch": chosen, "seed": seed, **found.to_json()})
        return
    style, kept = found.style, found.style.sentence()
    typer.echo(f"{trained.run.id}, epoch {chosen}\n{found.accuracy_sentence()}.")
    typer.echo(
        f"{kept[0].upper()}{kept[1:]}: medians over pairs of different labels, {style.sources.sum():,} test images. "
        f"Control with shuffled codes: {style.shuffled_slant:.2f} and {style.shuffled_thickness:.2f}."
    )


def bench(
    turns: Annotated[int, typer.Option(min=1, max=100, help="Number of measurements of each way of training.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Measure the speed of training, snapshots and decoding on this machine, compared with plain Keras."""
    with silence_libraries(), Console(stderr=True).status("Loading TensorFlow") as status:
        from cvae_core.bench import bench as measure  # TensorFlow takes seconds to load

        times = measure(lambda words: status.update(f"Measuring: {words}"), turns)
    if as_json:
        typer.echo(json.dumps(asdict(times), indent=2))
    else:
        _print_times(times, turns)


def _print_times(report: BenchReport, turns: int) -> None:
    title = f"Medians of {turns} alternating turns" if turns > 1 else "One turn"
    table = Table("", "Ours", "Keras, as in the tutorial", "Matrix products only", title=title)
    epoch, ratio, toy = report.epoch_s, report.ratio, report.torn_manifold_s
    table.add_row("An epoch, 60,000 images, s", *(f"{epoch[name]:.2f}" for name in ("ours", "keras_fit", "matmul")))
    table.add_row("... ours relative to it", "1", f"{ratio['ours_to_keras_fit']:.2f}", f"{ratio['ours_to_matmul']:.2f}")
    for words, times in {
        "A snapshot, ms": report.snapshot_ms,
        "2,250 codes decoded, ms": report.decode_2250_ms,
    }.items():
        table.add_row(words, f"{times['ours']:.1f}", f"{times['predict_one_by_one']:,.0f} (from a sample)", "")
    words = "Toy data, 300 epochs of both models, s"
    table.add_row(words, f"{toy['ours']:.1f}", f"{toy['keras_fit']:.0f} (from a sample)", "")
    table.add_row("... processor time, s", f"{toy['ours_cpu']:.1f}", "", "")
    Console().print(table)
    typer.echo(", ".join(f"{name} {value}" for name, value in report.machine.items()))


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


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
app.command("evaluate")(evaluate)
app.command("judge", hidden=True)(evaluate)  # its name in version 0.1
app.command("bench")(bench)
app.command("dashboard")(dashboard.dashboard)


def main() -> None:
    """Run the command that the arguments name; an error is one line and exit code 1."""
    pin_settings()
    prepare_terminal()
    try:
        load_plugins()
        app()
    except Exception as error:  # of our own output too, which may go to a full disk
        known = as_cvae_error(error)
        if known is None:
            raise
        console = Console(stderr=True, soft_wrap=True, highlight=False)
        console.print(Text.assemble(("Error:", "bold red"), " ", plain(str(known))))
        sys.exit(1)
