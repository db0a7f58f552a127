"""How much of the disk a run takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_BLOCK: Final = 512  # the unit of st_blocks, whatever the file system's own


def disk_use(path: Path) -> int:
    """Bytes that a file, or a folder and all below it, takes on the disk, as ``du`` counts them.

    Links are not followed; what cannot be read or goes meanwhile counts nothing.
    """
    try:
        taken = path.lstat().st_blocks * _BLOCK
    except OSError:
        return 0
    return taken + _below(path) if path.is_dir() and not path.is_symlink() else taken


def _below(folder: str | Path) -> int:
    taken = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                taken += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                if entry.is_dir(follow_symlinks=False):
                    taken += _below(entry.path)
    except OSError:
        return taken
    return taken


def size_words(size: int) -> str:
    """A size as people read it: in MB, or GB where it is large."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
