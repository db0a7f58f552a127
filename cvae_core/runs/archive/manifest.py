"""The manifest of an archive: what the run is, and the size and checksum of each file."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from cvae_core.config.fields import format_value
from cvae_core.config.run import SCHEMA_VERSION
from cvae_core.errors import ArchiveError
from cvae_core.runs.snapshots import ARRAYS_FILE, SNAPSHOT_FILE, STATE_FILE, WEIGHTS_FILE

MANIFEST_FILE: Final = "manifest.json"
MOST_FILES: Final = 20_000
_LARGEST: Final = 2**53
_MOST_PARTS: Final = 4 * MOST_FILES  # two for each file, and the epochs of the snapshots
_Count = Annotated[int, Field(ge=0, le=_LARGEST)]
_Checksum = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
_Words = Annotated[str, StringConstraints(max_length=200)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PackedFile(_Part):
    """One file of an archive.

    Attributes:
        size: In bytes, unpacked.
        sha256: Of what it holds, 64 hexadecimal digits.
    """

    size: _Count
    sha256: _Checksum


class Manifest(_Part):
    """What an archive says of itself.

    Attributes:
        format: Tells such an archive from any other ZIP file.
        schema_version: Of this form.
        run: The name of the run.
        state: When it was packed.
        seed: Of the training.
        data_sha256: Checksum of the data that it learnt from; ``None`` if no training began.
        versions: Name -> version of what the training ran with.
        epochs: How many are in the metrics.
        snapshots: The epochs whose snapshots are in the archive.
        all_snapshots: Whether these are all that the run had.
        checkpoint: The name of the checkpoint to go on from; ``None`` if none is in the archive.
        files: Name -> the file, for all but the manifest itself.
    """

    format: Literal["cvae-run-archive"] = "cvae-run-archive"
    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION
    run: _Words
    state: _Words
    seed: _Count
    data_sha256: _Checksum | None
    versions: Annotated[dict[_Words, _Words], Field(max_length=100)]
    epochs: _Count
    snapshots: Annotated[tuple[_Count, ...], Field(max_length=MOST_FILES)]
    all_snapshots: bool
    checkpoint: _Words | None
    files: Annotated[dict[_Words, PackedFile], Field(max_length=MOST_FILES)]

    def to_json(self) -> bytes:
        """As indented JSON."""
        return self.model_dump_json(indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            ArchiveError: It is of another form, or of a newer version.
        """
        _check_extent(content)
        try:
            manifest = cls.model_validate_json(content)
        except (ValidationError, RecursionError) as error:
            raise ArchiveError(f"its manifest is not valid{_where(error)}") from None
        if manifest.schema_version > SCHEMA_VERSION:
            raise ArchiveError(
                f"it is of schema version {format_value(manifest.schema_version)}; "
                f"this software reads up to {SCHEMA_VERSION}",
                "Update the software to open it.",
            )
        return manifest


def _check_extent(content: bytes) -> None:
    """Refuse what has more parts than a manifest can have: to note what is wrong with millions of them takes gigabytes.

    A part, whether of an object or of a list, is followed by a comma.
    """
    if content.count(b",") > _MOST_PARTS:
        raise ArchiveError("its manifest is too long")


def _where(error: Exception) -> str:
    """The field at fault, if it is one of ours: what else an archive holds is not repeated."""
    place = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
    return f": {place[0]}" if place and place[0] in Manifest.model_fields else ""


CONFIG: Final = "config.json"
STATUS: Final = "status.json"
METRICS: Final = "metrics.jsonl"
ABOUT: Final = "about.json"
NEEDED: Final = frozenset({MANIFEST_FILE, CONFIG, STATUS, METRICS})
_KNOWN: Final = NEEDED | {ABOUT}
ARRAYS_ENDING: Final = ".safetensors"
INNER_FILES: Final = {
    "snapshots": frozenset({WEIGHTS_FILE, SNAPSHOT_FILE}),
    "checkpoints": frozenset({ARRAYS_FILE, STATE_FILE}),
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
