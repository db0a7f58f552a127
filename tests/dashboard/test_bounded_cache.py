"""What is used stays, what is over the bound goes, and two caches share what both need."""

from __future__ import annotations

import gc
from collections.abc import Callable
from weakref import WeakValueDictionary

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.bounded_cache import BoundedCache


class Thing:
    """Something of a size that can be referred to weakly."""

    def __init__(self, size: int) -> None:
        self.size = size


def maker(made: list[int], size: int) -> Callable[[], Thing]:
    def make() -> Thing:
        made.append(size)
        return Thing(size)

    return make


def take(cache: BoundedCache, key: int, made: list[int], size: int) -> Thing:
    return cache.get(key, maker(made, size), lambda thing: thing.size)


def test_what_is_kept_is_made_once() -> None:
    cache, made = BoundedCache(10, WeakValueDictionary()), []
    assert take(cache, 1, made, 4) is take(cache, 1, made, 4)
    assert made == [4]


def test_the_least_recently_used_goes_first() -> None:
    cache, made = BoundedCache(10, WeakValueDictionary()), []
    for key in (1, 2, 1, 3):
        take(cache, key, made, 4)
    gc.collect()
    take(cache, 1, made, 4)
    assert len(made) == 3
    take(cache, 2, made, 4)
    assert len(made) == 4


def test_caches_share_what_one_of_them_holds_and_let_it_go_together() -> None:
    pool = WeakValueDictionary()
    one, two, made = BoundedCache(10, pool), BoundedCache(10, pool), []
    assert take(one, 1, made, 4) is take(two, 1, made, 4)
    assert len(made) == 1
    other = take(one, 2, made, 4)
    assert 2 in one
    assert 2 in two
    assert 3 not in two
    del other, one, two
    gc.collect()
    assert len(pool) == 0


def test_a_failure_is_passed_on_and_not_kept() -> None:
    cache, made = BoundedCache(10, WeakValueDictionary()), []

    def fail() -> Thing:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.get(1, fail, lambda thing: thing.size)
    take(cache, 1, made, 4)
    assert made == [4]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=40), st.integers(0, 40))
def test_it_never_holds_more_than_its_bound(uses: list[tuple[int, int]], limit: int) -> None:
    cache, sizes = BoundedCache(limit, WeakValueDictionary()), {}
    for key, size in uses:
        take(cache, key, [], sizes.setdefault(key, size))
        assert 0 <= cache.bytes <= limit
