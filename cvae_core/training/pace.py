"""How many steps to take before looking up, and how long things took."""

from __future__ import annotations

import time
from typing import Final

CHUNK_SECONDS: Final = 0.2
_GROWTH: Final = 4


class Pace:
    """Chooses chunk lengths of about ``CHUNK_SECONDS`` from the speed so far.

    Args:
        limit: Most steps in a chunk.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._steps = 1

    def steps(self, left: int) -> int:
        """How many of ``left`` steps to take next."""
        return min(self._steps, left)

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a chunk; one lucky measurement lengthens the next no more than fourfold."""
        fitting = int(CHUNK_SECONDS * steps / max(seconds, 1e-9))
        self._steps = max(1, min(fitting, _GROWTH * steps, self._limit))


class Stopwatch:
    """Adds up time, pauses left out; it runs from the beginning.

    Args:
        seconds: To begin with.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._since: float | None = time.perf_counter()

    def read(self) -> float:
        """Seconds so far."""
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        return self._seconds + running

    def pause(self) -> None:
        """Stop until ``go_on``."""
        self._seconds, self._since = self.read(), None

    def go_on(self) -> None:
        """Run again."""
        self._since = time.perf_counter()

    def restart(self) -> None:
        """Begin again at 0."""
        self._seconds, self._since = 0.0, time.perf_counter()
