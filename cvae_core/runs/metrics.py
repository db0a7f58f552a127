"""The history of a training: one JSON record a line, appended, never rewritten."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from cvae_core.config import SCHEMA_VERSION, check_schema_version
from cvae_core.errors import ConfigError, RunDamagedError
from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs.files import open_to_read, replace_file, storage_errors
from cvae_core.runs.typed import build

_LINE_LIMIT: Final = 2**20
_APPENDING: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


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
            self._descriptor = os.open(path, _APPENDING, 0o644)

    def append(self, record: Record) -> None:
        """Write one record.

        Raises:
            StorageError: The disk is full or cannot be written; the file is then as it was.
        """
        line = encode(record)
        with storage_errors(self._path):
            start = os.fstat(self._descriptor).st_size
            try:
                written = os.write(self._descriptor, line)
                while written < len(line):
                    written += os.write(self._descriptor, line[written:])
            except OSError:
                os.ftruncate(self._descriptor, start)
                raise

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
        self._tail = b""
        self._identity: tuple[int, int] | None = None
        self.history = History()

    def refresh(self) -> History:
        """Read what was appended since the last time; everything, if the file was cut or replaced.

        Raises:
            RunDamagedError: A line other than a torn last one cannot be read.
        """
        try:
            with open_to_read(self._path) as file:
                self._restart_if_changed(file)
                records, tail, end = _read_records(file)
        except FileNotFoundError:
            return self.history
        except OSError as error:
            raise RunDamagedError(f"The metrics of the run cannot be read ({self._path.name}).") from error
        for record in records:
            self.history.add(record)
        self._tail, self._offset = tail or self._tail, end
        return self.history

    def _restart_if_changed(self, file: BinaryIO) -> None:
        """Go to the first unread line; to the beginning, if what was read is no longer what stands there."""
        stat = os.fstat(file.fileno())
        identity = (stat.st_dev, stat.st_ino)
        file.seek(self._offset - len(self._tail))
        # A replaced file may have the old one's number, so the last line is compared too.
        if identity != self._identity or file.read(len(self._tail)) != self._tail:
            self._identity, self._offset, self._tail, self.history = identity, 0, b"", History()
            file.seek(0)


def _read_records(file: BinaryIO) -> tuple[list[Record], bytes, int]:
    """The records of the complete lines from here on, the last such line, and where it ends."""
    records: list[Record] = []
    last, end = b"", file.tell()
    while (line := file.readline(_LINE_LIMIT)).endswith(b"\n"):
        records.append(decode(line))
        last, end = line, end + len(line)
    if len(line) == _LINE_LIMIT:
        raise RunDamagedError(f"The metrics of the run hold a line longer than {_LINE_LIMIT // 2**10} KiB.")
    return records, last, end


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
    try:
        with open_to_read(path) as file:
            records, _, _ = _read_records(file)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunDamagedError(f"The metrics of the run cannot be read ({path.name}).") from error
    kept = [encode(record) for record in records if _position(record) <= (epoch, step)]
    replace_file(path, b"".join(kept), durable=True)


def _position(record: Record) -> tuple[int, int]:
    """Completed epochs, and steps beyond them, at the time of a record."""
    if isinstance(record, StepRecord):
        return record.epoch - 1, record.step
    if isinstance(record, EpochRecord):
        return record.epoch, 0
    return record.epoch, record.step


def encode(record: Record) -> bytes:
    """One line of JSON, with its newline.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    kind = {BeginRecord: "begin", StepRecord: "step", EpochRecord: "epoch"}[type(record)]
    versioned = {"schema_version": SCHEMA_VERSION} if kind == "begin" else {}
    values = {"kind": kind, **versioned, **asdict(record)}
    return json.dumps(values, allow_nan=False).encode() + b"\n"


def decode(line: bytes) -> Record:
    """The record of one line.

    Raises:
        RunDamagedError: It is none, or of a newer version.
    """
    try:
        return _record(json.loads(line))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise RunDamagedError("The metrics of the run hold a line that cannot be read (metrics.jsonl).") from None


def _record(values: dict[str, Any]) -> Record:
    kind = values.pop("kind")
    if kind == "begin":
        return _begin(values)
    if kind == "step":
        return build(StepRecord, values | {"train": _losses(values["train"])})
    if kind == "epoch":
        return build(EpochRecord, values | {part: _losses(values[part]) for part in ("train", "test")})
    raise ValueError("an unknown kind of record")


def _begin(values: dict[str, Any]) -> BeginRecord:
    try:
        check_schema_version(values, "The history of the run")
    except ConfigError as error:
        raise RunDamagedError(error.problem, error.advice) from None
    del values["schema_version"]
    return build(BeginRecord, values)


def _losses(values: dict[str, Any]) -> Losses:
    return build(Losses, values | {"kl_per_dimension": tuple(values["kl_per_dimension"])})
