"""`cvae runs export` and `cvae runs import`: a run as one file, to another machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cvae_core.cli.terminal import JsonOption, RunArgument, RunsOption, observed, plain, print_json, printable
from cvae_core.errors import ArchiveError, ConfigError, advice
from cvae_core.export.import_run import ImportedRun, import_run
from cvae_core.rendering.output import is_stream, published_together
from cvae_core.runs.atomic_io import is_folder, named_path, open_to_read
from cvae_core.runs.pack import SNAPSHOT_CHOICES, Manifest, Snapshots, pack_run
from cvae_core.runs.run import delete_run, linked_runs, open_run, runs_folder
from cvae_core.runs.status import About, read_about, write_about
from cvae_core.runs.storage import Pruning, plan_pruning
from cvae_core.runs.storage import prune as prune_run
from cvae_core.runs.summary import Overview, describe, disk_use, overview, overviews, size_words

_OutputOption = Annotated[
    Path | None, typer.Option("-o", "--output", help="The archive. Default: the run's name with .zip, here.")
]
_SnapshotsOption = Annotated[str, typer.Option(help="Which snapshots it holds: all, or last for the newest one only.")]


def export_archive(
    run: RunArgument,
    output: _OutputOption = None,
    snapshots: _SnapshotsOption = "all",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists already.")] = False,
    skip_damaged: Annotated[bool, typer.Option("--skip-damaged", help="Leave damaged snapshots out.")] = False,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pack a run into one ZIP file, to be imported on another machine.

    One that has not finished takes the state of its training with it and can be resumed there.
    """
    which = _known(snapshots)
    found = open_run(runs_folder(runs), run)
    target = _target(output, f"{found.id}.zip")
    with published_together([target], replace=force) as [draft], observed(f"packing {found.id}", as_json) as progress:
        with draft.open("wb") as stream:
            manifest = pack_run(found, stream, which, skip_damaged=skip_damaged, progress=progress)
        size = draft.stat().st_size
    _say_exported(target, size, manifest, overview(found).damage, as_json)


