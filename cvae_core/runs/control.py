"""Requests to a worker: a file that is there is a request that stands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

from cvae_core.runs.atomic_io import is_link, make_own_folder, open_to_append, refuse_link
from cvae_core.system_errors import storage_errors

Request = Literal["pause", "stop"]
_REQUESTS: Final[tuple[Request, ...]] = ("pause", "stop")


def ask(folder: Path, request: Request) -> None:
    """Ask the worker for something.

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
