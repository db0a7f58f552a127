"""`cvae runs export` and `cvae runs import`: a run as one file, to another machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cvae_core.cli.observing import observed
from cvae_core.cli.options import JsonOption, RunArgument, RunsOption, print_json
from cvae_core.cli.terminal import printable
from cvae_core.errors import ArchiveError, ConfigError
from cvae_core.export.output import is_stream, published_together
from cvae_core.export.run_archive import ImportedRun, import_run
from cvae_core.runs.archive.manifest import Manifest
from cvae_core.runs.archive.pack import SNAPSHOT_CHOICES, Snapshots, pack_run
from cvae_core.runs.directory import open_run, runs_folder
from cvae_core.runs.disk import size_words
from cvae_core.runs.files import is_folder, named_path, open_to_read
from cvae_core.runs.overview import overview
from cvae_core.system_errors import advice

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
    with published_together([target], replace=force) as [draft], observed(f"packing {found.id}", as_json) as observer:
        progress, should_stop = observer
        with draft.open("wb") as stream:
            manifest = pack_run(
                found, stream, which, skip_damaged=skip_damaged, progress=progress, should_stop=should_stop
            )
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
    with stream, observed(f"unpacking {archive.name}", as_json) as observer:
        progress, should_stop = observer
        imported = import_run(stream, runs_folder(runs), name, progress=progress, should_stop=should_stop)
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
