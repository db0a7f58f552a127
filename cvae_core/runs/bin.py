"""A bin for runs: what a server deletes can be given back, until it is emptied or the server ends.

    runs/.deleted/
      lock              held for a moment by whoever makes or sweeps a bin
      <token>/          the bin of one server
        lock            held for as long as that server lives; the system frees it however it dies
        <token>/<run>/  a deleted run, moved here in one step

So two servers over one folder of runs never touch each other's bins, and what a dead one left is known for certain.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cvae_core.errors import RunError, RunNotFoundError
from cvae_core.runs import lock
from cvae_core.runs.directory import GRAVE_PREFIX, Run, held_idle
from cvae_core.runs.files import is_link, is_real_folder, make_shared_folder, remove
from cvae_core.system_errors import storage_errors

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


class Bin:
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
        for grave in self._bins.parent.glob(f"{GRAVE_PREFIX}*"):
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