def import_archive(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `cvae runs export` made.")],
    name: Annotated[str | None, typer.Option(help="The name that the run gets. Default: the one it had.")] = None,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a run from an archive. Every file is checked first; a bad archive leaves nothing behind."""
    try:
        stream = open_to_read(named_path(archive), follow_links=True)
    except OSError as error:
        raise ArchiveError(f"{archive} cannot be read: {error.strerror}.", advice(error, "")) from error
    with stream, observed(f"unpacking {archive.name}", as_json) as progress:
        imported = import_run(stream, runs_folder(runs), name, progress=progress)
    _say_imported(imported, as_json)


def _known(snapshots: str) -> Snapshots:
    for choice in SNAPSHOT_CHOICES:
        if snapshots == choice:
            return choice
    raise ConfigError(f"--snapshots expects {' or '.join(SNAPSHOT_CHOICES)}; it got {snapshots!r}.")


def _target(output: Path | None, name: str) -> Path:
    target = named_path(output or Path())
    if is_folder(target):
        return target / name
    if target.suffix.lower() != ".zip" and not is_stream(target):
        raise ConfigError(f"The name of the archive should end in .zip; it is {target.name!r}.")
    return target


def _say_exported(target: Path, size: int, manifest: Manifest, damage: str, as_json: bool) -> None:
    if damage and not as_json:
        typer.echo(damage, err=True)
    if is_stream(target):  # it may be standard output, where nothing else belongs
        typer.echo(f"Written to {target}.", err=True)
        return
    if as_json:
        facts: dict[str, Any] = {"path": str(target), "bytes": size}
        facts |= manifest.model_dump(mode="json", exclude={"files", "format", "schema_version"})
        print_json(facts | ({"damage": damage} if damage else {}))
        return
    count = len(manifest.snapshots)
    what = f"{count} snapshots up to epoch" if count > 1 else "the snapshot of epoch"
    typer.echo(f"{target}: {what} {manifest.snapshots[-1]}, {size_words(size)}")
    if manifest.state != "finished":
        typer.echo(f"The run is {manifest.state}; it can be resumed where the archive is imported.")


def _say_imported(imported: ImportedRun, as_json: bool) -> None:
    if as_json:
        facts = {"run": imported.run.id, "snapshots": imported.snapshots, "resumable": imported.resumable}
        print_json(facts | ({"note": imported.note} if imported.note else {}))
        return
    typer.echo(f"Imported {imported.run.id}. Look at it with: cvae dashboard")
    if imported.resumable:
        typer.echo(f"It had not finished. Go on with: cvae resume {imported.run.id}")
    if imported.note:
        typer.echo(printable(imported.note), err=True)


app = typer.Typer(help="List, show, note, prune and delete runs, and carry them elsewhere.", no_args_is_help=True)
app.command("export")(export_archive)
app.command("import")(import_archive)
_SHOWN_EPOCHS = 10
_NAME_WIDTH = 20


@app.command("list")
def list_runs(runs: RunsOption = None, as_json: JsonOption = False) -> None:
    """List all runs, the newest first."""
    folder = runs_folder(runs)
    found = overviews(folder)
    if as_json:
        print_json([_summary(item) for item in found])
    elif found:
        _print_list(found)
    else:
        typer.echo(f"There is no run in {folder} yet. Start one with: cvae train --preset quick")
    if links := linked_runs(folder):
        typer.echo(f"Links are not followed: {', '.join(links)}.", err=True)


def _summary(item: Overview) -> dict[str, Any]:
    status = item.status
    return {
        "run": item.run.id,
        **asdict(item.about),
        "state": item.state,
        "preset": item.config.preset if item.config else None,
        "epoch": status.epoch if status else None,
        "epochs": status.epochs if status else None,
        "disk_bytes": disk_use(item.run.path),
        **({"about_problem": item.about_problem} if item.about_problem else {}),
        **({"damage": item.damage} if item.damage else {}),
        **({"problem": item.problem, "advice": item.advice} if item.problem else {}),
    }


def _print_list(found: list[Overview]) -> None:
    """A table; where that leaves too little room for names and notes, a few lines for each run."""
    console = Console(highlight=False)
    rows = [_row(item) for item in found]
    whole = sum(max(len(row[column]) for row in rows) + 2 for column in range(4))
    if whole + _NAME_WIDTH <= console.width:
        console.print(_table(rows))
        return
    for run, state, epoch, disk, words in rows:
        console.print(Text(str(run), style="bold"), soft_wrap=True)
        facts = Text("  ").join(filter(None, (state, epoch, disk)))
        console.print(Padding(Text("\n").join(filter(None, (facts, words))), (0, 0, 0, 2)))


def _row(item: Overview) -> tuple[Text, Text, Text, Text, Text]:
    """Id, state, epoch, size on the disk, and what people or we say of it."""
    epoch = f"{item.status.epoch} of {item.status.epochs}" if item.status else ""
    waits = f"waits for {', '.join(item.ahead)}" if item.ahead else ""
    note = item.about.note.partition("\n")[0]
    words = filter(None, (item.about.name, waits, item.problem, item.damage, note, item.about_problem))
    return (
        plain(item.run.id),
        plain(item.state),
        plain(epoch),
        plain(size_words(disk_use(item.run.path))),
        Text("\n").join(map(plain, words)),
    )


def _table(rows: list[tuple[Text, Text, Text, Text, Text]]) -> Table:
    table = Table(box=None, header_style="bold")
    for title in ("Run", "State", "Epoch"):  # whole: other commands ask for a run's id
        table.add_column(title, no_wrap=True)
    table.add_column("Disk", no_wrap=True, justify="right")
    table.add_column("Name and note", overflow="fold")
    for row in rows:
        table.add_row(*row)
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
    console.print(Text.assemble((facts["run"], "bold"), "  ", facts["state"]))
    for line in f"{facts['name']}\n{facts['note']}".split("\n"):
        if line:
            console.print(plain(line))
    if "about_problem" in facts:
        console.print(plain(facts["about_problem"]))
    if "problem" in facts:
        console.print(plain(f"{facts['problem']} {facts['advice']}"))
    for sentence in facts.get("damage", []):
        console.print(plain(sentence))
    settings = {**facts["config"]["data"], **facts["config"]["model"], **facts["config"]["train"]}
    console.print(plain(", ".join(f"{name} {value}" for name, value in settings.items())), style="dim")
    if facts["epochs"]:
        points = facts["config"]["model"]["kind"] == "autoencoder"
        console.print(_error_table(facts["epochs"]) if points else _loss_table(facts["epochs"]))
    console.print(f"{len(facts['snapshots'])} snapshots: {_abridged(facts['snapshots'])}")
    console.print(f"{size_words(facts['disk_bytes'])} on the disk")


def _loss_table(epochs: list[dict[str, Any]]) -> Table:
    table = _epoch_table("nats per image", "Epoch", "Train", "Test", "Reconstruction", "KL", "Seconds")
    for epoch in epochs[-_SHOWN_EPOCHS:]:
        test = epoch["test"]
        values = (epoch["train"]["loss"], test["loss"], test["reconstruction"], test["kl"], epoch["seconds"])
        table.add_row(str(epoch["epoch"]), *(f"{value:.2f}" for value in values))
    return table


def _error_table(epochs: list[dict[str, Any]]) -> Table:
    """Of an autoencoder, whose loss is the reconstruction alone."""
    table = _epoch_table("mean squared error", "Epoch", "Train", "Test", "Seconds")
    for epoch in epochs[-_SHOWN_EPOCHS:]:
        values = (f"{epoch['train']['loss']:.5f}", f"{epoch['test']['loss']:.5f}", f"{epoch['seconds']:.2f}")
        table.add_row(str(epoch["epoch"]), *values)
    return table


def _epoch_table(title: str, *columns: str) -> Table:
    """An empty table of numbers, which are folded rather than cut where the terminal is narrow."""
    table = Table(box=None, title=title, title_style="dim", pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _abridged(numbers: Sequence[int]) -> str:
    shown: Sequence[int | str] = numbers if len(numbers) <= 12 else [*numbers[:6], "...", *numbers[-5:]]
    return ", ".join(map(str, shown))


@app.command()
def note(
    run: RunArgument,
    name: Annotated[str | None, typer.Option(help="A one-line name; empty to remove it.")] = None,
    text: Annotated[str | None, typer.Option("--note", help="A note on the run; empty to remove it.")] = None,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a run a name and a note, or show them. Its id stays, and so does what is not given here."""
    found = open_run(runs_folder(runs), run)
    # What cannot be read is replaced only if both are given, lest one of them be lost unseen.
    about = About() if name is not None and text is not None else read_about(found.about_file)
    if name is not None or text is not None:
        about = write_about(
            found.about_file, about.name if name is None else name, about.note if text is None else text
        )
    if as_json:
        print_json({"run": found.id, **asdict(about)})
    else:
        lines = "\n".join(filter(None, (about.name, about.note))) or f"{found.id} has no name and no note."
        typer.echo("\n".join(map(printable, lines.split("\n"))))


@app.command()
def prune(
    run: RunArgument,
    keep: Annotated[int | None, typer.Option(metavar="N", help="How many snapshots to keep.")] = None,
    every: Annotated[int | None, typer.Option(metavar="N", help="Keep the snapshot of every Nth epoch.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be dropped.")] = False,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete some snapshots of a run, for good. The first and the last stay, and it can still be resumed."""
    found = open_run(runs_folder(runs), run)
    done = plan_pruning(found, keep, every) if dry_run else prune_run(found, keep, every)
    if as_json:
        facts = {"run": found.id, "kept": done.kept, "dropped": done.dropped, "freed_bytes": done.freed_bytes}
        print_json(facts | {"dry_run": dry_run})
    else:
        typer.echo(_pruned(done, dry_run))


def _pruned(done: Pruning, dry_run: bool) -> str:
    if not done.dropped:
        return f"Nothing to drop: there are {len(done.kept)} snapshots."
    would, free = ("Would drop", "would free") if dry_run else ("Dropped", "freed")
    return (
        f"{would} {len(done.dropped)} snapshots and keep {len(done.kept)} ({_abridged(done.kept)}); "
        f"{free} {size_words(done.freed_bytes)}."
    )


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
