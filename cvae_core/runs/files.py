"""Writing that either happens completely or not at all, with the system's errors told in our words."""

from __future__ import annotations

import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from cvae_core.errors import RunDamagedError, StorageError

TEMPORARY_PREFIX: Final = ".tmp-"
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_READ_LIMIT: Final = 16 * 2**20


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` about writing below ``path`` into a ``StorageError``."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(
                f"The disk is full: {path} could not be written.", "Free some space, then resume the run."
            ) from error
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise StorageError(
            f"{path} could not be written: {reason}.",
            "Choose a folder that you may write to (--runs or CVAE_RUNS).",
        ) from error


def replace_file(path: Path, content: str, durable: bool = False) -> None:
    """Replace a file as one step: a reader sees the old content or the new, never a part.

    Args:
        path: The file.
        content: Its new text.
        durable: Also survive a loss of power; costs a few milliseconds.

    Raises:
        StorageError: The file cannot be written; it is then as it was.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}-{uuid.uuid4().hex[:8]}")
    with storage_errors(path):
        try:
            with temporary.open("w", encoding="utf-8") as file:
                file.write(content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def publish_folder(path: Path) -> Iterator[Path]:
    """Fill a folder out of sight, then publish it under its name with a rename that survives a loss of power.

    Yields the folder to fill. If filling fails nothing is left behind; a folder already published stays as it is.

    Raises:
        StorageError: The folder cannot be written.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}-{uuid.uuid4().hex[:8]}")
    with storage_errors(path):
        try:
            temporary.mkdir(parents=True)
            yield temporary
            for file in temporary.iterdir():
                synchronise(file)
            if not path.exists():
                temporary.rename(path)
                synchronise(path.parent)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def synchronise(path: Path) -> None:
    """Make sure that what was written to a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> None:
    """Remove what an interrupted writer left unpublished in a folder."""
    for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)


def read_text(path: Path, what: str) -> str:
    """The text of a small file of a run.

    Args:
        path: The file.
        what: What it is, to start a sentence with.

    Raises:
        RunDamagedError: It is missing, no regular file, too large, empty, or not UTF-8.
    """
    try:
        if not path.is_file() or path.is_symlink():
            raise RunDamagedError(f"{what} is missing ({path.name}).")
        if path.stat().st_size > _READ_LIMIT:
            raise RunDamagedError(f"{what} is larger than {_READ_LIMIT // 2**20} MiB ({path.name}).")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunDamagedError(f"{what} cannot be read ({path.name}).") from error
    if not text.strip():
        raise RunDamagedError(f"{what} is empty ({path.name}).")
    return text


def read_object(path: Path, what: str) -> dict[str, Any]:
    """The JSON object in a small file of a run.

    Raises:
        RunDamagedError: As ``read_text``, or it holds no JSON object.
    """
    try:
        value = json.loads(read_text(path, what))
    except ValueError:
        raise RunDamagedError(f"{what} is not valid JSON ({path.name}).") from None
    if not isinstance(value, dict):
        raise RunDamagedError(f"{what} should be a JSON object ({path.name}).")
    return value
