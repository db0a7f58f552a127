"""`cvae train` and `cvae resume`: training in the foreground, with a progress bar."""

from __future__ import annotations

import faulthandler
import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from cvae_core.cli.terminal import (
    INTERRUPTED,
    STANDARD_ERROR,
    JsonOption,
    RunArgument,
    RunsOption,
    TrainingProgress,
    exit_message_if_killed,
    messages_into,
    print_json,
    stop_on_signal,
)
from cvae_core.config.presets import PRESETS, TOY_PRESETS, preset
from cvae_core.config.run import RunConfig
from cvae_core.data import with_data_facts
from cvae_core.errors import KILLED, ConfigError, CvaeError, TrainingError
from cvae_core.runs import lock
from cvae_core.runs.run import Run, check_new_name, create_run, open_run, runs_folder
from cvae_core.runs.summary import overviews
from cvae_core.training.session import needed_download, work
from cvae_core.workers.launcher import check_resumable, check_startable, claim
from cvae_core.workers.quotas import check_memory, check_resources, measured_seconds, time_words, training_cost

_FORCE_HINT: Final = "Or use --force."
ForceOption = Annotated[
    bool, typer.Option("--force", help="Train even if the training needs more than 75 % of the memory.")
]


def train(
    preset_name: Annotated[
        str, typer.Option("--preset", help=f"The settings to start from: {', '.join(PRESETS | TOY_PRESETS)}.")
    ] = "tutorial",
    dataset: Annotated[str | None, typer.Option(help="The data set of images: mnist or fashion_mnist.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Number of passes through the training data.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same weights.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Any other setting. Repeat for several.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name of the run. Default: date, time and preset.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print parameters, memory, disk space and time, without training.")
    ] = False,
    force: ForceOption = False,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a model. Ctrl-C stops and keeps the progress; `cvae resume` continues."""
    named = {"dataset": dataset, "epochs": epochs, "seed": seed}
    chosen = {key: value for key, value in named.items() if value is not None} | _parsed(settings or [])
    config = preset(preset_name).with_settings(chosen)
    check_startable(config)
    folder = runs_folder(runs)
    if dry_run:
        if name is not None:
            check_new_name(folder, name)
        _print_cost(config, folder, force, as_json)
        return
    check_resources(folder, [config], force, _FORCE_HINT)
    _work(create_run(folder, with_data_facts(config), name), as_json)


def _parsed(assignments: list[str]) -> dict[str, str | None]:
    """The values of ``NAME=VALUE`` pairs; empty and "none" are ``None``."""
    settings: dict[str, str | None] = {}
    for assignment in assignments:
        name, equals, value = map(str.strip, assignment.partition("="))
        if not equals or not name:
            raise ConfigError(f"--set expects NAME=VALUE, such as latent_dim=2; it got {assignment!r}.")
        settings[name] = None if value.lower() in ("", "none") else value
    return settings


def _print_cost(config: RunConfig, folder: Path, force: bool, as_json: bool) -> None:
    """Print what a training needs, and why it would be refused."""
    cost, seconds = training_cost(config), measured_seconds(config, overviews(folder))
    refusal, download = None, needed_download(config.data.dataset) or None
    try:
        check_resources(folder, [config], force, _FORCE_HINT)
    except CvaeError as error:
        refusal = str(error)
    if as_json:
        print_json({**asdict(cost), "seconds": seconds, "refusal": refusal, "download": download})
        return
    typer.echo(f"{cost.to_words()}, {time_words(seconds)}.")
    if download:
        typer.echo(download)
    if refusal:
        typer.echo(f"It would be refused: {refusal}")


def resume(run: RunArgument, force: ForceOption = False, runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """Continue a run that was stopped, interrupted, or failed."""
    found = open_run(runs_folder(runs), run)
    if damage := check_resumable(found):
        typer.echo(damage, err=True)
    if not force:
        check_memory(training_cost(found.config()), _FORCE_HINT)
    _work(found, as_json)


def _work(run: Run, as_json: bool) -> None:
    """Train in this process, then print how it ended."""
    descriptor = claim(run)
    stop = threading.Event()
    notes: list[str] = []
    faulthandler.enable(STANDARD_ERROR)  # redirected into the log of the run below
    try:
        with (
            exit_message_if_killed(f"Error: {KILLED} The run {run.id} can be resumed; its log is {run.log_file}."),
            stop_on_signal(stop),
            messages_into(run.log_file) as terminal,
            TrainingProgress(run, None if as_json else terminal) as progress,
        ):
            status = work(run, progress.observe, stop.is_set, notes.append)
    finally:
        lock.release(descriptor)
    for note in notes:
        typer.echo(note, err=True)
    if as_json:
        typer.echo(json.dumps({"run": run.id, "state": status.state, **({"notes": notes} if notes else {})}))
    if status.state == "failed":
        raise TrainingError(status.problem, status.advice)
    if status.state == "stopped":
        typer.echo(f"Stopped after epoch {status.epoch}. Continue with: cvae resume {run.id}", err=True)
        raise typer.Exit(INTERRUPTED)
    if not as_json:
        typer.echo(f"Finished {run.id}. View it with: cvae dashboard")
