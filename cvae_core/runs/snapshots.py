"""Snapshots: the weights after an epoch, published once and never changed."""

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
from cvae_core.errors import RunDamagedError, RunError, RunNotFoundError
from cvae_core.runs.atomic_io import is_real_folder, open_to_read, publish_folder, unreadable
from cvae_core.runs.checksums import build, config_sha256, read_sealed, refuse_foreign, seal, versioned
from cvae_core.system_errors import is_of_machine

WEIGHTS_FILE: Final = "weights.safetensors"
FACTS_FILE: Final = "snapshot.json"
_LARGEST: Final = 4 * 2**30
_FAULTS: Final = (OSError, ValueError, KeyError, TypeError, AttributeError)  # the last two: a dtype NumPy lacks
_NAME: Final = re.compile(r"[0-9]{6}")
_EPOCHS_LISTED: Final = 6
_SNAPSHOT_EXPONENT: Final = 1.701
_EARLY_EPOCHS: Final = 10


@dataclass(frozen=True)
class _Facts:
    """What stands beside the weights.

    Attributes:
        epoch: Of the snapshot.
        config_sha256: Of the configuration that the run was started with.
        bytes: Size of the file of weights.
        sha256: Its checksum.
    """

    epoch: int
    config_sha256: str
    bytes: int
    sha256: str


def snapshot_folder(folder: Path, epoch: int) -> Path:
    """Where the snapshot of an epoch is."""
    return folder / f"{epoch:06d}"


def publish_snapshot(folder: Path, epoch: int, weights: Weights, config: str | None = None) -> None:
    """Keep the weights after ``epoch`` completed epochs; does nothing if they can be read already.

    Args:
        folder: Of the snapshots of a run.
        epoch: Completed epochs.
        weights: Name -> float32 array.
        config: SHA-256 of the configuration that they were trained with; that of the run as it is if ``None``.

    Raises:
        StorageError: The disk is full or cannot be written; nothing half-written is left.
    """
    if _is_sound(folder, epoch):
        return
    with publish_folder(snapshot_folder(folder, epoch)) as draft:
        written = save_arrays(draft / WEIGHTS_FILE, weights)
        facts = _Facts(epoch, config_sha256(folder.parent) if config is None else config, **written)
        (draft / FACTS_FILE).write_bytes(seal(versioned(asdict(facts))))


def _is_sound(folder: Path, epoch: int) -> bool:
    if not is_real_folder(snapshot_folder(folder, epoch)):  # nearly always: not worth an error that names all others
        return False
    try:
        load_snapshot(folder, epoch)
    except RunError:
        return False
    return True


def snapshot_epochs(folder: Path) -> list[int]:
    """The epochs that have a published snapshot, in order."""
    return [int(path.name) for path in published_folders(folder, _NAME)]


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
    facts = _read_facts(target, epoch, what, config_sha256(folder.parent))
    try:
        with open_to_read(target / WEIGHTS_FILE) as file:
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise RunDamagedError(f"{what} is damaged: {WEIGHTS_FILE} cannot be read.") from error
    if size != facts.bytes:
        raise RunDamagedError(f"{what} is damaged: {WEIGHTS_FILE} has {size:,} bytes instead of {facts.bytes:,}.")


def newest_known_epoch(folder: Path) -> int | None:
    """The newest epoch with a snapshot of the run's configuration, whose weights are not looked at."""
    config = config_sha256(folder.parent)
    for epoch in reversed(snapshot_epochs(folder)):
        try:
            return _read_facts(snapshot_folder(folder, epoch), epoch, "A snapshot", config).epoch
        except RunDamagedError:
            continue
    return None


def published_folders(folder: Path, name: re.Pattern[str]) -> list[Path]:
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


def load_snapshot(folder: Path, epoch: int) -> Weights:
    """The weights after an epoch.

    Returns:
        Name -> float32 array.

    Raises:
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: One of its files is missing or damaged, of a newer version, or of another run.
    """
    target = snapshot_folder(folder, epoch)
    if not is_real_folder(target):
        raise RunNotFoundError(
            f"There is no snapshot of epoch {epoch}.",
            _there_are(snapshot_epochs(folder), epoch),
        )
    what = f"The snapshot of epoch {epoch}"
    facts = _read_facts(target, epoch, what, config_sha256(folder.parent))
    return load_arrays(target / WEIGHTS_FILE, what, facts.bytes, facts.sha256)


def _read_facts(target: Path, epoch: int, what: str, config: str) -> _Facts:
    try:
        facts = build(_Facts, read_sealed(target / FACTS_FILE, what))
    except ValueError as error:
        raise RunDamagedError(f"{what} has {error} ({FACTS_FILE}).") from None
    refuse_foreign(facts.config_sha256, config, what, FACTS_FILE)
    if facts.epoch != epoch:
        raise RunDamagedError(f"{what} is that of epoch {facts.epoch} ({FACTS_FILE}).")
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


def save_arrays(path: Path, arrays: Weights) -> dict[str, Any]:
    """Write named arrays as a safetensors file.

    Returns:
        Its size and checksum, which ``load_arrays`` asks for: "bytes" and "sha256".

    Raises:
        OSError: The disk is full or cannot be written.
    """
    content = save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    path.write_bytes(content)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def load_arrays(path: Path, what: str, size: int, sha256: str) -> Weights:
    """Read named arrays from a safetensors file.

    Args:
        path: The file.
        what: What it is, to start a sentence with.
        size: Its bytes.
        sha256: Its checksum.

    Raises:
        RunDamagedError: The file is missing or not that one, or holds numbers that NumPy does not know.
    """
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
