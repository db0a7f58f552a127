"""Name and note of a run: a small file of its own, which no worker touches and which a run does not need."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cvae_core.errors import RunDamagedError, RunError
from cvae_core.runs.atomic_io import read_text, replace_file
from cvae_core.runs.checksums import is_sealed, parsed_object, refuse_newer, seal, versioned
from cvae_core.text import is_invisible, is_undecoded, unsafe_character

NAME_LIMIT: Final = 80
NOTE_LIMIT: Final = 2_000
WHAT: Final = "The file with the name and note of the run"
_AGAIN: Final = "Give the run its name and its note again, or restore the file from a copy."
_FIELDS: Final = frozenset({"schema_version", "name", "note", "config_sha256", "check"})  # the fourth once was


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
    """What is said about a run; nothing if there is no file. Files of the first versions have no checksum.

    Raises:
        RunDamagedError: The file is not as it was written, a link, or of a newer version.
    """
    if not os.path.lexists(path):
        return About()
    text = read_text(path, WHAT)
    values = parsed_object(text, WHAT, path.name)
    if "schema_version" in values:
        refuse_newer(values, WHAT)
    if not values.keys() <= _FIELDS or ("check" in values and not is_sealed(text.encode())):
        raise RunDamagedError(f"{WHAT} does not match its checksum ({path.name}).", _AGAIN)
    try:
        return checked(values.get("name", ""), values.get("note", ""))
    except (RunError, AttributeError):
        raise RunDamagedError(f"{WHAT} does not hold a valid name and note ({path.name}).", _AGAIN) from None


def about_or_problem(path: Path) -> tuple[About, str]:
    """What is said about a run, or nothing and, as whole sentences, why it cannot be read and what to do."""
    try:
        return read_about(path), ""
    except RunError as error:
        return About(), f"{error.problem} {error.advice or _AGAIN}"


def write_about(path: Path, name: str, note: str) -> About:
    """Replace what is said about a run, in one step.

    Args:
        path: The file.
        name: Spaces around it are dropped; empty for none.
        note: Likewise.

    Returns:
        What was written.

    Raises:
        RunError: A text is too long or has a control character, or one that disguises text; a name
            has a line break, or nothing that can be seen.
        StorageError: The file cannot be written; it is then as it was.
    """
    about = checked(name, note)
    replace_file(path, seal(versioned(asdict(about))))
    return about


def checked(name: str, note: str) -> About:
    """A name and a note, if they can be that.

    Raises:
        RunError: A text is too long or has a control character, or one that disguises text; a name
            has a line break, or nothing that can be seen.
    """
    if name.strip(" ") and is_invisible(name):
        raise RunError("The name of a run would be invisible.", "Use at least one character that can be seen.")
    name, note = name.strip(), note.replace("\r\n", "\n").strip()
    for what, text, limit in (("name", name, NAME_LIMIT), ("note", note, NOTE_LIMIT)):
        if len(text) > limit:
            raise RunError(f"The {what} of a run has at most {limit:,} characters; this one has {len(text):,}.")
        if is_undecoded(text):
            raise RunError(
                f"The encoding of this terminal ({sys.getfilesystemencoding()}) cannot represent this {what}.",
                "Set a UTF-8 locale, such as LC_ALL=C.UTF-8, then try again.",
            )
        if found := unsafe_character(text, allowed="" if what == "name" else "\n\t"):
            raise RunError(f"The {what} of a run cannot hold every character: {found}.", "Leave that character out.")
    return About(name, note)
