"""An unpacked run, read with the readers that all runs are read with, and compared with what its manifest says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from cvae_core.architecture import Architecture, DataShape, Weights, check_weights, plan
from cvae_core.config import DataSettings, RunConfig
from cvae_core.errors import ArchiveError, CvaeError, ExportStoppedError, RunDamagedError, StoppedError
from cvae_core.runs.about import read_about
from cvae_core.runs.archive.manifest import Manifest
from cvae_core.runs.archive.meter import Meter
from cvae_core.runs.checkpoints import Checkpoint, newest_checkpoint_folder
from cvae_core.runs.directory import Run
from cvae_core.runs.metrics import History, read_history
from cvae_core.runs.snapshots import load_snapshot, published_folders, snapshot_epochs, snapshot_folder
from cvae_core.runs.status import ALIVE, Status, read_status
from cvae_core.text import unsafe_character

_WEIGHT: Final = "weights/"
_MOMENTS: Final = frozenset({"first_moment", "second_moment"})
_ANY: Final = re.compile(r".*")
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
    folders = [path.name for path in published_folders(run.checkpoints_folder, _ANY)]
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
