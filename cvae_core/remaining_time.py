"""The time left of any work, estimated from its progress: every "time left" of the product comes from here."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

MIN_SECONDS: Final = 2.0
MIN_STEPS: Final = 2
AGREEMENT: Final = 1.5
_MOST_MARKS: Final = 256


class RemainingTime:
    """Estimates the time left; gives none until the pace is known.

    The time until the first progress is never counted, since loading and compilation fall into it. The pace is that of
    the later half of the time measured, so whatever was slow at the beginning is soon forgotten. The first estimate
    waits for ``MIN_SECONDS`` and until both parts of that half, with ``MIN_STEPS`` steps or more in each, agree on the
    pace within a factor of ``AGREEMENT``.

    Attributes:
        seconds: The estimate after the newest mark, at least 0; ``None`` as long as there is none.
    """

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._times: list[float] = []
        self._shares: list[float] = []
        self._stable = False

    def add(self, time: float, share: float) -> float | None:
        """Take note of progress. Progress or time that goes back begins a new measurement.

        Args:
            time: Seconds on a clock that stands still while the work pauses.
            share: How much of the work is done, 0 to 1.

        Returns:
            The new estimate.
        """
        if self._times and (time < self._times[-1] or share < self._shares[-1]):
            self._times, self._shares, self._stable, self.seconds = [], [], False, None
        if share <= 0.0:
            return None
        if not self._times or (time > self._times[-1] and share > self._shares[-1]):
            self._times.append(time)
            self._shares.append(share)
        if len(self._times) > _MOST_MARKS:  # every second one, and the newest
            self._times, self._shares = self._times[-1::-2][::-1], self._shares[-1::-2][::-1]
        self.seconds = 0.0 if share >= 1.0 else self._estimate()
        return self.seconds

    def _estimate(self) -> float | None:
        first, last = self._times[0], self._times[-1]
        if last - first < MIN_SECONDS:
            return None
        end = len(self._times) - 1
        begin = self._mark_at((first + last) / 2)
        if not self._stable and not self._agree(begin, self._mark_at((self._times[begin] + last) / 2), end):
            return None
        self._stable = True
        return (1.0 - self._shares[end]) / self._pace(begin, end)

    def _agree(self, begin: int, middle: int, end: int) -> bool:
        if min(middle - begin, end - middle) < MIN_STEPS:
            return False
        slow, fast = sorted((self._pace(begin, middle), self._pace(middle, end)))
        return fast <= AGREEMENT * slow

    def _pace(self, begin: int, end: int) -> float:
        """Share of the work per second from one mark to a later one."""
        return (self._shares[end] - self._shares[begin]) / (self._times[end] - self._times[begin])

    def _mark_at(self, time: float) -> int:
        """The last mark that is not later, but for the newest."""
        return min(bisect_right(self._times, time), len(self._times) - 1) - 1


def duration(seconds: float) -> str:
    """A time span in a few words."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def time_left(seconds: float | None) -> str:
    """An estimate as people read it beside a progress bar; empty where there is none."""
    return "" if seconds is None else f"about {duration(max(1.0, seconds))} left"
