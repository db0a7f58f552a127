"""The history of a training: one JSON record a line, appended, never rewritten."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cvae_core.config import SCHEMA_VERSION
from cvae_core.errors import RunDamagedError
from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs.files import storage_errors

_KINDS: Final = ("begin", "step", "epoch")


@dataclass(frozen=True)
class BeginRecord:
    """Under which circumstances a training was started or resumed.

    Attributes:
        epoch, step: From where.
        data_sha256: Checksum of the data set.
        versions: Name -> version of what the result depends on.
    """

    epoch: int
    step: int
    data_sha256: str
    versions: dict[str, str]


Record = BeginRecord | StepRecord | EpochRecord


@dataclass
class History:
    """All records of a run so far, by kind, in the order of training."""

    begins: list[BeginRecord] = field(default_factory=list)
    steps: list[StepRecord] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Append one record."""
        if isinstance(record, BeginRecord):
            self.begins.append(record)
        elif isinstance(record, StepRecord):
            self.steps.append(record)
        else:
            self.epochs.append(record)


class MetricsWriter:
    """Appends records; each line is one write, so that a reader never sees half of two lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with storage_errors(path):
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def append(self, record: Record) -> None:
        """Write one record.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        line = encode(record)
        with storage_errors(self._path):
            written = os.write(self._descriptor, line)
            while written < len(line):
                written += os.write(self._descriptor, line[written:])

    def synchronise(self) -> None:
        """Make sure that all lines so far survive a loss of power."""
        with storage_errors(self._path):
            os.fsync(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


class MetricsReader:
    """Follows a growing metrics file, reading only what is new each time.

    Attributes:
        history: What was read so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._identity: tuple[int, int] | None = None
        self.history = History()

    def refresh(self) -> History:
        """Read what was appended since the last time; everything, if the file was cut or replaced.

        Raises:
            RunDamagedError: A line other than a torn last one cannot be read.
        """
        try:
            with self._path.open("rb") as file:
                stat = os.fstat(file.fileno())
                self._restart_if_replaced((stat.st_dev, stat.st_ino), stat.st_size)
                file.seek(self._offset)
                complete, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return self.history
        except OSError as error:
            raise RunDamagedError(f"The metrics of the run cannot be read ({self._path.name}).") from error
        for line in complete.split(b"\n") if newline else ():
            self.history.add(decode(line))
        self._offset += len(complete) + len(newline)
        return self.history

    def _restart_if_replaced(self, identity: tuple[int, int], size: int) -> None:
        if identity != self._identity or size < self._offset:
            self._identity, self._offset, self.history = identity, 0, History()


def read_history(path: Path) -> History:
    """All records of a metrics file; a torn last line is passed over.

    Raises:
        RunDamagedError: A line cannot be read.
    """
    return MetricsReader(path).refresh()


def cut_back(path: Path, epoch: int, step: int) -> None:
    """Drop every record of training after a point, and a torn last line.

    Args:
        path: The metrics file; may be missing.
        epoch: Completed epochs at that point.
        step: Steps done in the epoch under way.

    Raises:
        RunDamagedError: A line cannot be read.
        StorageError: The file cannot be written.
    """
    if not path.exists():
        return
    kept = b"".join(line for line, record in _lines(path) if _position(record) <= (epoch, step))
    temporary = path.with_name(f".tmp-{path.name}")
    with storage_errors(path):
        temporary.write_bytes(kept)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)


def _lines(path: Path) -> Iterator[tuple[bytes, Record]]:
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield line, decode(line)


def _position(record: Record) -> tuple[int, int]:
    """Completed epochs, and steps beyond them, at the time of a record."""
    if isinstance(record, StepRecord):
        return record.epoch - 1, record.step
    if isinstance(record, EpochRecord):
        return record.epoch, 0
    return record.epoch, record.step


def encode(record: Record) -> bytes:
    """One line of JSON, with its newline."""
    kind = {BeginRecord: "begin", StepRecord: "step", EpochRecord: "epoch"}[type(record)]
    versioned = {"schema_version": SCHEMA_VERSION} if kind == "begin" else {}
    return json.dumps({"kind": kind, **versioned, **asdict(record)}).encode() + b"\n"


def decode(line: bytes) -> Record:
    """The record of one line.

    Raises:
        RunDamagedError: It is none, or of a newer version.
    """
    try:
        values = json.loads(line)
        kind = values.pop("kind")
        if kind == "begin":
            return _begin(values)
        if kind == "step":
            return StepRecord(**(values | {"train": _losses(values["train"])}))
        if kind == "epoch":
            parts = {part: _losses(values[part]) for part in ("train", "test")}
            return EpochRecord(**(values | parts))
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise RunDamagedError("The metrics of the run hold a line that cannot be read (metrics.jsonl).")


def _begin(values: dict[str, Any]) -> BeginRecord:
    version = values.pop("schema_version")
    if version > SCHEMA_VERSION:
        raise RunDamagedError(
            f"The metrics of the run are of schema version {version}; this software reads up to {SCHEMA_VERSION}.",
            "Update the software to open it.",
        )
    return BeginRecord(**values)


def _losses(values: dict[str, Any]) -> Losses:
    losses = Losses(**(values | {"kl_per_dimension": tuple(values["kl_per_dimension"])}))
    numbers = (losses.loss, losses.reconstruction, losses.kl, *losses.kl_per_dimension)
    if not all(isinstance(number, float) and math.isfinite(number) for number in numbers):
        raise ValueError("a loss is not a finite number")
    return losses
