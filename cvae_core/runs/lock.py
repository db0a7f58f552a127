"""Liveness: a lock that the system frees however its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from cvae_core.runs.files import storage_errors

_READERS_GRACE_SECONDS: Final = 1.0


def acquire(path: Path, patience: float = _READERS_GRACE_SECONDS) -> int | None:
    """Take the exclusive lock of a file, creating it if needed.

    A reader that looks whether the lock is held has it for a few microseconds, so one refusal proves nothing.

    Args:
        path: The lock file.
        patience: Seconds to keep trying.

    Returns:
        The file descriptor that holds the lock until it is closed, in whichever process; ``None`` if another
        holds it.

    Raises:
        StorageError: The file cannot be created.
    """
    with storage_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.02)


def is_held(path: Path) -> bool:
    """Whether a living process holds the exclusive lock of a file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def release(descriptor: int) -> None:
    """Give a lock back."""
    os.close(descriptor)
