"""Snapshots, the weights after an epoch, and checkpoints, from which a training goes on as if it had never stopped.

Weights alone show what a model does; going on also takes the optimiser's moments, which are twice as large. So all
snapshots are kept, and only the newest two checkpoints, the older one in case the newer is damaged. Both are folders of
a safetensors file and a JSON file with its size and SHA-256, published by a rename and never changed.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from dataclasses import asdict, dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from cvae_core.architecture import Weights
from cvae_core.config.run import TrainSettings
from cvae_core.errors import RunDamagedError, RunError, RunNotFoundError, is_of_machine
from cvae_core.runs.atomic_io import is_real_folder, open_to_read, publish_folder, remove, unreadable
from cvae_core.runs.checksums import parser, read_sealed, seal, versioned
from cvae_core.text import short_repr

WEIGHTS_FILE: Final = "weights.safetensors"
SNAPSHOT_FILE: Final = "snapshot.json"
ARRAYS_FILE: Final = "state.safetensors"
STATE_FILE: Final = "state.json"
_LARGEST: Final = 4 * 2**30
_FAULTS: Final = (OSError, ValueError, KeyError, TypeError, AttributeError)  # the last two: a dtype NumPy lacks
_SNAPSHOT_NAME: Final = re.compile(r"[0-9]{6}")
_CHECKPOINT_NAME: Final = re.compile(r"[0-9]{6}-[0-9]{8}")
_CHECKPOINTS_KEPT: Final = 2
_EPOCHS_LISTED: Final = 6
_SNAPSHOT_EXPONENT: Final = 1.701
_EARLY_EPOCHS: Final = 10


@dataclass(frozen=True)
class _SnapshotFacts:
    """What stands beside the weights: their epoch, and size and checksum of their file."""

    epoch: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class _CheckpointFacts:
    """What stands beside the arrays: their moment, size and checksum of their file, and values that are no arrays."""

    epoch: int
    step: int
    bytes: int
    sha256: str
    facts: dict[str, Any]

    __repr__ = short_repr


@dataclass(frozen=True)
class Checkpoint:
    """A point in a training.

    Attributes:
        epoch: Completed epochs.
        step: Steps done in the epoch under way.
        arrays: Name -> array: weights, moments, running sums.
        facts: Small values that are no arrays, as JSON holds them.
    """

    epoch: int
    step: int
    arrays: Weights
    facts: dict[str, Any]

    __repr__ = short_repr


_SNAPSHOT: Final = parser(_SnapshotFacts)
_CHECKPOINT: Final = parser(_CheckpointFacts)


def snapshot_folder(folder: Path, epoch: int) -> Path:
    """Where the snapshot of an epoch is."""
    return folder / f"{epoch:06d}"


def publish_snapshot(folder: Path, epoch: int, weights: Weights) -> None:
    """Keep the weights after ``epoch`` completed epochs; does nothing if they can be read already.

    Args:
        folder: Of the snapshots of a run.
        epoch: Completed epochs.
        weights: Name -> float32 array.

    Raises:
        StorageError: The disk is full or cannot be written; nothing half-written is left.
    """
    if is_real_folder(snapshot_folder(folder, epoch)) and _is_sound(folder, epoch):
        return
    with publish_folder(snapshot_folder(folder, epoch)) as draft:
        facts = _SnapshotFacts(epoch, **_save_arrays(draft / WEIGHTS_FILE, weights))
        (draft / SNAPSHOT_FILE).write_bytes(seal(versioned(asdict(facts))))


def _is_sound(folder: Path, epoch: int) -> bool:
    try:
        load_snapshot(folder, epoch)
    except RunError:
        return False
    return True


def snapshot_epochs(folder: Path) -> list[int]:
    """The epochs that have a published snapshot, in order."""
    return [int(path.name) for path in _published(folder, _SNAPSHOT_NAME)]


def scheduled_epochs(train: TrainSettings) -> frozenset[int]:
    """The epochs after which the weights are kept; 0 is the untrained model.

    The tutorial's are 1 to 10 and 1 + floor(k ** 1.701); the first and the last model are always kept.
    """
    within = range(train.epochs + 1)
    if train.snapshot_schedule == "every":
        return frozenset((*within[:: train.snapshot_every], train.epochs))
    rarer = takewhile(lambda epoch: epoch <= train.epochs, (1 + math.floor(k**_SNAPSHOT_EXPONENT) for k in count()))
    return frozenset((*within[: _EARLY_EPOCHS + 1], *rarer, train.epochs))


def check_snapshot_files(folder: Path, epoch: int) -> None:
    """Refuse a snapshot whose facts are damaged or whose file of weights is missing or of another size.

    The weights are not read, so this is fast enough for a list of many runs.

    Raises:
        RunDamagedError: It is such a one.
    """
    what = f"The snapshot of epoch {epoch:,}"
    target = snapshot_folder(folder, epoch)
    facts = _snapshot_facts(target, epoch, what)
    try:
        with open_to_read(target / WEIGHTS_FILE) as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise RunDamagedError(f"{what} is damaged: {WEIGHTS_FILE} cannot be read.") from error
    if size != facts.bytes:
        raise RunDamagedError(f"{what} is damaged: {WEIGHTS_FILE} has {size:,} bytes instead of {facts.bytes:,}.")


def newest_known_epoch(folder: Path) -> int | None:
    """The newest epoch with a snapshot whose facts can be read; its weights are not looked at."""
    for epoch in reversed(snapshot_epochs(folder)):
        try:
            return _snapshot_facts(snapshot_folder(folder, epoch), epoch, "A snapshot").epoch
        except RunDamagedError:
            continue
    return None


def load_snapshot(folder: Path, epoch: int) -> Weights:
    """The weights after an epoch.

    Returns:
        Name -> float32 array.

    Raises:
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: One of its files is missing or damaged, of a newer version, or of another epoch.
    """
    target = snapshot_folder(folder, epoch)
    if not is_real_folder(target):
        raise RunNotFoundError(
            f"There is no snapshot of epoch {epoch}.",
            _there_are(snapshot_epochs(folder), epoch),
        )
    what = f"The snapshot of epoch {epoch}"
    facts = _snapshot_facts(target, epoch, what)
    return _load_arrays(target / WEIGHTS_FILE, what, facts.bytes, facts.sha256)


def _snapshot_facts(target: Path, epoch: int, what: str) -> _SnapshotFacts:
    facts = read_sealed(target / SNAPSHOT_FILE, what, _SNAPSHOT)
    if facts.epoch != epoch:
        raise RunDamagedError(f"{what} is that of epoch {facts.epoch} ({SNAPSHOT_FILE}).")
    return facts


def _there_are(epochs: list[int], wanted: int) -> str:
    """A sentence that lists the epochs; of many, the ends and those around the wanted one."""
    if not epochs:
        return "There are snapshots of no epoch yet."
    if len(epochs) <= _EPOCHS_LISTED:
        return f"There are snapshots of epochs {', '.join(map(str, epochs))}."
    around = [*[epoch for epoch in epochs if epoch < wanted][-1:], *[epoch for epoch in epochs if epoch > wanted][:1]]
    return (
        f"There are snapshots of {len(epochs):,} epochs from {epochs[0]} to {epochs[-1]}; "
        f"the nearest: {' and '.join(map(str, around))}."
    )


def publish_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint and the one before it, and drop all others.

    A later one is dropped too: training has gone back to before it, so it could not be read.

    Args:
        folder: Of the checkpoints of a run.
        checkpoint: To keep.

    Raises:
        StorageError: The disk is full or cannot be written; the older checkpoints are then still there.
    """
    target = folder / _checkpoint_name(checkpoint.epoch, checkpoint.step)
    with publish_folder(target) as draft:
        written = _save_arrays(draft / ARRAYS_FILE, checkpoint.arrays)
        facts = _CheckpointFacts(checkpoint.epoch, checkpoint.step, **written, facts=checkpoint.facts)
        (draft / STATE_FILE).write_bytes(seal(versioned(asdict(facts)), allow_nan=True))
    kept = [path for path in checkpoint_folders(folder) if path <= target][-_CHECKPOINTS_KEPT:]
    for stale in set(checkpoint_folders(folder)) - set(kept):
        remove(stale)


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that can be read; ``None`` if there is none, so that training starts at the beginning."""
    found = newest_checkpoint_folder(folder)
    return None if found is None else found[1]


def newest_checkpoint_folder(folder: Path) -> tuple[Path, Checkpoint] | None:
    """The newest checkpoint that can be read, and the folder that it is in."""
    for path in reversed(checkpoint_folders(folder)):
        try:
            return path, load_checkpoint(path)
        except RunDamagedError:
            continue
    return None


def newest_known_moment(folder: Path) -> tuple[int, int] | None:
    """Epoch and step of the newest checkpoint whose facts can be read; its arrays are not looked at."""
    for path in reversed(checkpoint_folders(folder)):
        try:
            facts = _checkpoint_facts(path)
            return facts.epoch, facts.step
        except RunDamagedError:
            continue
    return None


def checkpoint_folders(folder: Path) -> list[Path]:
    """The folders of all checkpoints, damaged ones included, the oldest first."""
    return _published(folder, _CHECKPOINT_NAME)


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a folder.

    Raises:
        RunDamagedError: One of its files is missing or damaged, of a newer version, or of another moment.
    """
    found = _checkpoint_facts(path)
    arrays = _load_arrays(path / ARRAYS_FILE, "A checkpoint", found.bytes, found.sha256)
    return Checkpoint(found.epoch, found.step, arrays, found.facts)


