"""JSON files and lines that end with a checksum, read into dataclasses by pydantic."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from cvae_core.config.run import SCHEMA_VERSION, check_schema_version
from cvae_core.errors import ConfigError, RunDamagedError, RunTooNewError, is_of_machine
from cvae_core.runs.atomic_io import READ_LIMIT, open_to_read, read_text, unreadable

CONFIG_FILE: Final = "config.json"
# Fields that we do not know are ignored: earlier versions wrote some that are no longer used.
STRICT: Final = ConfigDict(strict=True, allow_inf_nan=False)
RESTORE: Final = "Restore the file from a copy, or delete the run."
_CHECK: Final = b', "check": "%08x"}\n'
_CHECK_LENGTH: Final = len(_CHECK % 0)
_OLD_CHECK: Final = re.compile(rb', "check": "([0-9a-f]{8})"\}\n\Z')

Record = TypeVar("Record")


def seal(values: dict[str, Any], *, allow_nan: bool = False) -> bytes:
    """A line of JSON that ends with its CRC-32, with its newline.

    Args:
        values: At least one.
        allow_nan: Whether numbers may be NaN or infinite.

    Raises:
        ValueError: A number is, and may not be.
    """
    body = json.dumps(values, allow_nan=allow_nan)[:-1].encode()
    return body + _CHECK % zlib.crc32(body)


def is_sealed(line: bytes, before: bytes = b"") -> bool:
    """Whether a line matches its checksum.

    Args:
        line: With its newline.
        before: The line before it. In metrics of earlier versions each checksum continued that of the last line.
    """
    body = line[:-_CHECK_LENGTH]
    if line.endswith(_CHECK % zlib.crc32(body)):
        return True
    start = _OLD_CHECK.search(before[-_CHECK_LENGTH:])
    return start is not None and line.endswith(_CHECK % zlib.crc32(body, int(start[1], 16)))


def parser(kind: type[Record]) -> TypeAdapter[Record | None]:
    """A strict reader of a dataclass.

    Args:
        kind: The dataclass. It is made part of a union, since pydantic takes no settings for a dataclass alone.
    """
    form: Any = kind | None
    return TypeAdapter(form, config=STRICT)


def read_sealed(path: Path, what: str, form: TypeAdapter[Record | None]) -> Record:
    """The record in a small JSON file with a checksum.

    Args:
        path: The file.
        what: What it is, to start a sentence with.
        form: Of ``parser``.

    Raises:
        RunDamagedError: It is missing, not as it was written, or of a newer version.
    """
    text = read_text(path, what)
    refuse_newer(parsed_object(text, what, path.name), what)
    if not is_sealed(text.encode()):
        raise RunDamagedError(f"{what} does not match its checksum ({path.name}).", RESTORE)
    try:
        record = form.validate_json(text)
    except ValidationError as error:
        place = error.errors()[0]["loc"]  # empty for text that only other readers of JSON accept
        problem = f"has no valid {place[-1]}" if place else "is not valid JSON"
        raise RunDamagedError(f"{what} {problem} ({path.name}).", RESTORE) from None
    assert record is not None  # it is an object
    return record


def parsed_object(text: str, what: str, name: str) -> dict[str, Any]:
    """The JSON object that a text is.

    Args:
        text: The text.
        what: What it is, to start a sentence with.
        name: Of the file that it is from.

    Raises:
        RunDamagedError: It is none.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise RunDamagedError(f"{what} is not valid JSON ({name}).") from None
    if not isinstance(value, dict):
        raise RunDamagedError(f"{what} should be a JSON object ({name}).")
    return value


def versioned(values: dict[str, Any]) -> dict[str, Any]:
    """Values with the schema version before them."""
    return {"schema_version": SCHEMA_VERSION, **values}


def refuse_newer(values: dict[str, Any], what: str) -> None:
    """Refuse what a newer version of this software wrote, whatever else may be wrong with it.

    Raises:
        RunTooNewError: The version is newer.
        RunDamagedError: There is none.
    """
    try:
        check_schema_version(values, what)
    except ConfigError as error:
        version = values.get("schema_version")
        is_newer = isinstance(version, int) and version > SCHEMA_VERSION
        raise (RunTooNewError if is_newer else RunDamagedError)(error.problem, error.advice) from None


def config_sha256(run_folder: Path) -> str:
    """SHA-256 of the configuration of a run, 64 hexadecimal digits; empty if it has none.

    Raises:
        StorageError: The machine cannot read it.
    """
    try:
        with open_to_read(run_folder / CONFIG_FILE) as file:
            return hashlib.sha256(file.read(READ_LIMIT)).hexdigest()
    except OSError as error:
        if is_of_machine(error):
            raise unreadable("The configuration of the run", run_folder / CONFIG_FILE, error) from error
        return ""
