"""An unpacked run, read with the readers that all runs are read with, and compared with what its manifest says."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

import numpy as np

from cvae_core.architecture import Architecture, DataShape, Weights, check_weights, plan
from cvae_core.config.run import DataSettings, RunConfig
from cvae_core.errors import (
    ArchiveError,
    CvaeError,
    ExportStoppedError,
    RunDamagedError,
    RunError,
    StoppedError,
    StorageError,
)
from cvae_core.runs.archive.manifest import Manifest, PackedFile, quoted
from cvae_core.runs.archive.pack import CHUNK_BYTES
from cvae_core.runs.archive.reader import Meter, OpenArchive, Progress, ShouldStop, opened, reading_faults
from cvae_core.runs.atomic_io import is_folder, synchronise
from cvae_core.runs.metadata import read_about
from cvae_core.runs.metrics import History, read_history
from cvae_core.runs.run import Run, drafted_run
from cvae_core.runs.snapshots import (
    Checkpoint,
    checkpoint_folders,
    load_snapshot,
    newest_checkpoint_folder,
    snapshot_epochs,
    snapshot_folder,
)
from cvae_core.runs.status import ALIVE, ENDED, Status, read_status, write_status
from cvae_core.text import unsafe_character

_WEIGHT: Final = "weights/"
_MOMENTS: Final = frozenset({"first_moment", "second_moment"})
_ALLOWANCE: Final = 2**20


def bytes_to_inspect(manifest: Manifest) -> int:
    """How much of a run takes time to look through: its snapshots and its checkpoint."""
    return sum(file.size for name, file in manifest.files.items() if "/" in name)


def inspect_run(run: Run, manifest: Manifest, shape_of: Callable[[DataSettings], DataShape], meter: Meter) -> None:
    """Make sure that an unpacked run can be looked at, and resumed if it has a checkpoint.

    Args:
        run: The run.
        manifest: What its archive says of it.
        shape_of: Gives the size of the examples of a data set.
        meter: Counts the bytes that are looked through.

    Raises:
        ExportStoppedError: The meter says that nobody wants to know.
        ArchiveError: A file cannot be read, does not fit the configuration, or is not what the manifest says.
    """
    with _readers_complaints():
        config = run.config()
        status, history = read_status(run.status_file), read_history(run.metrics_file)
        _check_texts(config, status)
        _check_facts(config, status, history, manifest)
        architecture = plan(config.model, shape_of(config.data))
        _check_about(run)
        _check_snapshots(run, config, manifest, architecture, meter)
        _check_checkpoint(run, config, manifest, architecture, meter)


@contextmanager
def _readers_complaints() -> Iterator[None]:
    """Tell what any reader of the core refuses as what is wrong with the archive."""
    try:
        yield
    except (ArchiveError, StoppedError, ExportStoppedError):
        raise
    except CvaeError as error:
        raise ArchiveError(_as_reason(error), error.advice) from error


def _as_reason(error: CvaeError) -> str:
    reason = error.problem.rstrip(".")
    return reason[:1].lower() + reason[1:]


def _check_texts(config: RunConfig, status: Status) -> None:
    """Refuse words that are no words: pages show them, and a picture named in them would be fetched from outside."""
    for text in (config.preset, config.data.dataset, status.problem, status.advice):
        if "![" in text or "<" in text or len(text) > 2000 or unsafe_character(text):
            raise ArchiveError("a text in it is none that this software writes")


def _check_about(run: Run) -> None:
    """Refuse a name and a note that cannot be read: whoever packs a run leaves them out."""
    try:
        read_about(run.about_file)
    except RunDamagedError as error:
        raise ArchiveError(_as_reason(error)) from error


def _check_facts(config: RunConfig, status: Status, history: History, manifest: Manifest) -> None:
    if history.damaged_lines:
        raise ArchiveError(f"lines of its metrics cannot be read, {history.damaged_lines:,} in all")
    begun = history.begins[-1] if history.begins else None
    said = {
        "the number of epochs in its status": (status.epochs, config.train.epochs),
        "the state in its manifest": (manifest.state, _possible_state(status, manifest)),
        "the seed in its manifest": (manifest.seed, config.train.seed),
        "the checksum of the data in its manifest": (manifest.data_sha256, begun.data_sha256 if begun else None),
        "the versions in its manifest": (manifest.versions, begun.versions if begun else {}),
        "the number of epochs in its manifest": (manifest.epochs, history.epoch_count),
    }
    for what, (found, expected) in said.items():
        if found != expected:
            raise ArchiveError(f"{what} is not that of its other files")
    if history.last_epoch > config.train.epochs:
        raise ArchiveError("its metrics hold more epochs than its configuration asks for")


def _possible_state(status: Status, manifest: Manifest) -> str:
    """What the manifest should say: a run whose worker is gone says itself that it is under way."""
    gone = manifest.state == "interrupted" and status.state in ALIVE
    return "interrupted" if gone else status.state


def _check_snapshots(run: Run, config: RunConfig, manifest: Manifest, architecture: Architecture, meter: Meter) -> None:
    epochs = snapshot_epochs(run.snapshots_folder)
    if not epochs or tuple(epochs) != manifest.snapshots:
        raise ArchiveError("its manifest speaks of other snapshots than there are")
    if epochs[-1] > config.train.epochs:
        raise ArchiveError("it holds a snapshot of a later epoch than its configuration asks for")
    for epoch in epochs:
        folder = snapshot_folder(run.snapshots_folder, epoch)
        meter.count(_size(folder))
        try:
            _check_size(folder, architecture, 1)
            check_weights(architecture, load_snapshot(run.snapshots_folder, epoch))
        except CvaeError as error:
            raise ArchiveError(f"the snapshot of epoch {epoch} does not fit: {error.problem.rstrip('.')}") from error


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _check_size(folder: Path, architecture: Architecture, times: int) -> None:
    """Refuse files of numbers that are too large for the network, before they are read into memory."""
    numbers = sum(int(np.prod(shape)) for shape in architecture.weight_shapes().values())
    for file in folder.iterdir():
        if file.stat().st_size > _ALLOWANCE + times * numbers * np.dtype(np.float32).itemsize:
            raise ArchiveError(f"{file.name} is too large for the network")


def _check_checkpoint(
    run: Run, config: RunConfig, manifest: Manifest, architecture: Architecture, meter: Meter
) -> None:
    folders = [path.name for path in checkpoint_folders(run.checkpoints_folder)]
    if folders != ([manifest.checkpoint] if manifest.checkpoint else []):
        raise ArchiveError("its manifest speaks of another checkpoint than there is")
    if not folders:
        return
    folder = run.checkpoints_folder / folders[0]
    meter.count(_size(folder))
    _check_size(folder, architecture, 1 + len(_MOMENTS))
    found = newest_checkpoint_folder(run.checkpoints_folder)
    if found is None:
        raise ArchiveError("its checkpoint cannot be read")
    checkpoint = found[1]
    if checkpoint.epoch > config.train.epochs:
        raise ArchiveError("its checkpoint is of a later epoch than its configuration asks for")
    check_weights(architecture, _weights(checkpoint))
    _check_moments(checkpoint, architecture)


def _weights(checkpoint: Checkpoint) -> Weights:
    names = checkpoint.arrays.keys() - _MOMENTS
    return {name.removeprefix(_WEIGHT): checkpoint.arrays[name] for name in names}


def _check_moments(checkpoint: Checkpoint, architecture: Architecture) -> None:
    """The optimiser's two vectors have a number for each that training changes."""
    shapes = architecture.weight_shapes()
    length = sum(int(np.prod(shape)) for name, shape in shapes.items() if "/moving_" not in name)
    for name in sorted(_MOMENTS):
        moment = checkpoint.arrays.get(name)
        if moment is None or moment.shape != (length,) or moment.dtype != np.float32:
            raise ArchiveError(f"its checkpoint has no valid {name}")


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