def _checkpoint_facts(path: Path) -> _CheckpointFacts:
    found = read_sealed(path / STATE_FILE, "A checkpoint", _CHECKPOINT)
    if path.name != _checkpoint_name(found.epoch, found.step):
        raise RunDamagedError(f"The contents of the checkpoint {path.name} do not match the name of its folder.")
    return found


def _checkpoint_name(epoch: int, step: int) -> str:
    return f"{epoch:06d}-{step:08d}"


def _published(folder: Path, name: re.Pattern[str]) -> list[Path]:
    """The folders in a folder whose names have a form, by name; drafts, links and all else passed over."""
    if not is_real_folder(folder):
        return []
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name for entry in entries if name.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except OSError as error:
        if is_of_machine(error):
            raise unreadable("A folder of the run", folder, error) from error
        return []
    return [folder / found for found in sorted(names)]


def _save_arrays(path: Path, arrays: Weights) -> dict[str, Any]:
    """Write named arrays as a safetensors file; gives its size and checksum, "bytes" and "sha256"."""
    content = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    path.write_bytes(content)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _load_arrays(path: Path, what: str, size: int, sha256: str) -> Weights:
    """Read named arrays from a safetensors file of a known size and checksum."""
    content = _read_exactly(path, what, size)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RunDamagedError(f"{what} is damaged: {path.name} does not match its checksum.")
    try:
        arrays: Weights = load(content)
    except (SafetensorError, *_FAULTS) as error:
        raise RunDamagedError(f"{what} is damaged: {path.name} cannot be read.") from error
    # With TensorFlow loaded NumPy has more kinds of numbers than its own; what can be read must not depend on that.
    if any(array.dtype.isbuiltin != 1 for array in arrays.values()):
        raise RunDamagedError(f"{what} is damaged: {path.name} holds numbers of an unknown kind.")
    return arrays


def _read_exactly(path: Path, what: str, size: int) -> bytes:
    """The content of a file of a known size, which is looked at before anything is read."""
    try:
        with open_to_read(path) as file:
            found = os.fstat(file.fileno()).st_size
            content = file.read(size) if found == size <= _LARGEST else b""
    except FileNotFoundError:
        raise RunDamagedError(f"{what} is damaged: {path.name} is missing.") from None
    except OSError as error:
        if is_of_machine(error):
            raise unreadable(what, path, error) from error
        raise RunDamagedError(f"{what} is damaged: {path.name} cannot be read.") from error
    if len(content) != size:
        raise RunDamagedError(f"{what} is damaged: {path.name} has {found:,} bytes instead of {size:,}.")
    return content
