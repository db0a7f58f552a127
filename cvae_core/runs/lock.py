"""Locks that the system frees however their holders die. Every lock of the project is taken here.

Some file systems cannot lock. There a run is what its status file says, as nobody can tell whether its worker lives,
and nothing is trained.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from cvae_core.errors import StorageError, storage_errors

_READERS_GRACE_SECONDS: Final = 1.0
_SAFELY: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # follow no link, wait for no pipe
_CANNOT_LOCK: Final = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
_NO_FILE: Final = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG)


def acquire(path: Path, patience: float = _READERS_GRACE_SECONDS) -> int | None:
    """Take the exclusive lock of a file, creating it if needed.

    A reader that looks whether the lock is held has it for a few microseconds, so one refusal proves nothing.

    Args:
        path: The lock file. If it is made, everyone can lock it who may write its folder.
        patience: Seconds to keep trying.

    Returns:
        The file descriptor that holds the lock until it is closed, in whichever process; ``None`` if another
        holds it.

    Raises:
        StorageError: The file cannot be opened or created, or is a link, or its file system cannot lock.
    """
    with storage_errors(path):
        descriptor = _opened(path)
        try:
            if _lock_within(descriptor, patience, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
    os.close(descriptor)
    return None


def _opened(path: Path) -> int:
    """Open a lock file, or make it.

    One that is there is opened without O_CREAT, which Linux refuses for a file of another user in a sticky folder.
    """
    while True:
        with suppress(FileNotFoundError):
            return _open_existing(path)
        with suppress(FileExistsError):  # another made it just now
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFELY, 0o666)
            share(descriptor, path.parent)
            return descriptor


def _open_existing(path: Path) -> int:
    """For writing if possible, as NFS needs for an exclusive lock; elsewhere to read is enough."""
    try:
        return os.open(path, os.O_RDWR | _SAFELY)
    except PermissionError:
        return os.open(path, os.O_RDONLY | _SAFELY)


def share(descriptor: int, folder: Path) -> None:
    """Let everyone use a lock file, or a folder of such, who may use the folder that it is in, whatever the umask.

    Args:
        descriptor: Of the file or folder. Nothing happens if it is another user's.
        folder: Whose group and permissions it gets.
    """
    wanted, found = folder.stat(), os.fstat(descriptor)
    bits = stat.S_IMODE(wanted.st_mode) & (0o7777 if stat.S_ISDIR(found.st_mode) else 0o666)
    with suppress(OSError):
        if found.st_gid != wanted.st_gid:
            os.fchown(descriptor, -1, wanted.st_gid)
    with suppress(OSError):
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != bits:
            os.fchmod(descriptor, bits)


def _lock_within(descriptor: int, patience: float, path: Path) -> bool:
    deadline = time.monotonic() + patience
    while not (locked := lock_open_file(descriptor, wait=False)):
        if locked is None:
            raise StorageError(
                f"The file system of {path.parent.parent} cannot lock files.",
                "Training needs that: keep the runs on another one, such as a local disk (--runs or CVAE_RUNS).",
            )
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def is_held(path: Path) -> bool | None:
    """Whether a living process holds the exclusive lock of a file; ``None`` if the system cannot tell."""
    try:
        descriptor = os.open(path, os.O_RDONLY | _SAFELY)
    except OSError as error:
        return False if error.errno in _NO_FILE else None
    try:
        locked = _flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None if locked is None else not locked
    except OSError:
        return None
    finally:
        os.close(descriptor)


def lock_open_file(descriptor: int, *, wait: bool) -> bool | None:
    """Take the exclusive lock of an open file until it is closed.

    Args:
        descriptor: Of the file.
        wait: Whether to wait until nobody else holds it.

    Returns:
        ``False`` if another holds it, ``None`` if its file system cannot lock.

    Raises:
        OSError: The system failed otherwise.
    """
    return _flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _flock(descriptor: int, operation: int) -> bool | None:
    try:
        fcntl.flock(descriptor, operation)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _CANNOT_LOCK:
            return None
        raise
    return True


def check_lockable(path: Path) -> None:
    """Refuse a lock file that cannot be locked; nothing happens if it can, whether or not it is held.

    Raises:
        StorageError: As ``acquire``.
    """
    if is_held(path) is None:
        descriptor = acquire(path)
        if descriptor is not None:
            release(descriptor)


def release(descriptor: int) -> None:
    """Give a lock back."""
    os.close(descriptor)
