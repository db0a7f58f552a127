"""The history of a training: one JSON record a line, appended, never rewritten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from cvae_core.errors import RunDamagedError
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.files import open_to_append, open_to_read, replace_file, unreadable
from cvae_core.runs.record_lines import BeginRecord, Record, decode, encode, follows, position
from cvae_core.runs.seal import config_sha256, ends_sealed, refuse_foreign
from cvae_core.short_repr import short_repr
from cvae_core.system_errors import storage_errors

__all__ = [
    "BeginRecord",
    "History",
    "MetricsReader",
    "MetricsWriter",
    "Record",
    "cut_back",
    "decode",
    "encode",
    "read_history",
]

_LINE_LIMIT: Final = 2**20


@dataclass
class History:
    """All records of a run so far, by kind, in the order of training."""

    begins: list[BeginRecord] = field(default_factory=list)
    steps: list[StepRecord] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)

    __repr__ = short_repr

    def add(self, record: Record) -> None:
        """Append one record."""
        if isinstance(record, BeginRecord):
            self.begins.append(record)
        elif isinstance(record, StepRecord):
            self.steps.append(record)
        else:
            self.epochs.append(record)

    @property
    def position(self) -> tuple[int, int]:
        """Completed epochs that it tells of, and steps beyond them."""
        newest = [kind[-1] for kind in (self.begins, self.steps, self.epochs) if kind]
        return max(map(position, newest), default=(0, 0))


class MetricsWriter:
    """Appends records; each line is one write, so that a reader never sees half of two lines.

    Raises:
        RunDamagedError: The file ends with something else than a line that was written here.
        StorageError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._config = config_sha256(path.parent)
        with storage_errors(path):
            self._last = _last_line(path)
            self._descriptor = open_to_append(path)

    def append(self, record: Record) -> None:
        """Write one record.

        Raises:
            StorageError: The disk is full or cannot be written; the file is then as it was.
        """
        if isinstance(record, BeginRecord) and not record.config_sha256:
            record = replace(record, config_sha256=self._config)
        line = encode(record, self._last)
        with storage_errors(self._path):
            start = os.fstat(self._descriptor).st_size
            try:
                written = os.write(self._descriptor, line)
                while written < len(line):
                    written += os.write(self._descriptor, line[written:])
            except OSError:
                os.ftruncate(self._descriptor, start)
                raise
        self._last = line

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


def _last_line(path: Path) -> bytes:
    """The last line of a metrics file, which the next one continues; empty if there is none."""
    try:
        with open_to_read(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LINE_LIMIT))
            lines = file.read().splitlines(keepends=True)
    except FileNotFoundError:
        return b""
    if lines and not ends_sealed(lines[-1]):
        raise RunDamagedError(f"The metrics of the run end with a line that cannot be read ({path.name}).")
    return lines[-1] if lines else b""


class MetricsReader:
    """Follows a growing metrics file, reading only what is new each time.

    Attributes:
        history: What was read so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._forget()

    def _forget(self) -> None:
        self._offset = 0
        self._tail = b""
        self._last: Record | None = None
        self.history = History()

    @property
    def bytes_read(self) -> int:
        """How long the whole lines are, from the first on, that the records stood in."""
        return self._offset

    def refresh(self) -> History:
        """Read what was appended since the last time; everything, if the file was cut or replaced.

        Raises:
            RunDamagedError: A line other than a torn last one cannot be read, is not as it was written, is missing, or
                belongs to another run.
        """
        try:
            with open_to_read(self._path) as file:
                self._restart_if_changed(file)
                found = list(_lines(file, self._path, self._tail, self._last))
        except FileNotFoundError:
            self._forget()
            return self.history
        except OSError as error:
            raise unreadable("The metrics of the run", self._path, error) from error
        for line, record in found:
            self.history.add(record)
            self._tail, self._last, self._offset = line, record, self._offset + len(line)
        return self.history

    def _restart_if_changed(self, file: BinaryIO) -> None:
        """Go to the first unread line; to the beginning, if what was read is no longer what stands there."""
        stat = os.fstat(file.fileno())
        identity = (stat.st_dev, stat.st_ino)
        file.seek(self._offset - len(self._tail))
        # A replaced file may have the old one's number, so the last line is compared too.
        if identity != self._identity or file.read(len(self._tail)) != self._tail:
            self._identity = identity
            self._forget()
            file.seek(0)


def _lines(file: BinaryIO, path: Path, tail: bytes = b"", last: Record | None = None) -> Iterator[tuple[bytes, Record]]:
    """The complete lines from here on with their records, each checked against the one before it.

    Args:
        file: Open at the first line to read.
        path: Of the file.
        tail: The line before; empty at the beginning.
        last: Its record.
    """
    while (line := file.readline(_LINE_LIMIT)).endswith(b"\n"):
        record = decode(line, tail)
        if not follows(record, last):
            raise RunDamagedError(f"The metrics of the run have a gap or tell something twice ({path.name}).")
        if isinstance(record, BeginRecord):
            refuse_foreign(record.config_sha256, config_sha256(path.parent), "The history of the run", path.name)
        yield line, record
        tail, last = line, record
    if len(line) == _LINE_LIMIT:
        raise RunDamagedError(f"The metrics of the run hold a line longer than {_LINE_LIMIT // 2**10} KiB.")


def read_history(path: Path) -> History:
    """All records of a metrics file; a torn last line is passed over.

    Raises:
        RunDamagedError: As of ``MetricsReader.refresh``.
    """
    return MetricsReader(path).refresh()


def cut_back(path: Path, epoch: int, step: int) -> None:
    """Drop every record of training after a point, and a torn last line.

    Args:
        path: The metrics file; may be missing at the beginning.
        epoch: Completed epochs at that point.
        step: Steps done in the epoch under way.

    Raises:
        RunDamagedError: A line cannot be read, or they end before that point.
        StorageError: The file cannot be written.
    """
    try:
        with open_to_read(path) as file:
            kept = [found for found in _lines(file, path) if position(found[1]) <= (epoch, step)]
    except FileNotFoundError:
        kept = []
    except OSError as error:
        raise unreadable("The metrics of the run", path, error) from error
    reached = position(kept[-1][1]) if kept else (0, 0)
    if reached != (epoch, step):
        raise RunDamagedError(
            f"The metrics of the run end at epoch {reached[0]}, step {reached[1]}, and training is to go on from epoch "
            f"{epoch}, step {step}: lines are missing ({path.name}).",
            "Restore the file from a copy, or start a new run.",
        )
    replace_file(path, b"".join(line for line, _ in kept), durable=True)
