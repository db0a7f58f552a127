"""A cache that holds so many bytes and no more: what was used least recently goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")
Pool = WeakValueDictionary[Hashable, object]


class BoundedCache:
    """Keeps what is expensive to compute.

    Args:
        limit_bytes: How much it holds. What is larger than that by itself is handed out and not kept.
        pool: What other caches hold, so that two of them which need the same thing share one.
    """

    def __init__(self, limit_bytes: int, pool: Pool) -> None:
        self._limit = limit_bytes
        self._pool = pool
        self._kept: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._bytes = 0
        self._guard = threading.RLock()

    def get(self, key: Hashable, compute: Callable[[], T], size_of: Callable[[T], int]) -> T:
        """What is kept under a key, else what ``compute`` gives.

        Args:
            key: Determines the value.
            compute: Gives it; what it raises is passed on and nothing is kept.
            size_of: Bytes of a value.
        """
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]  # type: ignore[return-value]
            shared = self._pool.get(key)
            value: T = compute() if shared is None else shared  # type: ignore[assignment]
            self._pool[key] = value
            self._keep(key, value, size_of(value))
            return value

    def __contains__(self, key: Hashable) -> bool:
        """Whether something is kept under a key, here or by another cache of the pool: ``get`` need not compute it."""
        return key in self._kept or key in self._pool

    @property
    def bytes(self) -> int:
        """How much is held now."""
        return self._bytes

    def _keep(self, key: Hashable, value: object, size: int) -> None:
        if size > self._limit:
            return
        self._kept[key] = (value, size)
        self._bytes += size
        while self._bytes > self._limit:
            _, (_, released) = self._kept.popitem(last=False)
            self._bytes -= released
