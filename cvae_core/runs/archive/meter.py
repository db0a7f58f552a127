"""How much of some work on an archive is done, told to who waits for it, who may want no more."""

from __future__ import annotations

from collections.abc import Callable

from cvae_core.errors import ExportStoppedError

Progress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]


class Meter:
    """Counts bytes as they are done.

    Args:
        total: How many there are, or about so many.
        progress: Told how many are done, and of how many.
        should_stop: Asked each time.
    """

    def __init__(self, total: int, progress: Progress, should_stop: ShouldStop) -> None:
        self._done, self._total = 0, total
        self._progress = progress
        self._should_stop = should_stop

    def count(self, size: int) -> None:
        """Some more bytes are done.

        Raises:
            ExportStoppedError: ``should_stop`` said so.
        """
        if self._should_stop():
            raise ExportStoppedError
        self._done += size
        self._progress(min(self._done, self._total), self._total)
