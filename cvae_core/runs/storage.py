"""Thins the snapshots of a run out: the first and the last stay, and some between them."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cvae_core.errors import RunError, RunNotFoundError
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import (
    TEMPORARY_PREFIX,
    is_link,
    is_real_folder,
    make_shared_folder,
    remove,
    remove_leftovers,
    synchronise,
)
from cvae_core.runs.run import DELETED_PREFIX, Run, held_idle
from cvae_core.runs.snapshots import snapshot_epochs, snapshot_folder
from cvae_core.runs.summary import disk_use
from cvae_core.short_repr import short_repr
from cvae_core.system_errors import storage_errors


@dataclass(frozen=True)
class Pruning:
    """What a thinning out keeps and drops.

    Attributes:
        kept, dropped: Epochs, rising.
        freed_bytes: What the dropped ones take on the disk.
    """

    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    freed_bytes: int

    __repr__ = short_repr


def keep_evenly(epochs: Sequence[int], count: int) -> tuple[int, ...]:
    """So many of some rising epochs, the first and the last among them, the others spread over their order.

    The tutorial's snapshots come thick at the beginning, where most happens; so do those that are kept.

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
    """What a thinning out would do; exactly one of ``keep`` and ``every`` is given.

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
    """Thin the snapshots of a run out. What it needs to be resumed stays.

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
    """In one step, so that no reader ever finds a part of it."""
    folder = snapshot_folder(run.snapshots_folder, epoch)
    grave = folder.with_name(f"{TEMPORARY_PREFIX}{folder.name}-{secrets.token_hex(4)}")
    with storage_errors(folder):
        folder.rename(grave)
    remove(grave)


BINS: Final = ".deleted"
_LOCK: Final = "lock"
_PATIENCE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Deleted:
    """A run in a bin.

    Attributes:
        run: As it was.
        path: Where it is now.
    """

    run: Run
    path: Path


class Trash:
    """The bin of this process.

    Args:
        folder: Of runs. Nothing is written there until something is deleted.
    """

    def __init__(self, folder: Path) -> None:
        self._bins = folder / BINS
        self._own = self._bins / secrets.token_hex(8)
        self._lock: int | None = None
        self._guard = threading.Lock()

    def put(self, run: Run) -> Deleted:
        """Delete a run for the time being.

        Raises:
            RunNotFoundError: It is gone already.
            RunBusyError: Its worker lives.
            StorageError: The folder cannot be changed.
        """
        self._open()
        place = self._own / secrets.token_hex(8) / run.id
        with held_idle(run), storage_errors(run.path):
            place.parent.mkdir()
            run.path.rename(place)
        return Deleted(run, place)

    def restore(self, deleted: Deleted) -> Run:
        """Give a run back.

        Raises:
            RunError: Another has its name by now.
            RunNotFoundError: It is gone for good.
            StorageError: The folder cannot be changed.
        """
        run = deleted.run
        if not is_real_folder(deleted.path):
            raise RunNotFoundError(f"The run {run.id} is gone for good.")
        if os.path.lexists(run.path):
            raise RunError(
                f"There is another run named {run.id} by now.", "Delete that one first, then this one can come back."
            )
        with storage_errors(run.path):
            deleted.path.rename(run.path)
        remove(deleted.path.parent)
        return run

    def remove(self, deleted: Deleted) -> None:
        """Delete a run for good; nothing happens if it was given back or is gone."""
        remove(deleted.path.parent)

    def sweep(self) -> None:
        """Delete for good what dead servers and interrupted deletions left; what cannot be deleted stays."""
        for grave in self._bins.parent.glob(f"{DELETED_PREFIX}*"):
            remove(grave)
        if not is_real_folder(self._bins):
            return
        with self._alone():
            for other in self._bins.iterdir():
                if other != self._own and is_real_folder(other) and lock.is_held(other / _LOCK) is False:
                    remove(other)

    def _open(self) -> None:
        """Make the bin, with its lock taken before anyone else can take it for that of a dead server."""
        if is_link(self._bins):
            raise RunError(f"There is a link in place of {self._bins}, where deleted runs are put.", "Remove it.")
        with self._guard, storage_errors(self._bins):
            if self._lock is None:
                make_shared_folder(self._bins)
                with self._alone():
                    self._own.mkdir()
                    self._lock = lock.acquire(self._own / _LOCK)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = lock.acquire(self._bins / _LOCK, _PATIENCE_SECONDS)
        if descriptor is None:
            raise RunError("Another server is tidying the folder of runs up.", "Try again in a moment.")
        try:
            yield
        finally:
            lock.release(descriptor)
