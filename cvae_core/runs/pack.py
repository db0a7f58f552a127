"""A run packed into one ZIP archive, which is the same to the byte each time that the same run is packed.

Of a run that still trains the archive is what it was at one moment: its snapshots are published whole, its history is
cut after the last whole line, and the checkpoint is chosen before both, so that they reach at least as far.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cvae_core.config.fields import format_value
from cvae_core.config.run import SCHEMA_VERSION, RunConfig
from cvae_core.errors import ArchiveError, CvaeError, ExportStoppedError, RunDamagedError, RunError
from cvae_core.runs.atomic_io import open_to_read, read_text, unreadable
from cvae_core.runs.metrics import History, MetricsReader, whole_lines
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import (
    ARRAYS_FILE,
    SNAPSHOT_FILE,
    STATE_FILE,
    WEIGHTS_FILE,
    load_snapshot,
    newest_checkpoint_folder,
    snapshot_epochs,
    snapshot_folder,
)
from cvae_core.runs.status import ABOUT, encode_status, read_about
from cvae_core.runs.summary import known_status, without_snapshots
from cvae_core.text import short_repr

Progress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]
Snapshots = Literal["all", "last"]
SNAPSHOT_CHOICES: Final[tuple[Snapshots, ...]] = get_args(Snapshots)
CHUNK_BYTES: Final = 2**20
MANIFEST_FILE: Final = "manifest.json"
_STATUS: Final = "The status of the run"
_INNER_FILES: Final = {
    "snapshots": frozenset({WEIGHTS_FILE, SNAPSHOT_FILE}),
    "checkpoints": frozenset({ARRAYS_FILE, STATE_FILE}),
}
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can tell
_ORDINARY_FILE: Final = 0o100644 << 16
_UNIX: Final = 3

_Count = Annotated[int, Field(ge=0, le=2**53)]
_Checksum = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PackedFile(_Part):
    """One file of an archive.

    Attributes:
        size: In bytes, unpacked.
        sha256: Of its content, 64 hexadecimal digits.
    """

    size: _Count
    sha256: _Checksum


class Manifest(_Part):
    """What an archive says of itself.

    Attributes:
        format: Tells such an archive from any other ZIP file.
        schema_version: Of this form.
        run: The name of the run.
        state: When it was packed.
        seed: Of the training.
        data_sha256: Checksum of the data that it learnt from; ``None`` if no training began.
        versions: Name -> version of what the training ran with.
        epochs: How many are in the metrics.
        snapshots: The epochs whose snapshots are in the archive.
        all_snapshots: Whether these are all that the run had.
        checkpoint: The name of the checkpoint to go on from; ``None`` if none is in the archive.
        files: Name -> the file, for all but the manifest itself.
    """

    format: Literal["cvae-run-archive"] = "cvae-run-archive"
    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    run: str
    state: str
    seed: _Count
    data_sha256: _Checksum | None
    versions: dict[str, str]
    epochs: _Count
    snapshots: tuple[_Count, ...]
    all_snapshots: bool
    checkpoint: str | None
    files: dict[str, PackedFile]

    def to_json(self) -> bytes:
        """As indented JSON."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            ArchiveError: It is of another form, or of a newer version.
        """
        try:
            manifest = cls.model_validate_json(content)
        except ValidationError as error:
            place = error.errors()[0]["loc"]
            where = f": {place[0]}" if place and place[0] in cls.model_fields else ""
            raise ArchiveError(f"its manifest is not valid{where}") from None
        if manifest.schema_version > SCHEMA_VERSION:
            raise ArchiveError(
                f"it is of schema version {format_value(manifest.schema_version)}; "
                f"this software reads up to {SCHEMA_VERSION}",
                "Update the software to open it.",
            )
        return manifest


class Meter:
    """Counts bytes as they are done.

    Args:
        total: How many there are, or about so many.
        progress: Told how many are done, and of how many.
        should_stop: Asked each time.
    """

    def __init__(self, total: int, progress: Progress, should_stop: ShouldStop) -> None:
        self._done, self._total = 0, total
        self._progress = progress
        self._should_stop = should_stop

    def count(self, size: int) -> None:
        """Some more bytes are done.

        Raises:
            ExportStoppedError: ``should_stop`` said so.
        """
        if self._should_stop():
            raise ExportStoppedError
        self._done += size
        self._progress(min(self._done, self._total), self._total)


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
            whole = view.manifest.all_snapshots and len(packed) == len(view.manifest.snapshots)
            found = {"snapshots": tuple(packed), "all_snapshots": whole, "files": dict(packer.files)}
            manifest = view.manifest.model_copy(update=found)
            packer.add(MANIFEST_FILE, BytesIO(manifest.to_json()))
    return manifest


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
    texts = {run.config_file.name: config_text, run.status_file.name: status, run.metrics_file.name: metrics}
    return _View(texts | _about(run), checkpoint, manifest)


def _about(run: Run) -> dict[str, bytes]:
    """Name and note of a run, if it has them; left out if they cannot be read."""
    try:
        read_about(run.about_file)
        return {run.about_file.name: read_text(run.about_file, ABOUT).encode()}
    except RunError:
        return {}


def _state(run: Run, config: RunConfig) -> tuple[str, bytes]:
    """The state of a run and the file that says so, which did not change meanwhile; a damaged one is made anew."""
    state, status, damage = known_status(run, config)
    while not damage:
        before = read_text(run.status_file, _STATUS)
        state, status, damage = known_status(run, config)
        if read_text(run.status_file, _STATUS) == before:
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
    return sorted(path for path in folder.iterdir() if path.name in _INNER_FILES[folder.parent.name])


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
        entry.compress_type = zipfile.ZIP_STORED if name.endswith(".safetensors") else zipfile.ZIP_DEFLATED
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
        folder = snapshot_folder(run.snapshots_folder, epoch)
        try:
            load_snapshot(run.snapshots_folder, epoch)
        except CvaeError as error:
            if not skip_damaged:
                raise RunDamagedError(error.problem, "Leave out such snapshots with --skip-damaged.") from error
            return False
        for path in _files(folder):
            try:
                source = open_to_read(path)
            except OSError as error:
                raise unreadable("A snapshot", path, error) from error
            with source:
                self.add(f"{run.snapshots_folder.name}/{folder.name}/{path.name}", source)
        return True
