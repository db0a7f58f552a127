"""Files that a person asked for: written under another name beside their own, and published when all are whole."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Literal, get_args

from cvae_core.errors import ExportError, advice, reason
from cvae_core.runs.atomic_io import is_folder

FilmFormat = Literal["gif", "webp"]
FILM_FORMATS: Final[tuple[FilmFormat, ...]] = get_args(FilmFormat)
_DRAFT_PREFIX: Final = ".tmp-"
_OPEN_FILES: Final = frozenset(map(Path, ("/dev", "/dev/fd", "/proc/self/fd")))


def is_stream(target: Path) -> bool:
    """Whether a name stands for what takes bytes and must not be replaced: a device, a pipe, or an open file.

    Args:
        target: Such as ``/dev/null``, ``/dev/stdout`` or a named pipe.
    """
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISDIR(mode) and (not stat.S_ISREG(mode) or target.parent in _OPEN_FILES)


@contextmanager
def published_together(targets: Sequence[Path], *, replace: bool = False) -> Iterator[list[Path]]:
    """Write files so that all of them appear whole, or none at all. A stream gets its bytes once all are whole.

    Args:
        targets: Their names. The folders that they are in must exist.
        replace: Whether files of these names may be replaced.

    Yields:
        Where to write each; renamed to its target at the end, and removed if anything fails before.

    Raises:
        ExportError: A folder is missing or cannot be written, a name is taken, or the disk is full.
    """
    for target in targets:
        check_target(target, replace=replace)
    with ExitStack() as stack:
        drafts = [_draft_of(target, stack) for target in targets]
        with export_errors(targets):
            yield drafts
            for draft, target in zip(drafts, targets, strict=True):
                check_target(target, replace=replace)
                _publish(draft, target)


def _draft_of(target: Path, stack: ExitStack) -> Path:
    """Where to write a file first; removed with the stack. Beside a stream there may be no room, as in ``/dev``."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) if is_stream(target) else target.parent
    draft = folder / f"{_DRAFT_PREFIX}{uuid.uuid4().hex[:8]}-{target.name}"
    stack.callback(_remove_if_possible, draft)
    return draft


def _remove_if_possible(draft: Path) -> None:
    with suppress(OSError):
        draft.unlink()


def _publish(draft: Path, target: Path) -> None:
    if not is_stream(target):
        draft.replace(target)
        return
    with draft.open("rb") as source, target.open("ab", buffering=0) as stream:  # appended: it may be a file by now
        shutil.copyfileobj(source, stream)


@contextmanager
def folder_to_fill(folder: Path) -> Iterator[None]:
    """Make a folder if it is missing, and take it away again if nothing could be put into it.

    Raises:
        ExportError: It cannot be made.
    """
    is_new = not os.path.lexists(folder)
    if is_new:
        _check_folder(folder.parent)
        with export_errors([folder]):
            folder.mkdir()
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def published_folder(target: Path) -> Iterator[Path]:
    """Fill a folder out of sight, so that it appears whole or not at all; one that is there is never replaced.

    Yields:
        Where to fill; made by whoever fills it.

    Raises:
        ExportError: Its own folder is missing or cannot be written, the name is taken, or the disk is full.
    """
    check_new_folder(target)
    draft = target.with_name(f"{_DRAFT_PREFIX}{uuid.uuid4().hex[:8]}-{target.name}")
    try:
        with export_errors([target]):
            yield draft
            check_new_folder(target)
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_new_folder(target: Path) -> None:
    """Refuse a folder that cannot be made anew.

    Raises:
        ExportError: Its own folder is missing or cannot be written, or its name is taken.
    """
    _check_folder(target.parent)
    if os.path.lexists(target):
        raise ExportError(f"{target} exists already.", "Choose another name, or remove it first.")


def check_target(target: Path, *, replace: bool) -> None:
    """Refuse a file that cannot or should not be written.

    Raises:
        ExportError: Its folder is missing or cannot be written, or its name is taken.
    """
    if is_stream(target):
        return
    _check_folder(target.parent)
    if is_folder(target):
        raise ExportError(f"{target} is a folder.", "Give the name of a file.")
    if os.path.lexists(target) and not replace:
        raise ExportError(f"{target} exists already.", "Choose another name, or replace it with --force.")


def _check_folder(folder: Path) -> None:
    if not os.path.lexists(folder):
        raise ExportError(f"The folder {folder} does not exist.", "Make it first, or choose another.")
    if not is_folder(folder):
        raise ExportError(f"{folder} is not a folder.", "Choose another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExportError(f"The folder {folder} cannot be written.", "Choose one that you may write to.")


@contextmanager
def export_errors(targets: Sequence[Path]) -> Iterator[None]:
    """Turn an ``OSError`` about writing some files into an ``ExportError``."""
    try:
        yield
    except OSError as error:
        what = str(targets[0]) if len(targets) == 1 else f"What should go into {targets[0].parent}"
        advised = f"{advice(error, '')} Nothing was changed.".strip()
        raise ExportError(f"{what} could not be written: {reason(error)}.", advised) from error
