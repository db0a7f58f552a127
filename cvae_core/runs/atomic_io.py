"""Writing that either happens completely or not at all, with the system's errors told in our words."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from cvae_core.errors import RunDamagedError, RunError, StorageError, advice, is_of_machine, reason, storage_errors
from cvae_core.runs import lock

TEMPORARY_PREFIX: Final = ".tmp-"
_CANNOT_TELL: Final = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
# Ten times what any of these files holds. In a much larger one a million things could be wrong, and each is noted.
READ_LIMIT: Final = 64 * 2**10
LEFTOVER_SECONDS: Final = 3600.0


def replace_file(path: Path, content: str | bytes | Iterable[bytes], durable: bool = False) -> None:
    """Replace a file as one step: a reader sees the old content or the new, never a part.

    Args:
        path: The file.
        content: Its new content; text is written as UTF-8, parts one after the other.
        durable: Also survive a loss of power; costs a few milliseconds.

    Raises:
        StorageError: The file cannot be written; it is then as it was.
    """
    if isinstance(content, str):
        content = content.encode()
    draft = draft_of(path)
    with storage_errors(path):
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                for part in [content] if isinstance(content, bytes) else content:
                    write_all(descriptor, part)
            finally:
                os.close(descriptor)
            if durable:
                synchronise(draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        if durable:
            synchronise(path.parent)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of some bytes, in as many parts as the system takes them.

    Raises:
        OSError: The disk is full or cannot be written; a part may then stand there.
    """
    while content:
        content = content[os.write(descriptor, content) :]


@contextmanager
def publish_folder(path: Path) -> Iterator[Path]:
    """Fill a folder out of sight, then publish it under its name with a rename that survives a loss of power.

    Yields the folder to fill. If filling fails nothing is left behind, and what had the name before is as it was;
    if it succeeds it takes the place of what had the name. Replace only what is no good: a kill between the two renames
    leaves neither.

    Raises:
        StorageError: The folder cannot be written.
    """
    temporary, replaced = draft_of(path), draft_of(path)
    with storage_errors(path):
        try:
            refuse_link(path.parent)
            temporary.mkdir(parents=True)
            yield temporary
            for place in (*temporary.iterdir(), temporary):
                synchronise(place)
            if os.path.lexists(path):
                path.rename(replaced)
            temporary.rename(path)
            synchronise(path.parent)
        finally:
            remove(temporary)
            remove(replaced)


def draft_of(path: Path) -> Path:
    """A new name beside a path, which no reader takes for published."""
    return path.with_name(f"{TEMPORARY_PREFIX}{path.name}-{uuid.uuid4().hex[:8]}")


def synchronise(path: Path) -> None:
    """Make sure that what was written to a file or folder is on the disk, where its file system can tell."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_TELL:
            raise
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path, older_than: float = 0.0) -> None:
    """Remove what interrupted writers left unpublished in a folder; nothing is removed behind a link.

    Args:
        folder: The folder.
        older_than: Leave what is younger, in seconds, as its writer may be alive.
    """
    if not is_link(folder):
        with suppress(OSError):
            for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
                if not older_than or is_old(leftover, older_than):
                    remove(leftover)


def is_old(path: Path, seconds: float = LEFTOVER_SECONDS) -> bool:
    """Whether a file or folder was changed or renamed last so long ago; true if it is gone."""
    try:
        return time.time() - path.lstat().st_ctime > seconds
    except OSError:
        return True


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder, as far as the system lets us; a link is not followed."""
    if is_real_folder(path):
        with suppress(RecursionError):
            shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def is_real_folder(path: Path) -> bool:
    """Whether a path is a folder and no link to one, which may lead out of the run."""
    return stat.S_ISDIR(_mode(path))


def is_own_file(path: Path) -> bool:
    """Whether a path is a regular file and no link to one."""
    return stat.S_ISREG(_mode(path))


