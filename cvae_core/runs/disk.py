"""How much of the disk a run takes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from cvae_core.runs.files import is_real_folder

_BLOCK: Final = 512  # the unit of st_blocks, whatever the file system's own


def disk_use(path: Path) -> int:
    """Bytes that a file, or a folder and all below it, takes on the disk, as ``du`` counts them.

    Links are not followed; what cannot be read or goes meanwhile counts nothing.
    """
    try:
        taken = path.lstat().st_blocks * _BLOCK
    except OSError:
        return 0
    folders: list[str | Path] = [path] if is_real_folder(path) else []
    while folders:  # and no recursion: folders may be nested deeper than that can go
        here, found = _contents(folders.pop())
        taken += here
        folders += found
    return taken


def _contents(folder: str | Path) -> tuple[int, list[str]]:
    """Bytes that the entries of a folder take, what is below them left out; and which of them are folders."""
    taken, folders = 0, []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            taken += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
    return taken, folders


def size_words(size: int) -> str:
    """A size as people read it: in MB, or GB where it is large."""
    if size < 1e5:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
