"""Runs brought from elsewhere: an archive becomes a run, and is compared with the data that this machine has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cvae_core.config.run import DataSettings
from cvae_core.data.registry import dataset_title, load_test_data, shape_of
from cvae_core.errors import DataError
from cvae_core.runs.pack import Progress, ShouldStop
from cvae_core.runs.run import Run
from cvae_core.runs.status import RESUMABLE, read_status
from cvae_core.runs.unpack import unpack_run


@dataclass(frozen=True)
class ImportedRun:
    """A run that came from an archive.

    Attributes:
        run: The run.
        snapshots: How many it brought.
        resumable: Whether it can go on from where it was: it had not finished, and brought its state.
        note: What differs on this machine, as whole sentences; empty if nothing does.
    """

    run: Run
    snapshots: int
    resumable: bool
    note: str


def import_run(
    stream: IO[bytes],
    folder: Path,
    name: str | None = None,
    *,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> ImportedRun:
    """Make a run of an archive; if anything about it is wrong, nothing of it stays.

    Args and errors are those of ``unpack_run``.
    """
    found = unpack_run(stream, folder, name, shape_of, progress=progress, should_stop=should_stop)
    manifest = found.manifest
    note = _difference(found.run.config().data, manifest.data_sha256)
    resumable = read_status(found.run.status_file).state in RESUMABLE
    return ImportedRun(found.run, len(manifest.snapshots), resumable, note)


def _difference(config: DataSettings, sha256: str | None) -> str:
    """Whether the pictures of test images can be the same here, told where they cannot."""
    title = dataset_title(config.dataset)
    try:
        here = load_test_data(config).sha256
    except DataError:
        return f"{title} is not on this machine; the pictures come once a training on it has fetched it."
    if sha256 is not None and here != sha256:
        return f"The run learnt from other data than {title} on this machine, so pictures of test images differ."
    return ""
