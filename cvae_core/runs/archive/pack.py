"""A run packed into one archive, which is the same to the byte each time that the same run is packed.

Of a run that still trains the archive is what it was at one moment: its snapshots are published whole, its history is
cut after the last whole line, and the checkpoint is chosen before both, so that they reach at least as far.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Final, Literal, get_args

from cvae_core.config.run import RunConfig
from cvae_core.errors import ArchiveError, CvaeError, RunDamagedError, RunError
from cvae_core.runs.archive.manifest import (
    ABOUT,
    ARRAYS_ENDING,
    CONFIG,
    INNER_FILES,
    MANIFEST_FILE,
    METRICS,
    STATUS,
    Manifest,
    PackedFile,
)
from cvae_core.runs.archive.reader import Meter, Progress, ShouldStop
from cvae_core.runs.atomic_io import open_to_read, read_text, unreadable
from cvae_core.runs.metadata import WHAT, read_about
from cvae_core.runs.metrics import History, MetricsReader, whole_lines
from cvae_core.runs.recovery import known_status, without_snapshots
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot, newest_checkpoint_folder, snapshot_epochs, snapshot_folder
from cvae_core.runs.status import encode_status
from cvae_core.short_repr import short_repr

Snapshots = Literal["all", "last"]
SNAPSHOT_CHOICES: Final[tuple[Snapshots, ...]] = get_args(Snapshots)
CHUNK_BYTES: Final = 2**20
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can tell
_ORDINARY_FILE: Final = 0o100644 << 16
_UNIX: Final = 3


@dataclass(frozen=True)
class _View:
    """A run at one moment.

    Attributes:
        texts: Name in the archive -> content.
        checkpoint: Name in the archive -> file, opened because the worker may remove it; empty if not needed.
        manifest: What is known before anything is packed: all but the files, and as if no snapshot were damaged.
    """

    texts: dict[str, bytes]
    checkpoint: dict[str, IO[bytes]]
    manifest: Manifest

    __repr__ = short_repr


def pack_run(
    run: Run,
    stream: IO[bytes],
    snapshots: Snapshots = "all",
    *,
    skip_damaged: bool = False,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> Manifest:
    """Write a run as an archive: config, status, metrics, snapshots, and a manifest with the checksum of each.

    A run that has not finished takes its newest checkpoint with it, so that it can be resumed elsewhere.

    Args:
        run: The run; it may still train.
        stream: Where to; it must be possible to seek in it.
        snapshots: All of them, or the last one only.
        skip_damaged: Whether to leave damaged snapshots out.
        progress: Told how many bytes are packed, and of how many.
        should_stop: Asked several times a second.

    Returns:
        What the archive says of itself.

    Raises:
        RunDamagedError: A file of the run cannot be read.
        ArchiveError: There is no snapshot yet.
        ExportStoppedError: ``should_stop`` said so; the stream holds a part of an archive.
        OSError: The stream cannot be written.
    """
    with ExitStack() as stack:
        view = _view(run, snapshots, stack)
        meter = Meter(_bytes_to_pack(run, view), progress, should_stop)
        with zipfile.ZipFile(stream, "w") as archive:
            packer = _Packer(archive, meter)
            for name, content in view.texts.items():
                packer.add(name, BytesIO(content))
            packed = [epoch for epoch in view.manifest.snapshots if packer.add_snapshot(run, epoch, skip_damaged)]
            if not packed:
                raise ArchiveError(f"No snapshot of the run {run.id} can be read.")
            for name, file in view.checkpoint.items():
                packer.add(name, file)
            manifest = _completed(view.manifest, packed, packer.files)
            packer.add(MANIFEST_FILE, BytesIO(manifest.to_json()))
    return manifest


def _completed(manifest: Manifest, packed: list[int], files: dict[str, PackedFile]) -> Manifest:
    whole = manifest.all_snapshots and len(packed) == len(manifest.snapshots)
    return manifest.model_copy(update={"snapshots": tuple(packed), "all_snapshots": whole, "files": dict(files)})


def _view(run: Run, snapshots: Snapshots, stack: ExitStack) -> _View:
    config = run.config()
    state, status = _state(run, config)
    folder, checkpoint = (None, {}) if state == "finished" else _checkpoint(run, stack)
    history, metrics = _metrics(run)
    epochs = snapshot_epochs(run.snapshots_folder)
    if not epochs:
        raise ArchiveError(*without_snapshots(run))
    chosen = epochs if snapshots == "all" else epochs[-1:]
    manifest = Manifest(
        run=run.id,
        state=state,
        seed=config.train.seed,
        data_sha256=history.begins[-1].data_sha256 if history.begins else None,
        versions=history.begins[-1].versions if history.begins else {},
        epochs=history.epoch_count,
        snapshots=tuple(chosen),
        all_snapshots=chosen == epochs,
        checkpoint=folder,
        files={},
    )
    config_text = read_text(run.config_file, "The configuration of the run").encode()
    return _View({CONFIG: config_text, STATUS: status, METRICS: metrics} | _about(run), checkpoint, manifest)


def _about(run: Run) -> dict[str, bytes]:
    """What people say of a run, if they say anything; it is left out if it cannot be read."""
    try:
        read_about(run.about_file)
        return {ABOUT: read_text(run.about_file, WHAT).encode()}
    except RunError:
        return {}


def _state(run: Run, config: RunConfig) -> tuple[str, bytes]:
    """The state of a run and the file that says so, which did not change meanwhile; a damaged one is made anew."""
    state, status, damage = known_status(run, config)
    while not damage:
        before = read_text(run.status_file, "The status of the run")
        state, status, damage = known_status(run, config)
        if read_text(run.status_file, "The status of the run") == before:
            return state, before.encode()
    return state, encode_status(status)


def _metrics(run: Run) -> tuple[History, bytes]:
    """The records of a run, and the whole lines that they stand in; what else is in the file is left out."""
    history = MetricsReader(run.metrics_file).refresh()
    lines = list(whole_lines(run.metrics_file, history.position))
    if len(lines) != history.lines:
        raise RunDamagedError("The metrics of the run changed while they were read (metrics.jsonl).", "Try again.")
    return history, b"".join(lines)


def _checkpoint(run: Run, stack: ExitStack) -> tuple[str | None, dict[str, IO[bytes]]]:
    """The name of the newest checkpoint and its files by their names in the archive; nothing if there is none."""
    found = newest_checkpoint_folder(run.checkpoints_folder)
    if found is None:
        return None, {}
    folder = found[0]
    try:
        files: dict[str, IO[bytes]] = {
            f"{run.checkpoints_folder.name}/{folder.name}/{path.name}": stack.enter_context(open_to_read(path))
            for path in _files(folder)
        }
    except FileNotFoundError:  # the worker keeps two, so there is a newer one by now
        return _checkpoint(run, stack)
    except OSError as error:
        raise unreadable("A checkpoint", folder, error) from error
    return folder.name, files


def _files(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.iterdir() if path.name in INNER_FILES[folder.parent.name])


def _bytes_to_pack(run: Run, view: _View) -> int:
    """How much there is to pack, the manifest left out; about as much if a snapshot cannot be read."""
    texts = sum(map(len, view.texts.values()))
    checkpoint = sum(file.seek(0, 2) - file.seek(0) for file in view.checkpoint.values())
    folders = (snapshot_folder(run.snapshots_folder, epoch) for epoch in view.manifest.snapshots)
    return texts + checkpoint + sum(path.lstat().st_size for folder in folders for path in _files(folder))


class _Packer:
    """Adds files to an archive, and notes their sizes and checksums."""

    def __init__(self, archive: zipfile.ZipFile, meter: Meter) -> None:
        self.files: dict[str, PackedFile] = {}
        self._archive = archive
        self._meter = meter

    def add(self, name: str, source: IO[bytes]) -> None:
        """Add one file; numbers, which hardly shrink, are stored as they are."""
        entry = zipfile.ZipInfo(name, _MOMENT)
        entry.create_system, entry.external_attr = _UNIX, _ORDINARY_FILE
        entry.compress_type = zipfile.ZIP_STORED if name.endswith(ARRAYS_ENDING) else zipfile.ZIP_DEFLATED
        entry.file_size = source.seek(0, 2)
        source.seek(0)
        digest, size = hashlib.sha256(), 0
        with self._archive.open(entry, "w") as target:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                size += target.write(chunk)
                self._meter.count(len(chunk))
        self.files[name] = PackedFile(size=size, sha256=digest.hexdigest())

    def add_snapshot(self, run: Run, epoch: int, skip_damaged: bool) -> bool:
        """Add the files of a snapshot; ``False`` if it is damaged and may be skipped."""
        try:
            load_snapshot(run.snapshots_folder, epoch)
        except CvaeError as error:
            if not skip_damaged:
                raise RunDamagedError(error.problem, "Leave out such snapshots with --skip-damaged.") from error
            return False
        folder = snapshot_folder(run.snapshots_folder, epoch)
        for path in _files(folder):
            with _opened(path) as source:
                self.add(f"{run.snapshots_folder.name}/{folder.name}/{path.name}", source)
        return True


def _opened(path: Path) -> IO[bytes]:
    try:
        return open_to_read(path)
    except OSError as error:
        raise unreadable("A snapshot", path, error) from error
