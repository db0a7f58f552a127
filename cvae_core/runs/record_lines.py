"""One record of a training as one sealed line of JSON, and which record may follow which."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from cvae_core.errors import RunDamagedError
from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs.seal import is_sealed, refuse_newer, seal, versioned
from cvae_core.runs.typed import build
from cvae_core.short_repr import short_repr


@dataclass(frozen=True)
class BeginRecord:
    """Under which circumstances a training was started or resumed.

    Attributes:
        epoch, step: From where.
        data_sha256: Checksum of the data set.
        versions: Name -> version of what the result depends on.
        config_sha256: Of the configuration that the run was started with; empty for the writer to find it.
    """

    epoch: int
    step: int
    data_sha256: str
    versions: dict[str, str]
    config_sha256: str = field(default="", compare=False)

    __repr__ = short_repr


Record = BeginRecord | StepRecord | EpochRecord


def position(record: Record) -> tuple[int, int]:
    """Completed epochs, and steps beyond them, at the time of a record."""
    if isinstance(record, StepRecord):
        return record.epoch - 1, record.step
    if isinstance(record, EpochRecord):
        return record.epoch, 0
    return record.epoch, record.step


def follows(record: Record, last: Record | None) -> bool:
    """Whether a record may come after another, or be the first, with no gap or repetition between them."""
    here, before = position(record), position(last) if last else (0, 0)
    if isinstance(record, BeginRecord):
        return here == before
    if isinstance(record, StepRecord):
        return last is not None and here[0] == before[0] and here > before
    return last is not None and here == (before[0] + 1, 0)


def encode(record: Record, before: bytes = b"") -> bytes:
    """One line of JSON, with its newline.

    Args:
        record: The record.
        before: The line that it follows; empty for the first one.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    kind = {BeginRecord: "begin", StepRecord: "step", EpochRecord: "epoch"}[type(record)]
    values = {"kind": kind, **asdict(record)}
    return seal(versioned(values) if kind == "begin" else values, before)


def decode(line: bytes, before: bytes = b"") -> Record:
    """The record of one line.

    Args:
        line: With its newline.
        before: The line that it follows; empty for the first one.

    Raises:
        RunDamagedError: It is none, is not as it was written after that line, or is of a newer version.
    """
    try:
        values = json.loads(line.decode())  # bytes might be taken for UTF-16
        if values["kind"] == "begin":
            refuse_newer(values, "The history of the run")
        if not is_sealed(line, before):
            raise RunDamagedError(
                "The metrics of the run hold a line that does not match its checksum: it was changed, or one before "
                "it is missing (metrics.jsonl)."
            )
        del values["check"]
        return _record(values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RunDamagedError("The metrics of the run hold a line that cannot be read (metrics.jsonl).") from None


def _record(values: dict[str, Any]) -> Record:
    kind = values.pop("kind")
    if kind == "begin":
        del values["schema_version"]
        return build(BeginRecord, values)
    if kind == "step":
        return build(StepRecord, values | {"train": _losses(values["train"])})
    if kind == "epoch":
        return build(EpochRecord, values | {part: _losses(values[part]) for part in ("train", "test")})
    raise ValueError("an unknown kind of record")


def _losses(values: dict[str, Any]) -> Losses:
    return build(Losses, values | {"kl_per_dimension": tuple(values["kl_per_dimension"])})
