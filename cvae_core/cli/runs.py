"""`cvae runs`: list, show and delete."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cvae_core.cli.options import JsonOption, RunArgument, RunsOption, print_json
from cvae_core.runs.directory import delete_run, open_run, runs_folder
from cvae_core.runs.overview import Overview, describe, overviews

app = typer.Typer(help="List, show and delete runs.", no_args_is_help=True)
_SHOWN_EPOCHS = 10


@app.command("list")
def list_runs(runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """List all runs, the newest first."""
    folder = runs_folder(runs)
    found = overviews(folder)
    if as_json:
        print_json([_summary(item) for item in found])
    elif found:
        Console().print(_table(found))
    else:
        typer.echo(f"There is no run in {folder} yet. Start one with: cvae train --preset quick")


def _summary(item: Overview) -> dict[str, Any]:
    status = item.status
    return {
        "run": item.run.id,
        "state": item.state,
        "preset": item.config.preset if item.config else None,
        "epoch": status.epoch if status else None,
        "epochs": status.epochs if status else None,
    } | ({"problem": item.problem, "advice": item.advice} if item.problem else {})


def _table(found: list[Overview]) -> Table:
    table = Table("Run", "State", "Preset", "Epoch", "Note", box=None, header_style="bold")
    for item in found:
        epoch = f"{item.status.epoch} of {item.status.epochs}" if item.status else ""
        table.add_row(item.run.id, item.state, item.config.preset if item.config else "", epoch, item.problem)
    return table


@app.command()
def show(run: RunArgument, runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """Show the configuration, the losses and the snapshots of a run."""
    facts = describe(open_run(runs_folder(runs), run))
    if as_json:
        print_json(facts)
    else:
        _print_facts(facts)


def _print_facts(facts: dict[str, Any]) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{facts['run']}[/]  {facts['state']}")
    if "problem" in facts:
        console.print(f"{facts['problem']} {facts['advice']}", markup=False)
    settings = {**facts["config"]["data"], **facts["config"]["model"], **facts["config"]["train"]}
    console.print(", ".join(f"{name} {value}" for name, value in settings.items()), style="dim", markup=False)
    if facts["epochs"]:
        points = facts["config"]["model"]["kind"] == "autoencoder"
        console.print(_error_table(facts["epochs"]) if points else _loss_table(facts["epochs"]))
    console.print(f"{len(facts['snapshots'])} snapshots: {_abridged(facts['snapshots'])}")


def _loss_table(epochs: list[dict[str, Any]]) -> Table:
    table = Table(
        "Epoch", "Train", "Test", "Reconstruction", "KL", "Seconds", box=None, title="nats per image", title_style="dim"
    )
    for epoch in epochs[-_SHOWN_EPOCHS:]:
        test = epoch["test"]
        values = (epoch["train"]["loss"], test["loss"], test["reconstruction"], test["kl"], epoch["seconds"])
        table.add_row(str(epoch["epoch"]), *(f"{value:.2f}" for value in values))
    return table


def _error_table(epochs: list[dict[str, Any]]) -> Table:
    """Of an autoencoder, whose loss is the reconstruction alone."""
    table = Table("Epoch", "Train", "Test", "Seconds", box=None, title="mean squared error", title_style="dim")
    for epoch in epochs[-_SHOWN_EPOCHS:]:
        values = (f"{epoch['train']['loss']:.5f}", f"{epoch['test']['loss']:.5f}", f"{epoch['seconds']:.2f}")
        table.add_row(str(epoch["epoch"]), *values)
    return table


def _abridged(numbers: list[int]) -> str:
    shown = numbers if len(numbers) <= 12 else [*numbers[:6], "...", *numbers[-5:]]
    return ", ".join(map(str, shown))


@app.command()
def delete(
    run: RunArgument,
    runs: RunsOption = None,
    as_json: JsonOption = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
) -> None:
    """Delete a run and all that it learnt."""
    found = open_run(runs_folder(runs), run)
    if not yes and not as_json:
        typer.confirm(f"Delete the run {found.id} and all its snapshots?", abort=True)
    delete_run(found)
    if as_json:
        print_json({"run": found.id, "deleted": True})
    else:
        typer.echo(f"Deleted {found.id}.")
