"""Requests to a worker: a file that is there is a request that stands."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from cvae_core.runs.files import storage_errors

Request = Literal["pause", "stop"]
_REQUESTS: Final[tuple[Request, ...]] = ("pause", "stop")


def ask(folder: Path, request: Request) -> None:
    """Ask the worker for something.

    Raises:
        StorageError: The folder cannot be written.
    """
    with storage_errors(folder):
        folder.mkdir(exist_ok=True)
        (folder / request).touch()


def withdraw(folder: Path, request: Request) -> None:
    """Take a request back; nothing happens if it does not stand.

    Raises:
        StorageError: The folder cannot be written.
    """
    with storage_errors(folder):
        (folder / request).unlink(missing_ok=True)


def withdraw_all(folder: Path) -> None:
    """Take every request back."""
    for request in _REQUESTS:
        withdraw(folder, request)


def is_asked(folder: Path, request: Request) -> bool:
    """Whether a request stands."""
    return (folder / request).exists()
