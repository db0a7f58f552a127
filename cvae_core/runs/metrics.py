"""The metrics of a run: one record a line, JSON with a checksum; written line by line, and followed while they grow."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, cast

from pydantic import TypeAdapter, ValidationError

from cvae_core.errors import RunDamagedError, RunTooNewError, storage_errors
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.atomic_io import open_to_append, open_to_read, replace_file, unreadable, write_all
from cvae_core.runs.checksums import is_sealed, parser, refuse_newer, seal, versioned
from cvae_core.text import short_repr

# Up to this many records nothing is left out.
WHOLE_UP_TO: Final = 1024
RECENT: Final = 16
_WHAT: Final = "The metrics of the run"
_LINE_LIMIT: Final = 2**20
_LINES_AT_A_TIME: Final = 1000
_RANGES_TOLD: Final = 4
# Later lines are decoded when they are shown, and their checksums alone are compared while they are counted.
_DECODED_AT_ONCE: Final = 4096
_BEGINNING: Final = re.compile(rb'\{(?:"schema_version": ([0-9]{1,9}), )?"kind": "(\w+)", ')

# Place and loss of a step or an epoch. Of a long history most lines are only counted, so they are not decoded.
_HEAD: Final = re.compile(
    rb'\{"kind": "(?:step", "epoch": (\d+), "step": (\d+), (?:"steps": (\d+), )?"steps_per_epoch": (\d+), '
    rb'"train": \{"loss": ([-+.\deE]+)|epoch", "epoch": (\d+), "train": \{[^}]*\}, "test": \{"loss": ([-+.\deE]+))[,}]'
)

Position = tuple[int, int]


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

    __repr__ = short_repr


Record = BeginRecord | StepRecord | EpochRecord
_KINDS: Final[dict[type, str]] = {BeginRecord: "begin", StepRecord: "step", EpochRecord: "epoch"}
_FORMS: Final[dict[bytes, TypeAdapter[Any]]] = {kind.encode(): parser(record) for record, kind in _KINDS.items()}


def position(record: Record) -> Position:
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
    values = {"kind": _KINDS[type(record)], **asdict(record)}
    if not values.get("extra", True):  # earlier versions read such records
        del values["extra"]
    return seal(versioned(values) if isinstance(record, BeginRecord) else values)


@lru_cache(maxsize=_DECODED_AT_ONCE)  # the lines that are shown of a living run are asked for again and again
def decode(line: bytes) -> Record:
    """The record of one line, whose checksum the caller has compared.

    Raises:
        RunTooNewError: It is of a newer version.
        RunDamagedError: It is no record.
    """
    try:
        found = _BEGINNING.match(line)
        version, kind = found.groups() if found else (None, b"")
        if version is not None:
            refuse_newer({"schema_version": int(version)}, _WHAT)
        record: Record = _FORMS[kind].validate_json(line)
        return record
    except (ValidationError, KeyError):
        raise RunDamagedError(f"{_WHAT} hold a line that cannot be read (metrics.jsonl).") from None


# A whole line: its text, the kind and the position of its record, the loss by which curves are thinned (0 of a
# beginning), and, of a ``StepRecord``, its steps and steps per epoch; else 0.
Line = tuple[bytes, type[Record], Position, float, int, int]


def parse(text: bytes) -> Line:
    """A line whose checksum the caller has compared.

    Raises:
        RunTooNewError, RunDamagedError: As of ``decode``.
    """
    found = _HEAD.match(text)
    if found is None:
        record = decode(text)
        if isinstance(record, StepRecord):
            return text, StepRecord, position(record), record.train.loss, record.steps, record.steps_per_epoch
        value = record.test.loss if isinstance(record, EpochRecord) else 0.0
        return text, type(record), position(record), value, 0, 0
    epoch, step, steps, steps_per_epoch, loss, completed, test_loss = found.groups()
    if completed is None:
        return text, StepRecord, (int(epoch) - 1, int(step)), float(loss), int(steps or 0), int(steps_per_epoch)
    return text, EpochRecord, (int(completed), 0), float(test_loss), 0, 0


Entry = tuple[int, float, Any]  # number among all of its kind, from 0; the loss that decides whether it is kept; record


class Thinned:
    """The first record, the last 16, and of each stretch between them those with the lowest and the highest value.

    Stretches are of equal length, which doubles whenever there are too many, so that memory is bounded and appending
    takes constant time on average. The lowest value of all is always kept. What is kept depends on the records alone
    and not on when anyone looked.

    Attributes:
        count: Records appended so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._first: Entry | None = None
        self._stretches: list[tuple[Entry, Entry]] = []  # the lowest and the highest of each
        self._length = 1
        self._filled = 0
        self._recent: deque[Entry] = deque()

    def append(self, value: float, record: object) -> None:
        """Add the next record, and the loss that decides whether it is kept."""
        recent = self._recent
        recent.append((self.count, value, record))
        self.count += 1
        if len(recent) <= RECENT:
            return
        entry = recent.popleft()
        if self._first is None:
            self._first = entry
            return
        if self._filled == 0:
            self._stretches.append((entry, entry))
        else:
            low, high = self._stretches[-1]
            if entry[1] < low[1]:
                self._stretches[-1] = entry, high
            elif entry[1] > high[1]:
                self._stretches[-1] = low, entry
        self._filled += 1
        if self._filled == self._length:
            self._filled = 0
            if len(self._stretches) == WHOLE_UP_TO:
                self._join()

    def _join(self) -> None:
        """Make one stretch of every two."""
        pairs = zip(self._stretches[::2], self._stretches[1::2], strict=True)
        self._stretches = [(min(one[0], two[0], key=_value), max(one[1], two[1], key=_value)) for one, two in pairs]
        self._length *= 2

    def entries(self) -> list[Entry]:
        """Those that are kept, in order."""
        kept = {entry[0]: entry for stretch in self._stretches for entry in stretch}
        first = [] if self._first is None else [self._first]
        return [*first, *(kept[place] for place in sorted(kept)), *self._recent]

    def records(self) -> list[Any]:
        """The records of ``entries``, of which each is the text of a line."""
        return [decode(text) for _, _, text in self.entries()]


