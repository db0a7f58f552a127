"""What workers are told: requests to pause or stop, and whose turn it is to train.

A request is a file in the folder ``control`` of a run. Each turn is a lock file of the folder of runs; a worker holds
one while it trains, and the system frees it however the worker dies. Workers that wait are alive, hold the lock of
their run, and take turns in the order in which they asked.

Autoencoders on points of the plane are so small that they have turns of their own: two of them train side by side, and
neither they nor the digits wait for each other.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final, Literal

from cvae_core.config.fields import format_value
from cvae_core.config.run import RunConfig
from cvae_core.errors import ConfigError, CvaeError, RunError, storage_errors
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import is_link, make_own_folder, make_shared_folder, open_to_append, refuse_link
from cvae_core.runs.run import Run, all_runs
from cvae_core.runs.status import observed_state

Request = Literal["pause", "stop"]
_REQUESTS: Final[tuple[Request, ...]] = ("pause", "stop")


def ask(folder: Path, request: Request) -> None:
    """Ask the worker for something, by a file in the folder ``control`` of its run.

    Raises:
        StorageError: The folder cannot be written, or is a link.
    """
    with storage_errors(folder):
        make_own_folder(folder)
        os.close(open_to_append(folder / request))


def withdraw(folder: Path, request: Request) -> None:
    """Take a request back; nothing happens if it does not stand.

    Raises:
        StorageError: The folder cannot be written, or is a link.
    """
    with storage_errors(folder):
        refuse_link(folder)
        (folder / request).unlink(missing_ok=True)


def withdraw_all(folder: Path) -> None:
    """Take every request back."""
    for request in _REQUESTS:
        withdraw(folder, request)


def is_asked(folder: Path, request: Request) -> bool:
    """Whether a request stands; nothing behind a link is looked at."""
    return not is_link(folder) and os.path.lexists(folder / request)


MAX_WORKERS_VARIABLE: Final = "CVAE_MAX_WORKERS"
_TURNS_FOLDER: Final = ".turns"
_LEAST_SMALL_TURNS: Final = 2
_SMALL_NUMBER: Final = re.compile(r"[0-9]{1,2}")


def max_workers() -> int:
    """How many trainings may run at once: ``CVAE_MAX_WORKERS``, or 1.

    Raises:
        ConfigError: The variable is no whole number from 1 to 64.
    """
    text = os.environ.get(MAX_WORKERS_VARIABLE, "1")
    if not _SMALL_NUMBER.fullmatch(text) or not 1 <= int(text) <= 64:
        raise ConfigError(f"{MAX_WORKERS_VARIABLE} is {format_value(text)}; expected a whole number from 1 to 64.")
    return int(text)


def waiting(folder: Path) -> list[str]:
    """Ids of the living runs that wait for their turn, the next one first."""
    queue = []
    for run in all_runs(folder):
        try:
            state, status = observed_state(run.lock_file, run.status_file)
        except RunError:
            continue
        if state == "queued":
            queue.append((status.queued_at, run.id))
    return [name for _, name in sorted(queue)]


def take_turn(run: Run, limit: int) -> int | None:
    """Take a turn, if more are free than runs wait longer.

    Args:
        run: A run whose status is "queued" and whose lock is held.
        limit: How many large ones may run at once.

    Returns:
        The descriptor that holds the turn until it is closed, or ``None``.

    Raises:
        StorageError: The folder of runs cannot be written or locked, or a link stands in the place of the turns.
    """
    folder = run.path.parent
    small = _is_small(run)
    count, name = turn_count(limit, small), "small-turn" if small else "turn"
    turns = folder / _TURNS_FOLDER
    with storage_errors(turns):
        make_shared_folder(turns)
    free = [turn for turn in (turns / f"{name}-{number}" for number in range(count)) if not lock.is_held(turn)]
    rivals = [rival for rival in waiting(folder) if _is_small(Run(folder / rival)) == small]
    if run.id not in rivals[: len(free)]:
        return None
    for turn in free:
        descriptor = lock.acquire(turn, patience=0.0)
        if descriptor is not None:
            return descriptor
    return None


def turn_count(limit: int, small: bool) -> int:
    """How many trainings run at once.

    Args:
        limit: How many large ones may.
        small: Whether small ones are meant, which have turns of their own.
    """
    return max(limit, _LEAST_SMALL_TURNS) if small else limit


def is_small(config: RunConfig) -> bool:
    """Whether a training is one of the small ones."""
    return config.learns_points


def _is_small(run: Run) -> bool:
    try:
        return is_small(run.config())
    except CvaeError:
        return False
