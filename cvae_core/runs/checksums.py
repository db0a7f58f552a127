"""Dataclasses built from JSON that anyone may have written, each value checked against the type of its field."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from cvae_core.config.run import SCHEMA_VERSION, check_schema_version
from cvae_core.errors import ConfigError, RunDamagedError, RunTooNewError
from cvae_core.runs.atomic_io import READ_LIMIT, open_to_read, parsed_object, read_text, unreadable
from cvae_core.system_errors import is_of_machine

LARGEST_COUNT: Final = 2**53
_LARGEST_NUMBER: Final = 1e300
_SURROGATE: Final = re.compile("[\ud800-\udfff]")

Record = TypeVar("Record")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_COUNT


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER


def _is_text(value: Any) -> bool:
    """Half of a surrogate pair is none: it can be neither shown nor written."""
    return isinstance(value, str) and not _SURROGATE.search(value)


def _are_numbers(value: Any) -> bool:
    return isinstance(value, tuple) and all(map(_is_number, value))


def _are_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, [*value.keys(), *value.values()]))


_CHECKS: Final[dict[str, Callable[[Any], bool]]] = {
    "int": _is_count,
    "float": _is_number,
    "float | None": lambda value: value is None or _is_number(value),
    "str": _is_text,
    "tuple[float, ...]": _are_numbers,
    "dict[str, str]": _are_texts,
}


def build(record: type[Record], values: Mapping[str, Any]) -> Record:
    """A dataclass with exactly these values.

    Args:
        record: The dataclass. Whole numbers in it are counts, from 0; other numbers are finite.
        values: Field name -> value. A field of a type that is not plain (another record) is taken as it is.

    Raises:
        ValueError: A field is missing, unknown, or of another type; the text names it.
    """
    checks = _checks(record)  # type: ignore[arg-type]  # a class is hashable
    if strange := sorted(checks.keys() ^ values.keys()):
        raise ValueError(f"a missing or unknown field {strange[0]}")
    for name, check in checks.items():
        if check is not None and not check(values[name]):
            raise ValueError(f"no valid {name}")
    return record(**values)


@cache
def _checks(record: type[Any]) -> dict[str, Callable[[Any], bool] | None]:
    return {field.name: _CHECKS.get(str(field.type)) for field in fields(record)}


CONFIG_FILE: Final = "config.json"
_SEAL: Final = b', "check": "%08x"}\n'
_SEAL_LENGTH: Final = len(_SEAL % 0)
_ENDING: Final = re.compile(rb', "check": "([0-9a-f]{8})"\}\n\Z')
_RESTORE: Final = "Restore the file from a copy, or delete the run."


def seal(values: dict[str, Any], *, allow_nan: bool = False) -> bytes:
    """A sealed line of JSON, with its newline.

    Args:
        values: At least one.
        allow_nan: Whether numbers may be NaN or infinite.

    Raises:
        ValueError: A number is, and may not be.
    """
    body = json.dumps(values, allow_nan=allow_nan)[:-1].encode()
    return body + _SEAL % zlib.crc32(body)


def is_sealed(line: bytes, before: bytes = b"") -> bool:
    """Whether a line is as it was sealed.

    Args:
        line: With its newline.
        before: Empty; or the line before it in metrics of earlier versions, where each checksum began with the last.
    """
    check = zlib.crc32(memoryview(line)[:-_SEAL_LENGTH], _check_of(before) if before else 0)
    return line.endswith(_SEAL % check)


def _check_of(line: bytes) -> int:
    """The checksum at the end of a sealed line; 0 without a line."""
    found = _ENDING.search(line)
    return int(found[1], 16) if found else 0


def read_sealed(path: Path, what: str) -> dict[str, Any]:
    """The values of a file that holds one sealed line, without its version and checksum.

    Args:
        path: The file.
        what: What it is, to start a sentence with.

    Raises:
        RunDamagedError: It is missing, not as it was written, or of a newer version.
    """
    text = read_text(path, what)
    values = parsed_object(text, what, path.name)
    refuse_newer(values, what)
    if not is_sealed(text.encode()):
        raise RunDamagedError(f"{what} does not match its checksum ({path.name}).", _RESTORE)
    del values["schema_version"], values["check"]
    return values


def versioned(values: dict[str, Any]) -> dict[str, Any]:
    """Values with the version of their form before them."""
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


def refuse_foreign(found: str, expected: str, what: str, name: str) -> None:
    """Refuse a file that names another configuration than the run has.

    Args:
        found: The checksum that the file names.
        expected: That of the run.
        what: What the file is, to start a sentence with.
        name: Of the file.

    Raises:
        RunDamagedError: They differ.
    """
    if found != expected:
        raise RunDamagedError(
            f"{what} belongs to another configuration ({name}): it is of another run, or {CONFIG_FILE} was changed.",
            _RESTORE,
        )