def is_link(path: Path) -> bool:
    """Whether a path is a link, wherever to."""
    return stat.S_ISLNK(_mode(path))


def is_folder(path: Path) -> bool:
    """Whether a path that a person named leads to a folder, by whatever links."""
    with suppress(OSError):
        return path.is_dir()
    return False


def _mode(path: Path) -> int:
    """What stands at a path; 0 if there is nothing, or the system does not let us see it."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def named_path(path: str | Path) -> Path:
    """A path as a person named it, from the root on, with the home folder for "~"; "~" before no user is a name."""
    with suppress(RuntimeError):
        path = Path(path).expanduser()
    return Path(path).absolute()


def open_to_read(path: Path, *, follow_links: bool = False) -> BinaryIO:
    """Open a regular file: no link, which may lead out of the run, and no pipe, which may never answer.

    Args:
        path: The file.
        follow_links: Whether it may be a link, as a file may that a person named.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    link = 0 if follow_links else os.O_NOFOLLOW
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | link)
    return os.fdopen(_regular(descriptor, path), "rb")


def open_to_append(path: Path) -> int:
    """Open a regular file, made if missing, for appending: no link and no pipe, as in ``open_to_read``.

    Returns:
        Its descriptor.

    Raises:
        OSError: Something else stands there, or it cannot be written.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return _regular(os.open(path, flags, 0o644), path)


def _regular(descriptor: int, path: Path) -> int:
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return descriptor


def make_own_folder(path: Path) -> None:
    """Make a folder if it is missing; a link to one is refused.

    Raises:
        OSError: It is a link, or cannot be made.
    """
    refuse_link(path)
    path.mkdir(exist_ok=True)


def make_shared_folder(path: Path) -> None:
    """Make a folder that everyone can use who may use the one that it is in; a link to one is refused.

    Raises:
        OSError: It is a link, or cannot be made.
    """
    make_own_folder(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        lock.share(descriptor, path.parent)
    finally:
        os.close(descriptor)


def refuse_link(path: Path) -> None:
    """Refuse a link, since it may lead anywhere.

    Raises:
        OSError: It is one.
    """
    if is_link(path):
        raise OSError(f"{path.name} is a link, which may lead elsewhere")


def unreadable(what: str, path: Path, error: OSError) -> RunError:
    """The error to raise for a file of a run that cannot be read.

    Args:
        what: What it is, to start a sentence with.
        path: The file.
        error: Of the system.

    Returns:
        A ``StorageError`` if the machine, or a missing permission, keeps us from knowing what the file holds; else a
        ``RunDamagedError``.
    """
    problem = f"{what} cannot be read ({path.name})"
    if is_of_machine(error) or isinstance(error, PermissionError):
        return StorageError(f"{problem}: {reason(error)}.", advice(error, "Ask the owner to let you read it."))
    return RunDamagedError(f"{problem}.")


def read_text(path: Path, what: str) -> str:
    """The text of a small file of a run.

    Args:
        path: The file.
        what: What it is, to start a sentence with.

    Raises:
        RunDamagedError: It is missing, no regular file, too large, empty, or not UTF-8.
        StorageError: The machine cannot read it, or we may not.
    """
    try:
        with open_to_read(path) as file:
            size = os.fstat(file.fileno()).st_size
            content = file.read(READ_LIMIT + 1) if size <= READ_LIMIT else b""
    except FileNotFoundError:
        raise RunDamagedError(f"{what} is missing ({path.name}).") from None
    except OSError as error:
        raise unreadable(what, path, error) from error
    if max(size, len(content)) > READ_LIMIT:
        raise RunDamagedError(f"{what} is larger than {READ_LIMIT // 2**10} KiB ({path.name}).")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise RunDamagedError(f"{what} is not UTF-8 text ({path.name}).") from None
    if not text.strip():
        raise RunDamagedError(f"{what} is empty ({path.name}).")
    return text
