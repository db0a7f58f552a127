"""Snapshots: the weights after an epoch, published once and never changed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from cvae_core.architecture import Weights
from cvae_core.errors import RunDamagedError, RunError, RunNotFoundError
from cvae_core.runs.files import publish_folder

WEIGHTS_FILE: Final = "weights.safetensors"
_FAULTS: Final = (OSError, ValueError, KeyError, TypeError, AttributeError)  # the last two: a dtype NumPy lacks
_NAME: Final = re.compile(r"[0-9]{6}")


def snapshot_folder(folder: Path, epoch: int) -> Path:
    """Where the snapshot of an epoch is."""
    return folder / f"{epoch:06d}"


def publish_snapshot(folder: Path, epoch: int, weights: Weights) -> None:
    """Keep the weights after ``epoch`` completed epochs; does nothing if they can be read already.

    Raises:
        StorageError: The disk is full or cannot be written; nothing half-written is left.
    """
    if _is_sound(folder, epoch):
        return
    with publish_folder(snapshot_folder(folder, epoch)) as draft:
        save_arrays(draft / WEIGHTS_FILE, weights)


def _is_sound(folder: Path, epoch: int) -> bool:
    if not snapshot_folder(folder, epoch).exists():  # nearly always: not worth an error that names all that there are
        return False
    try:
        load_snapshot(folder, epoch)
    except RunError:
        return False
    return True


def snapshot_epochs(folder: Path) -> list[int]:
    """The epochs that have a published snapshot, in order."""
    return [int(path.name) for path in published_folders(folder, _NAME)]


def published_folders(folder: Path, name: re.Pattern[str]) -> list[Path]:
    """The folders in a folder whose names have a form, by name; drafts, links and all else passed over."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return []
    return sorted(path for path in entries if name.fullmatch(path.name) and is_real_folder(path))


def is_real_folder(path: Path) -> bool:
    """Whether a path is a folder and no link to one, which may lead out of the run."""
    return path.is_dir() and not path.is_symlink()


def load_snapshot(folder: Path, epoch: int) -> Weights:
    """The weights after an epoch.

    Returns:
        Name -> float32 array.

    Raises:
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: Its file is missing or damaged.
    """
    target = snapshot_folder(folder, epoch)
    if not is_real_folder(target):
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
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
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
        RunDamagedError: The file is missing or damaged, or holds numbers that NumPy does not know.
    """
    if not path.is_file() or path.is_symlink():
        raise RunDamagedError(f"{what} is damaged: {path.name} is missing.")
    try:
        arrays: Weights = load_file(path)
    except (SafetensorError, *_FAULTS) as error:
        raise RunDamagedError(f"{what} is damaged: {path.name} cannot be read.") from error
    # With TensorFlow loaded NumPy has more kinds of numbers than its own; what can be read must not depend on that.
    if any(array.dtype.isbuiltin != 1 for array in arrays.values()):
        raise RunDamagedError(f"{what} is damaged: {path.name} holds numbers of an unknown kind.")
    return arrays
