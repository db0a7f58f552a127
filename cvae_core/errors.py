"""The errors that this project raises on purpose, with ``CvaeError`` at their root.

Every one of them is written for the person who meets it: ``str(error)`` says what was expected, what came,
and what to do, in plain words. Pages and the command line show that text and nothing else.
"""

from __future__ import annotations

import errno
import os
import pwd
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final


class CvaeError(Exception):
    """An expected failure, told in one or two sentences.

    Args:
        problem: What was expected and what came, as a full sentence.
        advice: What the person can do about it, as a full sentence. May be empty.
        on_page: What a page says instead, where it has other words than the command line.
    """

    def __init__(self, problem: str, advice: str = "", on_page: str = "") -> None:
        super().__init__(f"{problem} {advice}".strip())
        self.problem = problem
        self.advice = advice
        self.on_page = on_page or str(self)

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.problem, self.advice, self.on_page)


class ConfigError(CvaeError):
    """A setting, preset or configuration file is not valid."""


class DataError(CvaeError):
    """A data set is unknown, damaged, or not what was expected."""


class DataUnavailableError(DataError):
    """A data set would have to be downloaded and cannot be."""


class WeightsError(CvaeError):
    """Weights do not fit the architecture that they are given for."""


class TrainingError(CvaeError):
    """Training cannot go on."""


class DivergedError(TrainingError):
    """The loss became NaN or infinite.

    Args:
        epoch: The epoch under way, counted from 1.
        remedies: What the configuration does not have yet and could help, as objects of "Try".
    """

    def __init__(self, epoch: int, remedies: tuple[str, ...] = ("a smaller learning rate",)) -> None:
        *first, last = remedies
        advice = f"{', '.join(first)} or {last}" if first else last
        super().__init__(f"The loss became NaN or infinite in epoch {epoch}.", f"Try {advice}.")
        self.epoch = epoch
        self.remedies = remedies

    def __reduce__(self) -> tuple[type, tuple[int, tuple[str, ...]]]:  # type: ignore[override]
        return type(self), (self.epoch, self.remedies)


class RunError(CvaeError):
    """A run, or the folder of runs, cannot be used as asked."""


class RunNotFoundError(RunError):
    """There is no run of that name."""


class RunBusyError(RunError):
    """The run has a living worker, so it can be neither started again nor deleted."""


class RunDamagedError(RunError):
    """A file of a run is missing, truncated, of another form, or of a newer version."""


class RunTooNewError(RunDamagedError):
    """A newer version of this software wrote a file of the run, which must be left as it is."""


class ArchiveError(RunError):
    """The archive of a run is damaged, holds what it should not, or contradicts itself."""


class StorageError(RunError):
    """The disk is full, or a folder cannot be written."""


class ReadOnlyError(CvaeError):
    """The server lets its visitors look at runs and change nothing."""

    def __init__(self) -> None:
        super().__init__(
            "This laboratory is read-only: runs can be looked at, and nothing can be changed.",
            "Start one of your own with `cvae dashboard`.",
        )

    def __reduce__(self) -> tuple[type, tuple[()]]:  # type: ignore[override]
        return type(self), ()


class ServerBusyError(CvaeError):
    """The server is at work for as many of its visitors as it can be."""

    def __init__(self) -> None:
        super().__init__("This server is at work for others just now.", "Try again in a moment.")

    def __reduce__(self) -> tuple[type, tuple[()]]:  # type: ignore[override]
        return type(self), ()


class StoppedError(CvaeError):
    """Someone asked to stop."""

    def __init__(self, problem: str = "Stopped.") -> None:
        super().__init__(problem)

    def __reduce__(self) -> tuple[type, tuple[str]]:  # type: ignore[override]
        return type(self), (self.problem,)


class ExportError(CvaeError):
    """A picture or an animation cannot be drawn, or its file cannot be written."""


class ExportStoppedError(ExportError):
    """Someone asked to stop; nothing was written."""

    def __init__(self) -> None:
        super().__init__("Stopped; nothing was written.")

    def __reduce__(self) -> tuple[type, tuple[()]]:  # type: ignore[override]
        return type(self), ()


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
