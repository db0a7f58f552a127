"""What is used stays, what is over the bound goes, sessions share what they need and let it go when they end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.cache.networks import Share, SharedCache


def maker(made: list[int], size: int) -> Callable[[], list[int]]:
    def make() -> list[int]:
        made.append(size)
        return [size]

    return make


def take(share: Share, key: int, made: list[int], size: int) -> list[int]:
    return share.get(key, maker(made, size), lambda thing: thing[0])


def test_what_is_kept_is_made_once() -> None:
    share, made = SharedCache(10).open_share(), []
    assert take(share, 1, made, 4) is take(share, 1, made, 4)
    assert made == [4]
    assert 1 in share
    assert 2 not in share


def test_the_least_recently_used_goes_first() -> None:
    share, made = SharedCache(10).open_share(), []
    for key in (1, 2, 1, 3):
        take(share, key, made, 4)
    take(share, 1, made, 4)
    assert len(made) == 3
    take(share, 2, made, 4)
    assert len(made) == 4


def test_sessions_share_and_the_last_one_turns_off_the_light() -> None:
    cache, made = SharedCache(100), []
    one, two = cache.open_share(), cache.open_share()
    assert take(one, 1, made, 4) is take(two, 1, made, 4)
    take(one, 2, made, 5)
    take(two, 3, made, 6)
    assert (made, cache.bytes) == ([4, 5, 6], 15)
    one.close()
    assert cache.bytes == 10
    assert 1 in two
    assert 2 not in two
    two.close()
    assert cache.bytes == 0


def test_a_session_that_has_ended_is_served_and_holds_nothing() -> None:
    cache = SharedCache(100)
    share = cache.open_share()
    share.close()
    assert take(share, 1, [], 4) == [4]
    assert cache.bytes == 0


def test_a_failure_is_passed_on_and_not_kept() -> None:
    cache = SharedCache(10)
    share, made = cache.open_share(), []

    def fail() -> list[int]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        share.get(1, fail, len)
    assert 1 not in share
    take(share, 1, made, 4)
    assert made == [4]


def test_one_value_may_need_another() -> None:
    cache = SharedCache(10)
    share = cache.open_share()
    assert share.get("sum", lambda: [take(share, 1, [], 4)[0] + 1], lambda thing: thing[0]) == [5]
    assert cache.bytes == 9


def test_two_that_want_the_same_at_once_wait_for_one_and_others_do_not() -> None:
    cache, made, go = SharedCache(100), [], threading.Event()
    shares = [cache.open_share() for _ in range(3)]

    def slowly() -> list[int]:
        assert go.wait(10)
        return maker(made, 4)()

    with ThreadPoolExecutor(3) as pool:
        same = [pool.submit(share.get, 1, slowly, len) for share in shares[:2]]
        assert pool.submit(take, shares[2], 2, [], 5).result(10) == [5]
        go.set()
        assert same[0].result(10) is same[1].result(10)
    assert made == [4]


def test_a_session_that_ends_while_something_is_computed_for_it_leaves_nothing() -> None:
    cache = SharedCache(100)
    share = cache.open_share()

    def end_meanwhile() -> list[int]:
        share.close()
        return [4]

    assert share.get(1, end_meanwhile, len) == [4]
    assert cache.bytes == 0


Uses = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 30), st.booleans()), max_size=40)


@given(Uses, st.integers(0, 40))
def test_it_never_holds_more_than_its_bound_and_nothing_for_nobody(
    uses: list[tuple[int, int, int, bool]], limit: int
) -> None:
    cache, sizes = SharedCache(limit), {}
    shares = {number: cache.open_share() for number in range(3)}
    for number, key, size, ends in uses:
        assert take(shares[number], key, [], sizes.setdefault(key, size)) == [sizes[key]]
        assert 0 <= cache.bytes <= limit
        assert cache.bytes == sum(sizes[key] for key in sizes if key in shares[0])
        if ends:
            shares[number].close()
            shares[number] = cache.open_share()
    for share in shares.values():
        share.close()
    assert cache.bytes == 0
    assert not any(key in shares[0] for key in sizes)


def test_many_threads_at_once_keep_the_count() -> None:
    cache = SharedCache(50)

    def visit(number: int) -> None:
        share = cache.open_share()
        for turn in range(200):
            key = (number * 7 + turn * 3) % 11
            assert take(share, key, [], key) == [key]
        share.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(16)))
    assert cache.bytes == 0