_value = itemgetter(1)


@dataclass
class History:
    """The records of a run so far, by kind, in the order of training; of very many steps or epochs a selection.

    Attributes:
        begins: Every start and resumption.
        steps, epochs: All up to 1,024 records; of more, as ``Thinned`` keeps them: the ends, the best, the extremes.
        epoch_count: Epochs recorded, those that were left out here included.
        missing: Epochs whose record is missing before the newest one, as ranges, both ends included.
        damaged_lines: Lines that were passed over: damaged or out of order.
        gap: The position after which the first lines are missing; ``None`` if none are, as far as the others tell.
        position: Completed epochs that it tells of, and steps beyond them.
        last_epoch: The newest epoch recorded; 0 if none is.
        lines: Whole lines read.
    """

    begins: list[BeginRecord] = field(default_factory=list)
    steps: list[StepRecord] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)
    epoch_count: int = 0
    missing: list[tuple[int, int]] = field(default_factory=list)
    damaged_lines: int = 0
    gap: Position | None = None
    position: Position = (0, 0)
    last_epoch: int = 0
    lines: int = 0

    __repr__ = short_repr

    def has_epochs_until(self, epoch: int) -> bool:
        """Whether every epoch from 1 to this one is recorded."""
        return epoch <= self.last_epoch and all(first > epoch for first, _ in self.missing)

    def losses_missing(self, reached: Position = (0, 0), until: Position | None = None) -> str:
        """What is lost of the numbers of a run, as sentences; empty if nothing is.

        Args:
            reached: Where training certainly got to: completed epochs, and steps beyond them.
            until: What comes later does not matter; ``None`` if all does.
        """
        newest = max(self.position, reached)
        ranges = [*self.missing, (self.last_epoch + 1, newest[0])]
        end = newest if until is None else until
        lost = [(first, min(last, end[0])) for first, last in ranges if first <= min(last, end[0])]
        gap = self.position if self.gap is None else self.gap
        if not lost and gap >= end and (until is not None or not self.damaged_lines):
            return ""
        lines = f"{self.damaged_lines:,} line{'s' if self.damaged_lines > 1 else ''}"
        cause = f"{lines} of metrics.jsonl cannot be read" if self.damaged_lines else "metrics.jsonl lacks lines"
        what = f"The losses of {_epochs_in_words(lost)} are lost" if lost else "Some points of the curve are lost"
        return f"{what}: {cause}. The weights are not affected."


