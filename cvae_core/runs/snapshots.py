"""Snapshots: the weights after an epoch, published once and never changed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from cvae_core.architecture import Weights
from cvae_core.errors import RunDamagedError, RunNotFoundError
from cvae_core.runs.files import publish_folder

WEIGHTS_FILE: Final = "weights.safetensors"


def snapshot_folder(folder: Path, epoch: int) -> Path:
    """Where the snapshot of an epoch is."""
    return folder / f"{epoch:06d}"


def publish_snapshot(folder: Path, epoch: int, weights: Weights) -> None:
    """Keep the weights after ``epoch`` completed epochs; does nothing if they are kept already.

    Raises:
        StorageError: The disk is full or cannot be written; nothing half-written is left.
    """
    target = snapshot_folder(folder, epoch)
    if target.exists():
        return
    with publish_folder(target) as draft:
        save_arrays(draft / WEIGHTS_FILE, weights)


def snapshot_epochs(folder: Path) -> list[int]:
    """The epochs that have a published snapshot, in order."""
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal() and path.is_dir())


def load_snapshot(folder: Path, epoch: int) -> Weights:
    """The weights after an epoch.

    Returns:
        Name -> float32 array.

    Raises:
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: Its file is missing or damaged.
    """
    target = snapshot_folder(folder, epoch)
    if not target.is_dir():
        raise RunNotFoundError(
            f"There is no snapshot of epoch {epoch}.",
            f"There are snapshots of {_some(snapshot_epochs(folder))}.",
        )
    return load_arrays(target / WEIGHTS_FILE, f"The snapshot of epoch {epoch}")


def _some(epochs: list[int]) -> str:
    if len(epochs) <= 6:
        return f"epochs {', '.join(map(str, epochs))}" if epochs else "no epoch yet"
    return f"{len(epochs)} epochs from {epochs[0]} to {epochs[-1]}"


def save_arrays(path: Path, arrays: Weights) -> None:
    """Write named arrays as a safetensors file.

    Raises:
        OSError: The disk is full or cannot be written.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    try:
        save_file(contiguous, path)
    except SafetensorError as error:
        raise _as_os_error(error) from error


def _as_os_error(error: SafetensorError) -> OSError:
    """The library reports failed writes in its own class, the system's number only in the text."""
    text = str(error)
    number = int(text.rpartition("os error ")[2].split(")")[0]) if "os error " in text else 0
    return OSError(number, text)


def load_arrays(path: Path, what: str) -> Weights:
    """Read named arrays from a safetensors file.

    Args:
        path: The file.
        what: What it is, to start a sentence with.

    Raises:
        RunDamagedError: The file is missing or damaged.
    """
    if not path.is_file() or path.is_symlink():
        raise RunDamagedError(f"{what} is damaged: {path.name} is missing.")
    try:
        arrays: Weights = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise RunDamagedError(f"{what} is damaged: {path.name} cannot be read.") from error
    return arrays
