"""Liveness: a lock that the system frees however its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from cvae_core.runs.files import storage_errors

_READERS_GRACE_SECONDS: Final = 1.0
_SAFELY: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # follow no link, wait for no pipe


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
        StorageError: The file cannot be opened or created, or is a link.
    """
    with storage_errors(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _SAFELY, 0o644)
        try:
            if _lock_within(descriptor, patience):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None


def _lock_within(descriptor: int, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)


def is_held(path: Path) -> bool:
    """Whether a living process holds the exclusive lock of a file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _SAFELY)
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