def _epochs_in_words(ranges: list[tuple[int, int]]) -> str:
    told = [str(first) if first == last else f"{first} to {last}" for first, last in ranges[:_RANGES_TOLD]]
    more = sum(last - first + 1 for first, last in ranges[_RANGES_TOLD:])
    words = ", ".join(told) + (f" and {more:,} more" if more else "")
    return f"{'epoch' if words.isdigit() else 'epochs'} {words}"


class MetricsWriter:
    """Appends records; each line is one write, so that a reader never sees half of two lines.

    Raises:
        RunDamagedError: The file ends within a line.
        StorageError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with storage_errors(path):
            _check_end(path)
            self._descriptor = open_to_append(path)

    def append(self, record: Record) -> None:
        """Write one record.

        Raises:
            StorageError: The disk is full or cannot be written; the file is then as it was.
        """
        line = encode(record)
        with storage_errors(self._path):
            start = os.fstat(self._descriptor).st_size
            try:
                write_all(self._descriptor, line)
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


def _check_end(path: Path) -> None:
    try:
        with open_to_read(path) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 1))
            if file.read(1) not in (b"", b"\n"):
                raise RunDamagedError(f"The metrics of the run end with a line that cannot be read ({path.name}).")
    except FileNotFoundError:
        pass


@dataclass
class _Scan:
    """How far the lines of a metrics file were read.

    Attributes:
        damaged: Lines passed over so far: damaged or out of order.
        position: Of the last whole line.
        gap: As in ``History``.
        steps_per_epoch: Of the last whole step.
        lines: Complete lines read.
        offset: Bytes read.
        last: The last complete line.
        is_endless: Whether a line follows that is longer than any that we write.
    """

    damaged: int = 0
    position: Position = (0, 0)
    gap: Position | None = None
    steps_per_epoch: int = 0
    lines: int = 0
    offset: int = 0
    last: bytes = b""
    is_endless: bool = False

    __repr__ = short_repr

    def read(self, file: BinaryIO) -> Iterator[Line]:
        """The lines from here on that are whole and in their place; a torn last one may still be written.

        Raises:
            RunTooNewError: A newer version wrote a line.
        """
        while (text := file.readline(_LINE_LIMIT)).endswith(b"\n"):
            try:
                line = parse(text) if is_sealed(text, self.last) else None
                if self.lines < _DECODED_AT_ONCE and line is not None:
                    decode(text)  # what is no record is passed over
            except RunTooNewError:
                raise
            except RunDamagedError:
                line = None
            self.offset += len(text)
            self.lines += 1
            self.last = text
            if line is None or line[2] < self.position or (line[2] == self.position and line[1] is not BeginRecord):
                self.damaged += 1
                continue
            if self.gap is None and self._start(line) > self.position:
                self.gap = self.position
            self.position = line[2]
            self.steps_per_epoch = line[5] or self.steps_per_epoch
            yield line
        self.is_endless = len(text) == _LINE_LIMIT

    def _start(self, line: Line) -> Position:
        """Up to where the records before this one should reach; if that is not known, as far as they do."""
        _, kind, (epoch, step), _, steps, _ = line
        if kind is StepRecord:
            return (epoch, step - steps) if steps else self.position
        return (epoch - 1, self.steps_per_epoch) if kind is EpochRecord else (epoch, step)


class MetricsReader:
    """Follows a growing metrics file, reading only what is new each time, in bounded memory.

    Attributes:
        history: What was read so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[int, int] | None = None
        self._forget()

    def _forget(self) -> None:
        self._scan = _Scan()
        self._steps, self._epochs = Thinned(), Thinned()
        self.history = History()

    def refresh(self) -> History:
        """Read what was appended since the last time; everything, if the file was cut or replaced.

        Returns:
            All whole lines' records. A torn last line is passed over, since it may still be written.

        Raises:
            RunTooNewError: A newer version wrote a line.
            RunDamagedError: The file cannot be read at all.
        """
        try:
            with open_to_read(self._path) as file:
                self._restart_if_changed(file)
                before = self._scan.lines, self._scan.is_endless
                for text, kind, place, loss, _, _ in self._scan.read(file):
                    if kind is StepRecord:
                        self._steps.append(loss, text)
                    elif kind is EpochRecord:
                        self._epochs.append(loss, text)
                        self._count(place[0])
                    else:
                        self.history.begins.append(cast(BeginRecord, decode(text)))
        except FileNotFoundError:
            self._forget()
            return self.history
        except OSError as error:
            raise unreadable(_WHAT, self._path, error) from error
        if before != (self._scan.lines, self._scan.is_endless):
            self._gather()
        return self.history

    def _restart_if_changed(self, file: BinaryIO) -> None:
        """Go to the first unread line; to the beginning, if what was read is no longer what stands there."""
        stat = os.fstat(file.fileno())
        identity = (stat.st_dev, stat.st_ino)
        last = self._scan.last
        file.seek(self._scan.offset - len(last))
        # A replaced file may have the old one's number, so the last line is compared too.
        if identity != self._identity or file.read(len(last)) != last:
            self._identity = identity
            self._forget()
            file.seek(0)

    def _count(self, epoch: int) -> None:
        before, self.history.last_epoch = self.history.last_epoch, epoch
        if epoch > before + 1:
            self.history.missing.append((before + 1, epoch - 1))

    def _gather(self) -> None:
        """Put a history together of what is kept."""
        self.history = replace(
            self.history,
            steps=self._steps.records(),
            epochs=self._epochs.records(),
            epoch_count=self._epochs.count,
            damaged_lines=self._scan.damaged + self._scan.is_endless,
            gap=self._scan.gap,
            position=self._scan.position,
            lines=len(self.history.begins) + self._steps.count + self._epochs.count,
        )


