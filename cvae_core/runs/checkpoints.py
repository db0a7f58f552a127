"""Checkpoints: the complete state of a training, from which it goes on as if it had never stopped.

Weights alone show what a model does; going on also takes the optimiser's moments, which are twice as large. So
the snapshots hold weights, and only the newest two checkpoints are kept, the older one in case the newer is damaged.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cvae_core.architecture import Weights
from cvae_core.config import SCHEMA_VERSION
from cvae_core.errors import RunDamagedError
from cvae_core.runs.files import publish_folder, read_object
from cvae_core.runs.snapshots import load_arrays, published_folders, save_arrays

_ARRAYS: Final = "state.safetensors"
_FACTS: Final = "state.json"
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


def publish_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint and the one before it, and drop all others.

    A later one is dropped too: training has gone back to before it, so it could not be read.

    Raises:
        StorageError: The disk is full or cannot be written; the older checkpoints are then still there.
    """
    target = folder / _name(checkpoint.epoch, checkpoint.step)
    with publish_folder(target) as draft:
        save_arrays(draft / _ARRAYS, checkpoint.arrays)
        facts = {
            "schema_version": SCHEMA_VERSION,
            "epoch": checkpoint.epoch,
            "step": checkpoint.step,
            "facts": checkpoint.facts,
        }
        (draft / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
    kept = [path for path in _published(folder) if path <= target][-_KEPT:]
    for stale in set(_published(folder)) - set(kept):
        shutil.rmtree(stale, ignore_errors=True)


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that can be read; ``None`` if there is none, so that training starts at the beginning."""
    for path in reversed(_published(folder)):
        try:
            return _load(path)
        except RunDamagedError:
            continue
    return None


def _published(folder: Path) -> list[Path]:
    return published_folders(folder, _NAME)


def _name(epoch: int, step: int) -> str:
    return f"{epoch:06d}-{step:08d}"


def _load(path: Path) -> Checkpoint:
    values = read_object(path / _FACTS, "A checkpoint")
    if values.get("schema_version") != SCHEMA_VERSION:
        raise RunDamagedError("A checkpoint is of another schema version.")
    epoch, step, facts = (values.get(name) for name in ("epoch", "step", "facts"))
    if not isinstance(epoch, int) or not isinstance(step, int) or not isinstance(facts, dict):
        raise RunDamagedError("A checkpoint is of an unknown form.")
    if path.name != _name(epoch, step):
        raise RunDamagedError(f"A checkpoint is that of another moment than its name {path.name} says.")
    return Checkpoint(epoch, step, load_arrays(path / _ARRAYS, "A checkpoint"), facts)
