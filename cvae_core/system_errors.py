"""Errors of the operating system as sentences: the reason, and advice that fits this error number and no other."""

from __future__ import annotations

import errno
import os
import pwd
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cvae_core.errors import CvaeError, DataError, StorageError

_FAILING: Final = "The disk is failing or was unplugged: save what can still be read, and use another one."
_GONE: Final = "The network drive does not answer: connect it again, then try again."
_MEMORY: Final = "Close other programs, or raise the limit on memory (ulimit -v), then try again."
_ELSEWHERE: Final = "Choose a folder that you may write to (--runs or CVAE_RUNS)."
# Errors that say something about the machine, and nothing about the file that was asked for.
_ADVICE: Final = {
    errno.ENOSPC: "Free some space, then try again.",
    errno.EDQUOT: "Delete some of your own files on that disk, then try again.",
    errno.EFBIG: "The file is larger than this file system or `ulimit -f` allows.",
    errno.EIO: _FAILING,
    errno.ESTALE: _GONE,
    errno.ETIMEDOUT: _GONE,
    errno.ENOTCONN: _GONE,
    errno.EHOSTDOWN: _GONE,
    errno.EMFILE: "Close some pages or programs, or let a process open more files (ulimit -n), then try again.",
    errno.ENFILE: "Close other programs: the whole machine has too many files open. Then try again.",
    errno.ENOMEM: _MEMORY,
}
_IN_PLACE: Final = "Remove what is in its place."
# Errors that say that something else stands where the file, or a folder on the way to it, should be.
_PLACE_ADVICE: Final = {
    errno.EISDIR: _IN_PLACE,
    errno.EINVAL: _IN_PLACE,
    errno.ENOTDIR: "Remove the file that is in the place of a folder, or choose another (--runs or CVAE_RUNS).",
    errno.EROFS: "Mount the disk for writing, or choose a folder on another one (--runs or CVAE_RUNS).",
}
# How libraries without an error number of their own tell that memory, or threads, ran out.
MEMORY_MARKS: Final = (
    "MemoryError",
    "std::bad_alloc",
    "Cannot allocate memory",
    "failed to map segment from shared object",
    "pthread_create() failed",
    "can't start new thread",
    "thread failed to start",
    "OOM when allocating",
)


def reason(error: OSError) -> str:
    """Why a call of the system failed, in the system's words, without a full stop."""
    return os.strerror(error.errno) if error.errno else str(error)


def is_of_machine(error: OSError) -> bool:
    """Whether an error says something about the machine, such as too many open files, and not about the file."""
    return error.errno in _ADVICE


def advice(error: OSError, otherwise: str) -> str:
    """What to do about an error.

    Args:
        error: The error.
        otherwise: What to do if the error is about the file that was asked for.
    """
    return _ADVICE.get(error.errno or 0, otherwise)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` about writing below ``path`` into a ``StorageError``."""
    try:
        yield
    except OSError as error:
        problem = f"{path} could not be written: {reason(error)}."
        if error.errno == errno.ENOSPC:
            problem = f"The disk is full: {path} could not be written."
        raise StorageError(problem, advice(error, _own_folder(error, path))) from error


@contextmanager
def reading_errors(what: str, otherwise: str) -> Iterator[None]:
    """Turn an ``OSError`` about reading a data set into a ``DataError``.

    Args:
        what: What is read, to start a sentence with.
        otherwise: What to do if the error is about the file itself.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{what} cannot be read: {reason(error)}.", advice(error, otherwise)) from error


def _own_folder(error: OSError, path: Path) -> str:
    """Advice to write elsewhere; says whose the path is if that is why it cannot be written."""
    if isinstance(error, PermissionError):
        with suppress(OSError, KeyError):
            there = next(place for place in (path, *path.parents) if os.path.lexists(place))
            owner = there.lstat().st_uid
            if owner != os.geteuid():
                return f"{there} belongs to the user {pwd.getpwuid(owner).pw_name}. {_ELSEWHERE}"
    return _PLACE_ADVICE.get(error.errno or 0, _ELSEWHERE)


KILLED: Final = f"The process was killed or crashed, as happens when memory runs out. {_MEMORY}"


def sudden_end(code: int) -> CvaeError | None:
    """What to say of a process that ended without a word; ``None`` if no signal ended it.

    Args:
        code: How it ended, as ``subprocess`` tells it.
    """
    if code >= 0:
        return None
    name = f"signal {-code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
    return CvaeError(f"The process was ended by {name}, as happens when memory runs out.", _MEMORY)


def as_cvae_error(error: Exception) -> CvaeError | None:
    """An error of the system that nobody expected, as one message; ``None`` if it is a fault of the program.

    Args:
        error: What was raised: of the system, or of a library that ran out of memory or threads.
    """
    if isinstance(error, CvaeError):
        return error
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError) or any(mark in text for mark in MEMORY_MARKS):
        return CvaeError("There is not enough memory for this.", f"Try smaller settings. {_MEMORY}")
    if isinstance(error, OSError) and error.errno:
        where = f"{error.filename}: " if error.filename else "The system refused: "
        return CvaeError(f"{where}{reason(error)}.", advice(error, ""))
    return None
