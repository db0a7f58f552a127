"""Which files an archive may hold. Every name is of a form that can only lie inside the folder of the run."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Final

from cvae_core.errors import ArchiveError
from cvae_core.runs import checkpoints, snapshots
from cvae_core.runs.archive.manifest import MANIFEST_FILE, MOST_FILES

CONFIG: Final = "config.json"
STATUS: Final = "status.json"
METRICS: Final = "metrics.jsonl"
ABOUT: Final = "about.json"
NEEDED: Final = frozenset({MANIFEST_FILE, CONFIG, STATUS, METRICS})
_KNOWN: Final = NEEDED | {ABOUT}
ARRAYS_ENDING: Final = ".safetensors"
INNER_FILES: Final = {
    "snapshots": frozenset({snapshots.WEIGHTS_FILE, snapshots.FACTS_FILE}),
    "checkpoints": frozenset({checkpoints.ARRAYS_FILE, checkpoints.FACTS_FILE}),
}
_INNER_FOLDER: Final = re.compile(r"snapshots/[0-9]{6}|checkpoints/[0-9]{6}-[0-9]{8}")
_HARMLESS: Final = frozenset(string.ascii_letters + string.digits + "._-/")


def check_names(names: Sequence[str]) -> None:
    """Refuse names that an archive of a run cannot have.

    Raises:
        ArchiveError: One leads outside, comes twice, differs from another in case only, or is unexpected; there are
            too many; one that is needed is missing.
    """
    if len(names) > MOST_FILES:
        raise ArchiveError(f"it holds {len(names):,} files; there may be {MOST_FILES:,}")
    _check_different(names)
    for name in names:
        _check_name(name)
    if missing := sorted(NEEDED - set(names)):
        raise ArchiveError(f"{missing[0]} is missing in it")


def _check_different(names: Sequence[str]) -> None:
    spellings: dict[str, str] = {}
    for name in names:
        before = spellings.setdefault(name.casefold(), name)
        if before is not name:
            how = "twice" if before == name else "in two spellings that differ in case only"
            raise ArchiveError(f"it holds {quoted(name)} {how}")


def _check_name(name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in name:
        raise ArchiveError(f"{quoted(name)} in it leads outside the folder of the run")
    folder, _, file = name.rpartition("/")
    if name not in _KNOWN and not (_INNER_FOLDER.fullmatch(folder) and file in INNER_FILES[parts[0]]):
        raise ArchiveError(f"it holds {quoted(name)}, which no run has")


def quoted(name: str) -> str:
    """A name as an error repeats it: only if it is harmless wherever the error is shown."""
    return f"'{name}'" if 0 < len(name) <= 60 and _HARMLESS.issuperset(name) else "a file of a strange name"
