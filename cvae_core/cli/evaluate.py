"""`cvae evaluate`: how accurately a network recognises digits, and how well it keeps their style."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.cli.terminal import JsonOption, RunArgument, RunsOption, observed, print_json
from cvae_core.errors import StoppedError
from cvae_core.evaluation import Evaluation, report
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
