"""Checkpoints: the complete state of a training, from which it goes on as if it had never stopped.

Weights alone show what a model does; going on also takes the optimiser's moments, which are twice as large. So
the snapshots hold weights, and only the newest two checkpoints are kept, the older one in case the newer is damaged.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from cvae_core.architecture import Weights
from cvae_core.errors import RunDamagedError
from cvae_core.runs.atomic_io import publish_folder, remove
from cvae_core.runs.checksums import build, config_sha256, read_sealed, refuse_foreign, seal, versioned
from cvae_core.runs.snapshots import load_arrays, published_folders, save_arrays
from cvae_core.short_repr import short_repr

ARRAYS_FILE: Final = "state.safetensors"
FACTS_FILE: Final = "state.json"
_NAME: Final = re.compile(r"[0-9]{6}-[0-9]{8}")
_KEPT: Final = 2


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


@dataclass(frozen=True)
class _Facts:
    """What stands beside the arrays: of which moment and configuration they are, their file, and the small values."""

    epoch: int
    step: int
    config_sha256: str
    bytes: int
    sha256: str
    facts: dict[str, Any]

    __repr__ = short_repr


def publish_checkpoint(folder: Path, checkpoint: Checkpoint, config: str | None = None) -> None:
    """Keep a checkpoint and the one before it, and drop all others.

    A later one is dropped too: training has gone back to before it, so it could not be read.

    Args:
        folder: Of the checkpoints of a run.
        checkpoint: To keep.
        config: SHA-256 of the configuration that it is of; that of the run as it is if ``None``.

    Raises:
        StorageError: The disk is full or cannot be written; the older checkpoints are then still there.
    """
    target = folder / _name(checkpoint.epoch, checkpoint.step)
    with publish_folder(target) as draft:
        written = save_arrays(draft / ARRAYS_FILE, checkpoint.arrays)
        known = config_sha256(folder.parent) if config is None else config
        facts = _Facts(checkpoint.epoch, checkpoint.step, known, **written, facts=checkpoint.facts)
        (draft / FACTS_FILE).write_bytes(seal(versioned(asdict(facts)), allow_nan=True))
    kept = [path for path in checkpoint_folders(folder) if path <= target][-_KEPT:]
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
    """Epoch and step of the newest checkpoint of the run's configuration, whose arrays are not looked at."""
    for path in reversed(checkpoint_folders(folder)):
        try:
            facts = _read_facts(path)
            return facts.epoch, facts.step
        except RunDamagedError:
            continue
    return None


def checkpoint_folders(folder: Path) -> list[Path]:
    """The folders of all checkpoints, damaged ones included, the oldest first."""
    return published_folders(folder, _NAME)


def _name(epoch: int, step: int) -> str:
    return f"{epoch:06d}-{step:08d}"


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a folder.

    Raises:
        RunDamagedError: One of its files is missing or damaged, of a newer version, or of another run.
    """
    found = _read_facts(path)
    arrays = load_arrays(path / ARRAYS_FILE, "A checkpoint", found.bytes, found.sha256)
    return Checkpoint(found.epoch, found.step, arrays, found.facts)


def _read_facts(path: Path) -> _Facts:
    try:
        found = build(_Facts, read_sealed(path / FACTS_FILE, "A checkpoint"))
    except ValueError as error:
        raise RunDamagedError(f"A checkpoint has {error} ({FACTS_FILE}).") from None
    if not isinstance(found.facts, dict):
        raise RunDamagedError("A checkpoint is of an unknown form.")
    refuse_foreign(found.config_sha256, config_sha256(path.parent.parent), "A checkpoint", FACTS_FILE)
    if path.name != _name(found.epoch, found.step):
        raise RunDamagedError(f"A checkpoint is that of another moment than its name {path.name} says.")
    return found
