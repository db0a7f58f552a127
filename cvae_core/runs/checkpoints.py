"""Checkpoints: the complete state of a training, from which it goes on as if it had never stopped.

Weights alone show what a model does; going on also takes the optimiser's moments, which are twice as large. So
the snapshots hold weights, and only the newest two checkpoints are kept, the older one in case the newer is damaged.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cvae_core.architecture import Weights
from cvae_core.config import SCHEMA_VERSION
from cvae_core.errors import RunDamagedError
from cvae_core.runs.files import publish_folder, read_object
from cvae_core.runs.snapshots import load_arrays, save_arrays

_ARRAYS: Final = "state.safetensors"
_FACTS: Final = "state.json"
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
    """Keep a checkpoint, and drop all but the newest two.

    Raises:
        StorageError: The disk is full or cannot be written; the older checkpoints are then still there.
    """
    with publish_folder(folder / f"{checkpoint.epoch:06d}-{checkpoint.step:08d}") as draft:
        save_arrays(draft / _ARRAYS, checkpoint.arrays)
        facts = {
            "schema_version": SCHEMA_VERSION,
            "epoch": checkpoint.epoch,
            "step": checkpoint.step,
            "facts": checkpoint.facts,
        }
        (draft / _FACTS).write_text(json.dumps(facts), encoding="utf-8")
    for old in _published(folder)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def newest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that can be read; ``None`` if there is none, so that training starts at the beginning."""
    for path in reversed(_published(folder)):
        try:
            return _load(path)
        except RunDamagedError:
            continue
    return None


def _published(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _load(path: Path) -> Checkpoint:
    values = read_object(path / _FACTS, "A checkpoint")
    try:
        if values["schema_version"] != SCHEMA_VERSION:
            raise RunDamagedError("A checkpoint is of another schema version.")
        epoch, step, facts = int(values["epoch"]), int(values["step"]), dict(values["facts"])
    except (KeyError, TypeError, ValueError):
        raise RunDamagedError("A checkpoint is of an unknown form.") from None
    return Checkpoint(epoch, step, load_arrays(path / _ARRAYS, "A checkpoint"), facts)
