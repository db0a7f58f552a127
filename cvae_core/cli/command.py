"""`cvae evaluate`: how accurately a network recognises digits, and how well it keeps their style."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

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
    ignore_tiny_width,
    nothing_printed_by_others,
    observed,
    plain,
    print_json,
    replace_unencodable,
)
from cvae_core.errors import CvaeError, StoppedError, as_cvae_error
from cvae_core.evaluation import Evaluation, report
from cvae_core.plugins import load_plugins
from cvae_core.processes import pin_settings
from cvae_core.runs.run import open_run, runs_folder

_INTERRUPTED: Final = 130


def evaluate(
    run: RunArgument,
    epoch: Annotated[int | None, typer.Option(help="The epoch to evaluate. Default: the newest snapshot.")] = None,
    seed: Annotated[int, typer.Option(help="The seed of the random shifts and of the choice of images.")] = 0,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a network: how accurately it recognises test images, and how well it keeps slant and thickness."""
    trained = TrainedRun(open_run(runs_folder(runs), run))
    chosen = trained.epochs[-1] if epoch is None else epoch
    try:
        found = _evaluated(trained, chosen, seed, as_json)
    except StoppedError as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        print_json({"run": trained.run.id, "epoch": chosen, "seed": seed, **found.to_json()})
    else:
        _print(trained, chosen, found)


def _evaluated(trained: TrainedRun, epoch: int, seed: int, as_json: bool) -> Evaluation:
    with observed(f"evaluating {trained.run.id}", as_json) as (show, should_stop):

        def progress(done: int, total: int) -> None:
            if should_stop():
                raise StoppedError("Stopped; there is no result.")
            show(done, total)

        return report.evaluate(trained.network(epoch), trained.test_data.test, seed, progress=progress)


def _print(trained: TrainedRun, epoch: int, found: Evaluation) -> None:
    style = found.style
    kept = style.sentence()
    typer.echo(f"{trained.run.id}, epoch {epoch}")
    typer.echo(f"{found.accuracy_sentence()}.")
    typer.echo(
        f"{kept[0].upper()}{kept[1:]}: medians over pairs of different labels, {style.sources.sum():,} test images. "
        f"Control with shuffled codes: {style.shuffled_slant:.2f} and {style.shuffled_thickness:.2f}."
    )


if TYPE_CHECKING:
    from cvae_core.bench import BenchReport


def bench(
    turns: Annotated[int, typer.Option(min=1, max=100, help="Number of measurements of each way of training.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Measure the speed of training, snapshots and decoding on this machine, compared with plain Keras."""
    with nothing_printed_by_others(), Console(stderr=True).status("Loading TensorFlow") as status:
        from cvae_core.bench import bench as measure  # TensorFlow takes seconds to load

        report = measure(lambda words: status.update(f"Timing: {words}"), turns)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        _print_table(report, turns)


def _print_table(report: BenchReport, turns: int) -> None:
    title = f"Medians of {turns} alternating turns" if turns > 1 else "One turn"
    table = Table("", "Ours", "Keras, the tutorial's way", "Bare matrix products", title=title)
    epoch = report.epoch_s
    table.add_row("An epoch, 60,000 images, s", *(f"{epoch[name]:.2f}" for name in ("ours", "keras_fit", "matmul")))
    ratio = report.ratio
    table.add_row("... ours relative to it", "1", f"{ratio['ours_to_keras_fit']:.2f}", f"{ratio['ours_to_matmul']:.2f}")
    for words, times in (
        ("A snapshot, ms", report.snapshot_ms),
        ("2,250 codes decoded, ms", report.decode_2250_ms),
    ):
        table.add_row(words, f"{times['ours']:.1f}", f"{times['predict_one_by_one']:,.0f} (from a sample)", "")
    torn = report.torn_manifold_s
    words = "Torn manifold, 300 epochs of both models, s"
    table.add_row(words, f"{torn['ours']:.1f}", f"{torn['keras_fit']:.0f} (from a sample)", "")
    table.add_row("... processor time, s", f"{torn['ours_cpu']:.1f}", "", "")
    Console().print(table)
    typer.echo(", ".join(f"{name} {value}" for name, value in report.machine.items()))


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
app.command("evaluate")(evaluate)
app.command("judge", hidden=True)(evaluate)  # its name in version 0.1
app.command("bench")(bench)
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
