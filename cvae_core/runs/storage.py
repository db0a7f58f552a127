"""Frees disk space: drops some snapshots of a run, or moves a run to the trash, from where it can be restored."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cvae_core.errors import RunError, RunNotFoundError, storage_errors
from cvae_core.runs.atomic_io import (
    draft_of,
    is_old,
    is_real_folder,
    make_shared_folder,
    remove,
    remove_leftovers,
    synchronise,
)
from cvae_core.runs.run import Run, held_idle
from cvae_core.runs.snapshots import snapshot_epochs, snapshot_folder
from cvae_core.runs.summary import disk_use
from cvae_core.text import short_repr


@dataclass(frozen=True)
class Pruning:
    """What pruning keeps and drops.

    Attributes:
        kept, dropped: Epochs, rising.
        freed_bytes: What the dropped ones take on the disk.
    """

    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    freed_bytes: int

    __repr__ = short_repr


def keep_evenly(epochs: Sequence[int], count: int) -> tuple[int, ...]:
    """Choose ``count`` of some rising epochs: the first, the last, and the rest evenly spaced in their order.

    The tutorial's snapshots are dense at the beginning, where most happens; so are those that are kept.

    Raises:
        RunError: ``count`` is less than 2.
    """
    if count < 2:
        raise RunError(f"The first and the last snapshot stay, so at least 2 are kept; {count} were asked for.")
    last = len(epochs) - 1
    if count > last:
        return tuple(epochs)
    return tuple(epochs[round(place * last / (count - 1))] for place in range(count))


def keep_every(epochs: Sequence[int], step: int) -> tuple[int, ...]:
    """The first and the last of some rising epochs, and those that are multiples of a step.

    Raises:
        RunError: ``step`` is less than 1.
    """
    if step < 1:
        raise RunError(f"--every expects at least 1; it got {step}.")
    ends = {epochs[0], epochs[-1]} if epochs else set()
    return tuple(epoch for epoch in epochs if epoch in ends or epoch % step == 0)


def plan_pruning(run: Run, keep: int | None = None, every: int | None = None) -> Pruning:
    """What pruning would do; exactly one of ``keep`` and ``every`` is given.

    Raises:
        RunError: Neither or both were given, or the number is too small.
    """
    if (keep is None) == (every is None):
        raise RunError("Give --keep N or --every N.")
    epochs = snapshot_epochs(run.snapshots_folder)
    kept = keep_evenly(epochs, keep) if keep is not None else keep_every(epochs, every or 0)
    dropped = tuple(sorted(set(epochs) - set(kept)))
    freed = sum(disk_use(snapshot_folder(run.snapshots_folder, epoch)) for epoch in dropped)
    return Pruning(kept, dropped, freed)


def prune(run: Run, keep: int | None = None, every: int | None = None) -> Pruning:
    """Drop some snapshots of a run. What it needs to be resumed stays.

    Raises:
        RunError: As ``plan_pruning``.
        RunNotFoundError: It is gone.
        RunBusyError: Its worker lives.
        StorageError: The folder cannot be changed.
    """
    with held_idle(run):
        found = plan_pruning(run, keep, every)
        for epoch in found.dropped:
            _drop(run, epoch)
        if found.dropped:
            synchronise(run.snapshots_folder)
            remove_leftovers(run.snapshots_folder)
    return found


def _drop(run: Run, epoch: int) -> None:
    """Drop a snapshot in one step, so that no reader finds a part of it."""
    folder = snapshot_folder(run.snapshots_folder, epoch)
    dropped = draft_of(folder)
    with storage_errors(folder):
        folder.rename(dropped)
    remove(dropped)


TRASH: Final = ".deleted"
DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True)
class Deleted:
    """A run in the trash folder.

    Attributes:
        run: As it was.
        path: Where it is now.
    """

    run: Run
    path: Path


def move_to_trash(run: Run) -> Deleted:
    """Delete a run so that it can be restored.

    Raises:
        RunNotFoundError: It is gone already.
        RunBusyError: Its worker lives.
        StorageError: The folder cannot be changed, or the trash folder is a link.
    """
    trash = run.path.parent / TRASH
    place = trash / f"{run.id}-{secrets.token_hex(4)}"
    with held_idle(run), storage_errors(trash):
        make_shared_folder(trash)
        run.path.rename(place)
    return Deleted(run, place)


def restore(deleted: Deleted) -> Run:
    """Give a run back.

    Raises:
        RunError: Another has its name by now.
        RunNotFoundError: It was deleted permanently.
        StorageError: The folder cannot be changed.
    """
    run = deleted.run
    if not is_real_folder(deleted.path):
        raise RunNotFoundError(f"The run {run.id} was deleted permanently.")
    if os.path.lexists(run.path):
        raise RunError(f"Another run is named {run.id} by now.", "Delete that one first, then restore this one.")
    with storage_errors(run.path):
        deleted.path.rename(run.path)
    return run


def empty_trash(folder: Path, older_than: float = DAY_SECONDS) -> None:
    """Delete permanently what has been in the trash for long; what cannot be deleted stays.

    Args:
        folder: Of runs.
        older_than: Seconds; whoever deleted something later may still restore it.
    """
    trash = folder / TRASH
    if is_real_folder(trash):
        with suppress(OSError):
            for place in trash.iterdir():
                if is_old(place, older_than):
                    remove(place)
