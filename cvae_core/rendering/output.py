"""Files that a person asked for: written under a temporary name beside their own, and published when complete."""

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

AnimationFormat = Literal["gif", "webp"]
ANIMATION_FORMATS: Final[tuple[AnimationFormat, ...]] = get_args(AnimationFormat)
_OPEN_FILES: Final = frozenset(map(Path, ("/dev", "/dev/fd", "/proc/self/fd")))


def is_stream(target: Path) -> bool:
    """Whether a path is a device, a pipe or an open file such as ``/dev/stdout``, which must not be replaced."""
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISDIR(mode) and (not stat.S_ISREG(mode) or target.parent in _OPEN_FILES)


@contextmanager
def published_together(targets: Sequence[Path], *, replace: bool = False) -> Iterator[list[Path]]:
    """Write files so that all of them appear complete, or none. A stream gets its bytes when all are complete.

    Args:
        targets: The files. Their folders must exist.
        replace: Whether to replace existing files.

    Yields:
        Where to write each; renamed to its target at the end, and removed after an error.

    Raises:
        ExportError: A folder is missing or cannot be written, a file exists already, or the disk is full.
    """
    for target in targets:
        check_target(target, replace=replace)
    with ExitStack() as stack:
        drafts = []
        for target in targets:
            folder = target.parent
            if is_stream(target):  # its folder may have no room, as /dev has none
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            drafts.append(folder / _draft_name(target))
            stack.callback(_remove_if_possible, drafts[-1])
        with export_errors(targets):
            yield drafts
            for draft, target in zip(drafts, targets, strict=True):
                check_target(target, replace=replace)
                if not is_stream(target):
                    draft.replace(target)
                    continue
                # Appended: the stream may be a file that has content already.
                with draft.open("rb") as source, target.open("ab", buffering=0) as stream:
                    shutil.copyfileobj(source, stream)


def _draft_name(target: Path) -> str:
    return f".tmp-{uuid.uuid4().hex[:8]}-{target.name}"


def _remove_if_possible(draft: Path) -> None:
    with suppress(OSError):
        draft.unlink()


@contextmanager
def folder_to_fill(folder: Path) -> Iterator[None]:
    """Create a folder if it is missing, and remove it again after an error.

    Raises:
        ExportError: It cannot be created.
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
    """Fill a new folder so that it appears complete or not at all; an existing one is never replaced.

    Yields:
        The folder to create and fill.

    Raises:
        ExportError: Its parent is missing or cannot be written, it exists already, or the disk is full.
    """
    check_new_folder(target)
    draft = target.with_name(_draft_name(target))
    try:
        with export_errors([target]):
            yield draft
            check_new_folder(target)
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def check_new_folder(target: Path) -> None:
    """Refuse a folder that exists already or cannot be created, with an ``ExportError``."""
    _check_folder(target.parent)
    if os.path.lexists(target):
        raise ExportError(f"{target} exists already.", "Choose another name, or remove it first.")


def check_target(target: Path, *, replace: bool) -> None:
    """Refuse a file that cannot be written, or exists and must not be replaced, with an ``ExportError``."""
    if is_stream(target):
        return
    _check_folder(target.parent)
    if is_folder(target):
        raise ExportError(f"{target} is a folder.", "Give the name of a file.")
    if os.path.lexists(target) and not replace:
        raise ExportError(f"{target} exists already.", "Choose another name, or replace it with --force.")


def _check_folder(folder: Path) -> None:
    if not os.path.lexists(folder):
        raise ExportError(f"The folder {folder} does not exist.", "Create it first, or choose another.")
    if not is_folder(folder):
        raise ExportError(f"{folder} is not a folder.", "Choose another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExportError(f"The folder {folder} cannot be written.", "Choose a folder that you may write to.")


@contextmanager
def export_errors(targets: Sequence[Path]) -> Iterator[None]:
    """Turn an ``OSError`` about writing files into an ``ExportError``."""
    try:
        yield
    except OSError as error:
        what = str(targets[0]) if len(targets) == 1 else f"The files in {targets[0].parent}"
        advised = f"{advice(error, '')} Nothing was changed.".strip()
        raise ExportError(f"{what} could not be written: {reason(error)}.", advised) from error
