"""`cvae judge`: how good the network of a run is at telling digits apart and at keeping their style."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.cli.terminal import JsonOption, RunArgument, RunsOption, observed, print_json
from cvae_core.errors import StoppedError
from cvae_core.evaluation import Judgement
from cvae_core.evaluation import judge as judge_network
from cvae_core.runs.run import open_run, runs_folder

_INTERRUPTED: Final = 130


def judge(
    run: RunArgument,
    epoch: Annotated[int | None, typer.Option(help="Which snapshot. Default: the newest.")] = None,
    seed: Annotated[int, typer.Option(help="Of the shifts and of the choice of sources.")] = 0,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how often the network recognises test images, and whether it keeps their slant and thickness."""
    trained = TrainedRun(open_run(runs_folder(runs), run))
    chosen = trained.epochs[-1] if epoch is None else epoch
    try:
        found = _judged(trained, chosen, seed, as_json)
    except StoppedError as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        print_json({"run": trained.run.id, "epoch": chosen, "seed": seed, **found.to_json()})
    else:
        _print(trained, chosen, found)


def _judged(trained: TrainedRun, epoch: int, seed: int, as_json: bool) -> Judgement:
    with observed(f"judging {trained.run.id}", as_json) as (show, should_stop):

        def progress(done: int, total: int) -> None:
            if should_stop():
                raise StoppedError("Stopped; nothing was judged.")
            show(done, total)

        return judge_network(trained.network(epoch), trained.test_data.test, seed, progress=progress)


def _print(trained: TrainedRun, epoch: int, found: Judgement) -> None:
    style = found.style
    kept = style.sentence()
    typer.echo(f"{trained.run.id}, epoch {epoch}")
    typer.echo(f"{found.recognition_sentence()}.")
    typer.echo(
        f"{kept[0].upper()}{kept[1:]}: medians over pairs of different labels, {style.sources.sum():,} test images. "
        f"With shuffled codes: {style.shuffled_slant:.2f} and {style.shuffled_thickness:.2f}."
    )
