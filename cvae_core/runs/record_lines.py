"""One record of a training as one line of JSON with a checksum of its own."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from cvae_core.errors import RunDamagedError
from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs.seal import refuse_newer, seal, versioned
from cvae_core.runs.typed import build
from cvae_core.short_repr import short_repr

# Lines as ``encode`` writes them: kind and position, and the loss by which curves are thinned. Eight times faster than
# parsing the line, which matters for histories of 100,000 epochs.
_STEP_OR_EPOCH: Final = re.compile(
    rb'\{"kind": "(?:step", "epoch": (\d+), "step": (\d+), (?:"steps": (\d+), )?"steps_per_epoch": (\d+)[^{]*|'
    rb'epoch", "epoch": (\d+), "train": \{[^}]*\}, )'
    rb'"t(?:rain|est)": \{"loss": ([^,]+),'
)

Position = tuple[int, int]


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


def position(record: Record) -> Position:
    """Completed epochs, and steps beyond them, at the time of a record."""
    if isinstance(record, StepRecord):
        return record.epoch - 1, record.step
    if isinstance(record, EpochRecord):
        return record.epoch, 0
    return record.epoch, record.step


def loss_of(record: StepRecord | EpochRecord) -> float:
    """The loss by which curves are thinned: of an epoch that on the test set."""
    return record.test.loss if isinstance(record, EpochRecord) else record.train.loss


def encode(record: Record) -> bytes:
    """One line of JSON, with its newline.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    kind = {BeginRecord: "begin", StepRecord: "step", EpochRecord: "epoch"}[type(record)]
    values = {"kind": kind, **asdict(record)}
    return seal(versioned(values) if kind == "begin" else values)


def decode(line: bytes) -> Record:
    """The record of one line, whose checksum the caller has compared.

    Raises:
        RunTooNewError: It is of a newer version.
        RunDamagedError: It is no record.
    """
    try:
        values = json.loads(line.decode())  # bytes might be taken for UTF-16
        if values["kind"] == "begin":
            refuse_newer(values, "The history of the run")
        del values["check"]
        return _record(values)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RunDamagedError("The metrics of the run hold a line that cannot be read (metrics.jsonl).") from None


def peek(line: bytes) -> tuple[type[StepRecord | EpochRecord], Position, float, int, int] | None:
    """Kind, position, loss, steps and steps per epoch of a line, unparsed; ``None`` if ``decode`` has to tell.

    Both counts are 0 for an epoch, and where the line has none.
    """
    found = _STEP_OR_EPOCH.match(line)
    if found is None:
        return None
    step_epoch, step, steps, per_epoch, epoch, loss = found.groups(b"0")
    if found[2] is None:
        return EpochRecord, (int(epoch), 0), float(loss), 0, 0
    return StepRecord, (int(step_epoch) - 1, int(step)), float(loss), int(steps), int(per_epoch)


def _record(values: dict[str, Any]) -> Record:
    kind = values.pop("kind")
    if kind == "begin":
        del values["schema_version"]
        return build(BeginRecord, values)
    if kind == "step":
        return build(StepRecord, {"steps": 0} | values | {"train": _losses(values["train"])})
    if kind == "epoch":
        return build(EpochRecord, values | {part: _losses(values[part]) for part in ("train", "test")})
    raise ValueError("an unknown kind of record")


def _losses(values: dict[str, Any]) -> Losses:
    return build(Losses, values | {"kl_per_dimension": tuple(values["kl_per_dimension"])})
