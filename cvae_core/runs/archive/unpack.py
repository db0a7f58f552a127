"""An archive from anywhere, unpacked out of sight, looked through, and only then published as a run."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from cvae_core.architecture import DataShape
from cvae_core.config import DataSettings
from cvae_core.errors import ArchiveError, RunError, StorageError
from cvae_core.runs.archive.inspection import bytes_to_inspect, inspect_run
from cvae_core.runs.archive.manifest import Manifest, PackedFile
from cvae_core.runs.archive.meter import Meter, Progress, ShouldStop
from cvae_core.runs.archive.names import quoted
from cvae_core.runs.archive.opening import OpenArchive, opened, reading_faults
from cvae_core.runs.archive.pack import CHUNK_BYTES
from cvae_core.runs.directory import Run, drafted_run
from cvae_core.runs.files import is_folder, synchronise
from cvae_core.runs.metrics import read_history
from cvae_core.runs.status import ENDED, read_status, write_status

ShapeOf = Callable[[DataSettings], DataShape]
_ROOM_TO_SPARE: Final = 64 * 2**20


@dataclass(frozen=True)
class Unpacked:
    """A run that came from an archive.

    Attributes:
        run: The run.
        manifest: What the archive says of itself; all of it was found true.
    """

    run: Run
    manifest: Manifest


def unpack_run(
    stream: IO[bytes],
    folder: Path,
    name: str | None,
    shape_of: ShapeOf,
    *,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> Unpacked:
    """Make a run of an archive; if anything about it is wrong, nothing of it stays.

    A run that had not finished when it was packed becomes a stopped one, which can be resumed.

    Args:
        stream: The archive; it must be possible to seek in it.
        folder: The folder of runs; made if missing.
        name: The name that the run gets; that of the archive if ``None``.
        shape_of: Gives the size of the examples of a data set, which the weights have to fit.
        progress: Told how much is done, and of how much: bytes that are unpacked, and bytes that are looked through.
        should_stop: Asked several times a second.

    Raises:
        ArchiveError: It is no archive of a run, damaged, or contradicts itself; the text says in which way.
        RunError: The name is taken or no valid one.
        StorageError: The disk is full, or the folder cannot be written.
        ExportStoppedError: ``should_stop`` said so.
    """
    with _told_as_refusal(), opened(stream) as archive:
        total = sum(file.size for file in archive.manifest.files.values())
        _check_room(folder, total)
        final = name or archive.manifest.run
        with _naming_errors(name), drafted_run(folder, final) as draft:
            meter = Meter(total + bytes_to_inspect(archive.manifest), progress, should_stop)
            _Unpacker(draft, meter).unpack(archive)
            inspect_run(draft, archive.manifest, shape_of, meter)
            _settle(draft)
    return Unpacked(Run(folder / final), archive.manifest)


@contextmanager
def _told_as_refusal() -> Iterator[None]:
    """Tell what is wrong with an archive as a whole sentence."""
    try:
        yield
    except ArchiveError as error:
        advice = f"{error.advice} Nothing was imported.".strip()
        raise ArchiveError(f"The archive was refused because {error.problem}.", advice) from error
    except StorageError as error:
        raise StorageError(error.problem, f"{error.advice} Nothing was imported.") from error


@contextmanager
def _naming_errors(name: str | None) -> Iterator[None]:
    """Say of an archive with a bad name what it is that has it."""
    try:
        yield
    except (ArchiveError, StorageError):
        raise
    except RunError as error:
        if name is not None or "cannot be the name" not in error.problem:
            raise
        raise ArchiveError("the name of its run is not valid") from error


def _check_room(folder: Path, total: int) -> None:
    """Refuse what the disk cannot hold before anything is written."""
    place = next((path for path in (folder, *folder.parents) if is_folder(path)), None)
    free = shutil.disk_usage(place).free if place else 0
    if total + _ROOM_TO_SPARE > free:
        raise StorageError(
            f"The archive unpacks to {total / 1e6:,.0f} MB, and the disk has room for {free / 1e6:,.0f} MB.",
            "Free some space, or choose another folder of runs (--runs or CVAE_RUNS).",
        )


class _Unpacker:
    """Writes the files of an archive, each checked against the manifest as it comes."""

    def __init__(self, draft: Run, meter: Meter) -> None:
        self._draft = draft
        self._meter = meter

    def unpack(self, archive: OpenArchive) -> None:
        for name, expected in archive.manifest.files.items():
            target = self._draft.path / name
            target.parent.mkdir(exist_ok=True)
            with reading_faults():
                source = archive.zip.open(name)
            with source:
                self._copy(_chunks(source), target, name, expected)
        for folder in (self._draft.snapshots_folder, self._draft.checkpoints_folder):
            for place in (*folder.iterdir(), folder):
                synchronise(place)
        synchronise(self._draft.path)

    def _copy(self, source: Iterator[bytes], target: Path, name: str, expected: PackedFile) -> None:
        digest, size = hashlib.sha256(), 0
        with target.open("xb") as file:
            for chunk in source:
                digest.update(chunk)
                size += file.write(chunk)
                self._meter.count(len(chunk))
            file.flush()
            os.fsync(file.fileno())
        if size != expected.size or digest.hexdigest() != expected.sha256:
            raise ArchiveError(f"{quoted(name)} in it is not what its manifest says: the checksum is wrong")


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    """A file of an archive in pieces; what fails here is the archive, and not the disk that the pieces go to."""
    while True:
        with reading_faults():
            chunk = source.read(CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


def _settle(draft: Run) -> None:
    """Let a run that was under way when it was packed be a stopped one: its worker is elsewhere."""
    status = read_status(draft.status_file)
    if status.state not in ENDED:
        reached = read_history(draft.metrics_file).last_epoch
        stopped = replace(status, state="stopped", epoch=reached, step=0, images_per_second=0.0)
        write_status(draft.status_file, stopped, durable=True)
