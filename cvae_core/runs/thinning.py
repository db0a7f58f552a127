"""A bounded number of records out of any number: enough for a curve, with its ends and its extremes."""

from __future__ import annotations

from collections import deque
from operator import attrgetter
from typing import Final

# Up to this many records nothing is left out.
WHOLE_UP_TO: Final = 1024
RECENT: Final = 16


class Entry:
    """One record, parsed or as the line that holds it.

    Attributes:
        place: Its number among all of its kind, from 0.
        value: What decides whether it is kept: its loss.
        line: The line.
        record: What it says; ``None`` until it is parsed.
    """

    __slots__ = ("line", "place", "record", "value")

    def __init__(self, place: int, value: float, line: bytes, record: object = None) -> None:
        self.place = place
        self.value = value
        self.line = line
        self.record = record


class Thinned:
    """The first record, the last 16, and of each stretch between them those with the lowest and the highest value.

    Stretches are of equal length, which doubles whenever there are too many, so that memory is bounded and appending
    takes constant time on average. The lowest value of all is always kept. What is kept depends on the records alone
    and not on when anyone looked.

    Attributes:
        count: Records appended so far.
        is_whole: Whether nothing was left out so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self.is_whole = True
        self._first: Entry | None = None
        self._stretches: list[tuple[Entry, Entry]] = []  # the lowest and the highest of each
        self._length = 1
        self._filled = 0
        self._recent: deque[Entry] = deque()

    def append(self, value: float, line: bytes, record: object = None) -> None:
        """Add the next record, as in ``Entry``."""
        self._recent.append(Entry(self.count, value, line, record))
        self.count += 1
        if len(self._recent) <= RECENT:
            return
        entry = self._recent.popleft()
        if self._first is None:
            self._first = entry
        else:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        if self._filled == 0:
            self._stretches.append((entry, entry))
        else:
            low, high = self._stretches[-1]
            if entry.value < low.value:
                self._stretches[-1] = entry, high
            elif entry.value > high.value:
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
        self.is_whole = False

    def entries(self) -> list[Entry]:
        """Those that are kept, in order."""
        kept = {entry.place: entry for stretch in self._stretches for entry in stretch}
        first = [] if self._first is None else [self._first]
        return [*first, *(kept[place] for place in sorted(kept)), *self._recent]


_value = attrgetter("value")
