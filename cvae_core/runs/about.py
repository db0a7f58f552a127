"""What people call a run and have to say about it: a small file of its own, which no worker ever touches.

It says nothing that a run needs, so whatever is in its place, the run is what it is: a file that cannot be read counts
as absent.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from cvae_core.config import SCHEMA_VERSION
from cvae_core.config_errors import shown
from cvae_core.errors import RunDamagedError, RunError
from cvae_core.runs.files import read_object, replace_file

NAME_LIMIT: Final = 80
NOTE_LIMIT: Final = 2_000


@dataclass(frozen=True)
class About:
    """A name and a note; empty where there is none.

    Attributes:
        name: One line of up to 80 characters.
        note: Up to 2,000 characters, line breaks among them.
    """

    name: str = ""
    note: str = ""


def read_about(path: Path) -> About:
    """What is said about a run; nothing if the file is missing, damaged, a link, or of another form."""
    try:
        values = read_object(path, "What is said about the run")
    except RunDamagedError:
        return About()
    name, note = (_text(values.get(key)) for key in ("name", "note"))
    try:
        return checked(name, note)
    except RunError:
        return About()


def write_about(path: Path, name: str, note: str) -> About:
    """Replace what is said about a run, in one step.

    Args:
        path: The file.
        name: Spaces around it are dropped; empty for none.
        note: Likewise.

    Returns:
        What was written.

    Raises:
        RunError: A text is too long or has characters that cannot be shown.
        StorageError: The file cannot be written; it is then as it was.
    """
    about = checked(name, note)
    replace_file(path, json.dumps({"schema_version": SCHEMA_VERSION, **asdict(about)}, indent=1) + "\n")
    return about


def checked(name: str, note: str) -> About:
    """A name and a note, if they can be that.

    Raises:
        RunError: A text is too long or has characters that cannot be shown.
    """
    name, note = name.strip(), note.replace("\r\n", "\n").strip()
    for what, text, limit in (("name", name, NAME_LIMIT), ("note", note, NOTE_LIMIT)):
        if len(text) > limit:
            raise RunError(f"The {what} of a run has at most {limit:,} characters; this one has {len(text):,}.")
    if not _can_be_shown(name):
        raise RunError(f"The name of a run is one line of text; it is {shown(name)}.", "Leave the odd characters out.")
    if not _can_be_shown(note.replace("\n", " ").replace("\t", " ")):
        raise RunError("The note of a run is text; this one has characters that cannot be shown.", "Leave them out.")
    return About(name, note)


def _can_be_shown(text: str) -> bool:
    return text.isprintable()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
