"""Thins the snapshots of a run out: the first and the last stay, and some between them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from cvae_core.errors import RunError
from cvae_core.runs.directory import Run, held_idle
from cvae_core.runs.disk import disk_use
from cvae_core.runs.files import TEMPORARY_PREFIX, remove, remove_leftovers, synchronise
from cvae_core.runs.snapshots import snapshot_epochs, snapshot_folder
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
