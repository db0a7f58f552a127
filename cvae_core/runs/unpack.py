"""A run made of an archive: names, sizes and checksums are compared with the manifest, then all files are read.

An archive may come from anyone. Only the names that a run has are unpacked, into a draft that becomes a run at the end.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from cvae_core.architecture import DataShape, check_weights, plan
from cvae_core.config.run import RunConfig
from cvae_core.errors import ArchiveError, CvaeError, ExportStoppedError, RunError, StorageError, advice, reason
from cvae_core.runs.atomic_io import is_folder, synchronise
from cvae_core.runs.metrics import read_history
from cvae_core.runs.pack import CHUNK_BYTES, MANIFEST_FILE, Manifest, Meter, PackedFile, Progress, ShouldStop
from cvae_core.runs.run import Run, drafted_run
from cvae_core.runs.snapshots import (
    checkpoint_folders,
    load_checkpoint,
    load_snapshot,
    snapshot_epochs,
    snapshot_folder,
)
from cvae_core.runs.status import ENDED, read_about, read_status, write_status

ShapeOf = Callable[[RunConfig], DataShape]
MOST_FILES: Final = 20_000
LARGEST_MANIFEST: Final = 8 * 2**20
_NEEDED: Final = frozenset({MANIFEST_FILE, "config.json", "status.json", "metrics.jsonl"})
_NAME: Final = re.compile(
    r"(manifest|config|status|about)\.json|metrics\.jsonl|"
    r"snapshots/[0-9]{6}/(weights\.safetensors|snapshot\.json)|"
    r"checkpoints/[0-9]{6}-[0-9]{8}/state\.(safetensors|json)"
)
# Weights hardly shrink, so an archive that unfolds to much more than its size was made for that.
_MOST_UNFOLDING: Final = 4
_UNFOLDING_ALLOWANCE: Final = 64 * 2**20
_ROOM_TO_SPARE: Final = 64 * 2**20
_BEGIN: Final = b"PK\x03\x04"
_END: Final = struct.Struct("<4s4H2LH")
_LARGEST_ENTRY_BYTES: Final = 512
_FAULTS: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError,
    OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class Unpacked:
    """A run that came from an archive.

    Attributes:
        run: The run.
        manifest: What the archive says of itself.
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
        shape_of: Gives the size of the examples that a run learns, which the weights have to fit.
        progress: Told how much is done, and of how much: bytes that are unpacked, and bytes that are read again.
        should_stop: Asked several times a second.

    Raises:
        ArchiveError: It is no archive of a run, or damaged; the text says in which way.
        RunError: The name is taken or no valid one.
        StorageError: The disk is full, or the folder cannot be written.
        ExportStoppedError: ``should_stop`` said so.
    """
    with _as_refusal():
        with _reading_faults():
            size = _check_end(stream)
            archive = zipfile.ZipFile(stream)
        with archive:
            with _reading_faults():
                manifest = _read_manifest(archive, size)
            total = sum(file.size for file in manifest.files.values())
            _check_room(folder, total)
            final = name or manifest.run
            with _naming_errors(name), drafted_run(folder, final) as draft:
                meter = Meter(total + _bytes_to_inspect(manifest), progress, should_stop)
                _unpack(archive, manifest, draft, meter)
                _inspect(draft, manifest, shape_of, meter)
                _stop_if_under_way(draft)
    return Unpacked(Run(folder / final), manifest)


@contextmanager
def _as_refusal() -> Iterator[None]:
    """Tell what is wrong with an archive as a whole sentence."""
    try:
        yield
    except ArchiveError as error:
        advised = f"{error.advice} Nothing was imported.".strip()
        raise ArchiveError(f"The archive was refused because {error.problem}.", advised) from error
    except StorageError as error:
        raise StorageError(error.problem, f"{error.advice} Nothing was imported.") from error


@contextmanager
def _naming_errors(name: str | None) -> Iterator[None]:
    """Say of an archive with a bad name that it is the archive that has it."""
    try:
        yield
    except (ArchiveError, StorageError):
        raise
    except RunError as error:
        if name is not None or "cannot be the name" not in error.problem:
            raise
        raise ArchiveError("the name of its run is not valid") from error


@contextmanager
def _reading_faults() -> Iterator[None]:
    """Turn what the system or the ZIP library raises about a file that it cannot read into an ``ArchiveError``."""
    try:
        yield
    except OSError as error:
        what = f"it cannot be read ({reason(error)})"
        raise ArchiveError(what, advice(error, "Copy the archive here once more.")) from error
    except _FAULTS as error:
        raise ArchiveError("it is damaged: a part of it cannot be unpacked") from error


def _check_end(stream: IO[bytes]) -> int:
    """Refuse what is no whole ZIP file or holds too many files, before their list is read; gives its size."""
    size = stream.seek(0, os.SEEK_END)
    if size == 0:
        raise ArchiveError("it is empty")
    stream.seek(0)
    if stream.read(len(_BEGIN)) != _BEGIN:
        raise ArchiveError("it is not a ZIP file")
    stream.seek(max(0, size - _END.size))
    end = stream.read(_END.size)
    if not end.startswith(b"PK\x05\x06"):
        raise ArchiveError("it is cut off, or something was appended to it")
    _, _, _, _, count, directory_bytes, _, _ = _END.unpack(end)
    if count > MOST_FILES or directory_bytes > MOST_FILES * _LARGEST_ENTRY_BYTES:
        raise ArchiveError(f"it holds too many files; there may be {MOST_FILES:,}")
    return size


def _read_manifest(archive: zipfile.ZipFile, size: int) -> Manifest:
    """The manifest of an archive whose names and sizes are in order; what its files hold is not known yet."""
    entries = archive.infolist()
    check_names([entry.orig_filename for entry in entries])
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ArchiveError(f"'{entry.filename}' in it is a link or no ordinary file")
    if sum(entry.file_size for entry in entries) > _UNFOLDING_ALLOWANCE + _MOST_UNFOLDING * size:
        raise ArchiveError(f"it would unfold to more than {_MOST_UNFOLDING} times its size")
    if archive.getinfo(MANIFEST_FILE).file_size > LARGEST_MANIFEST:
        raise ArchiveError(f"its manifest is larger than {LARGEST_MANIFEST // 2**20} MiB")
    manifest = Manifest.from_json(archive.read(MANIFEST_FILE))
    sizes = {entry.filename: entry.file_size for entry in entries if entry.filename != MANIFEST_FILE}
    if sizes != {name: file.size for name, file in manifest.files.items()}:
        raise ArchiveError("its manifest lists other files than there are")
    return manifest


def check_names(names: list[str]) -> None:
    """Refuse names that no run has, since they may lead anywhere; none may come twice, and none be missing.

    Raises:
        ArchiveError: The names are not those of a run.
    """
    if len(names) > MOST_FILES:
        raise ArchiveError(f"it holds {len(names):,} files; there may be {MOST_FILES:,}")
    if not all(map(_NAME.fullmatch, names)):
        raise ArchiveError("it holds a file that no run has")
    if len(set(names)) < len(names):
        raise ArchiveError("it holds a file twice")
    if missing := sorted(_NEEDED - set(names)):
        raise ArchiveError(f"{missing[0]} is missing in it")


def _check_room(folder: Path, total: int) -> None:
    """Refuse what the disk cannot hold before anything is written."""
    place = next((path for path in (folder, *folder.parents) if is_folder(path)), None)
    free = shutil.disk_usage(place).free if place else 0
    if total + _ROOM_TO_SPARE > free:
        raise StorageError(
            f"The archive unpacks to {total / 1e6:,.0f} MB, and the disk has room for {free / 1e6:,.0f} MB.",
            "Free some space, or choose another folder of runs (--runs or CVAE_RUNS).",
        )


def _unpack(archive: zipfile.ZipFile, manifest: Manifest, draft: Run, meter: Meter) -> None:
    """Write the files of an archive, each compared with the manifest as it comes."""
    for name, expected in manifest.files.items():
        target = draft.path / name
        target.parent.mkdir(exist_ok=True)
        with _reading_faults():
            source = archive.open(name)
        with source:
            _copy(_chunks(source), target, name, expected, meter)
    for folder in (draft.snapshots_folder, draft.checkpoints_folder):
        for place in (*folder.iterdir(), folder):
            synchronise(place)
    synchronise(draft.path)


def _copy(source: Iterator[bytes], target: Path, name: str, expected: PackedFile, meter: Meter) -> None:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as file:
        for chunk in source:
            digest.update(chunk)
            size += file.write(chunk)
            meter.count(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    if size != expected.size or digest.hexdigest() != expected.sha256:
        raise ArchiveError(f"'{name}' in it does not match its checksum")


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    """A file of an archive in pieces; what fails here is the archive, and not the disk that the pieces go to."""
    while True:
        with _reading_faults():
            chunk = source.read(CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


def _bytes_to_inspect(manifest: Manifest) -> int:
    """How much of a run takes time to read again: its snapshots and its checkpoint."""
    return sum(file.size for name, file in manifest.files.items() if "/" in name)


def _inspect(run: Run, manifest: Manifest, shape_of: ShapeOf, meter: Meter) -> None:
    """Make sure that an unpacked run can be looked at, and resumed if it has a checkpoint."""
    try:
        config, status, history = run.config(), read_status(run.status_file), read_history(run.metrics_file)
        architecture = plan(config.model, shape_of(config))
        read_about(run.about_file)
        if history.damaged_lines:
            raise ArchiveError(f"lines of its metrics cannot be read, {history.damaged_lines:,} in all")
        epochs = snapshot_epochs(run.snapshots_folder)
        if tuple(epochs) != manifest.snapshots or not epochs:
            raise ArchiveError("its manifest lists other snapshots than there are")
        if status.epochs != config.train.epochs or max(epochs[-1], history.last_epoch) > config.train.epochs:
            raise ArchiveError("its files hold more epochs than its configuration")
        for epoch in epochs:
            meter.count(_size(snapshot_folder(run.snapshots_folder, epoch)))
            check_weights(architecture, load_snapshot(run.snapshots_folder, epoch))
        for folder in checkpoint_folders(run.checkpoints_folder):
            meter.count(_size(folder))
            load_checkpoint(folder)
    except (ArchiveError, ExportStoppedError):
        raise
    except CvaeError as error:
        problem = error.problem.rstrip(".")
        raise ArchiveError(problem[:1].lower() + problem[1:], error.advice) from error


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _stop_if_under_way(draft: Run) -> None:
    """Let a run that was under way when it was packed be a stopped one: its worker is elsewhere."""
    status = read_status(draft.status_file)
    if status.state not in ENDED:
        reached = read_history(draft.metrics_file).last_epoch
        stopped = replace(status, state="stopped", epoch=reached, step=0, images_per_second=0.0)
        write_status(draft.status_file, stopped, durable=True)
