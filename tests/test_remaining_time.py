"""The estimate of the time left: exact at a constant pace, silent until it is known, and never absurd."""

from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cvae_core.remaining_time import MIN_SECONDS, RemainingTime, duration, time_left

paces = st.floats(0.01, 30.0)
counts = st.integers(20, 400)


def told(times: list[float], shares: list[float]) -> list[float | None]:
    remaining = RemainingTime()
    return [remaining.add(time, share) for time, share in zip(times, shares, strict=True)]


@given(counts, paces, st.floats(0.0, 1e6))
def test_a_constant_pace_gives_the_exact_time(steps: int, seconds: float, begin: float) -> None:
    times = [begin + seconds * step for step in range(1, steps + 1)]
    found = told(times, [step / steps for step in range(1, steps + 1)])
    assert found[-1] == 0.0
    for step, left in enumerate(found, 1):
        assert left is None or left == pytest.approx(seconds * (steps - step), rel=1e-6, abs=1e-6)
    if steps * seconds > 10.0 * max(MIN_SECONDS, 2.0 * seconds):
        assert found[steps // 2] is not None


@given(counts, st.integers(1, 2000), st.integers(0, 10**7))
def test_a_slow_first_step_does_not_shift_it(steps: int, pace: int, slow: int) -> None:
    """In 64ths of a second, which floats add without rounding."""
    shares = [step / steps for step in range(steps + 1)]
    usual, late = ([0.0, *((first + pace * step) / 64 for step in range(1, steps + 1))] for first in (0, slow))
    assert told(late, shares) == told(usual, shares)


def test_compilation_after_the_first_steps_is_forgotten() -> None:
    """As of a training of 3,000 short steps that compiles three programs on the way: 6 s after 3 s of compilation."""
    pauses = {0: 3.0, 9: 1.5, 10: 1.5}
    times = list(accumulate(0.002 + pauses.get(step, 0.0) for step in range(3000)))
    found = told(times, [(step + 1) / 3000 for step in range(3000)])
    first = next(step for step, left in enumerate(found) if left is not None)
    assert times[first] - times[0] >= MIN_SECONDS
    for step in range(first, 3000):
        assert found[step] == pytest.approx(0.002 * (2999 - step), rel=1.0, abs=1e-6)


@given(st.lists(st.tuples(st.floats(0.001, 1e4), st.floats(1e-6, 1.0)), min_size=2, max_size=400))
def test_it_lies_between_what_the_slowest_and_the_fastest_step_would_need(steps: list[tuple[float, float]]) -> None:
    total = sum(share for _, share in steps)
    times = list(accumulate(seconds for seconds, _ in steps))
    shares = [share / total for share in accumulate(share for _, share in steps)]
    assume(all(later > earlier for earlier, later in pairwise(shares)))
    marks = list(zip(times, shares, strict=True))
    pace = [(b - a) / (later - earlier) for (earlier, a), (later, b) in pairwise(marks)]
    for (_, share), left in zip(marks, told(times, shares), strict=True):
        if left is not None and share < 1.0:
            assert (1.0 - share) / max(pace) * 0.999 <= left <= (1.0 - share) / min(pace) * 1.001


@given(st.lists(st.tuples(st.floats(0.0, 1e6), st.floats(0.0, 1.0)), max_size=100))
def test_whatever_comes_it_is_nothing_or_a_finite_time(marks: list[tuple[float, float]]) -> None:
    for left in told([time for time, _ in marks], [share for _, share in marks]):
        assert left is None or 0.0 <= left < float("inf")


@given(st.lists(st.floats(0.8, 1.25), min_size=200, max_size=300))
def test_an_uneven_pace_moves_the_promised_end_little(noise: list[float]) -> None:
    times = list(accumulate(0.1 * factor for factor in noise))
    found = told(times, [step / len(times) for step in range(1, len(times) + 1)])
    ends = [time + left for time, left in zip(times, found, strict=True) if left is not None]
    assert len(ends) > 100
    assert max(ends) <= 1.6 * min(ends)


def test_two_measurements_that_disagree_give_none() -> None:
    times = [0.0, 1.0, 2.0, 3.0, 4.0, 4.1, 4.2, 4.3, 4.4]
    assert told(times, [0.01 * step for step in range(9)]) == [None] * 9


def test_work_that_begins_again_is_measured_again() -> None:
    remaining = RemainingTime()
    for step in range(50):
        remaining.add(0.1 * step, 0.01 * step)
    assert remaining.seconds == pytest.approx(5.1)
    assert remaining.add(6.0, 0.0) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "about 1 s left"), (59.6, "about 1 min 00 s left"), (66_840.0, "about 18 h 34 min left")],
)
def test_it_is_told_in_words(seconds: float | None, words: str) -> None:
    assert time_left(seconds) == words


def test_a_span_of_time_in_words() -> None:
    assert [duration(seconds) for seconds in (0.0, 59.4, 61.0, 7_260.0)] == ["0 s", "59 s", "1 min 01 s", "2 h 01 min"]