def whole_lines(path: Path, until: Position | None = None) -> Iterator[bytes]:
    """The lines of a metrics file that are whole and in their place, each with a checksum of its own.

    Args:
        path: The file; none if it is missing.
        until: Completed epochs and steps beyond them, after which lines are left out; ``None`` for all.

    Raises:
        RunTooNewError: A newer version wrote a line.
        RunDamagedError: The file cannot be read at all.
    """
    try:
        with open_to_read(path) as file:
            for text, _, place, *_ in _Scan().read(file):
                if until is None or place <= until:
                    yield text if is_sealed(text) else encode(decode(text))
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(_WHAT, path, error) from error


def read_history(path: Path) -> History:
    """The records of a metrics file.

    Raises:
        RunTooNewError, RunDamagedError: As of ``MetricsReader.refresh``.
    """
    return MetricsReader(path).refresh()


def cut_back(path: Path, epoch: int, step: int) -> None:
    """Drop every record of training after a point, and all lines that cannot be read.

    Args:
        path: The metrics file; may be missing.
        epoch: Completed epochs at that point.
        step: Steps done in the epoch under way.

    Raises:
        RunTooNewError: A newer version wrote a line.
        RunDamagedError: The file cannot be read at all.
        StorageError: The file cannot be written; it is then as it was.
    """
    lines = whole_lines(path, (epoch, step))
    parts = iter(lambda: b"".join(islice(lines, _LINES_AT_A_TIME)), b"")
    replace_file(path, parts, durable=True)
