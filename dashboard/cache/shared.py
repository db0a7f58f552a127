"""A cache of the whole server, in which each session has a share.

It holds so many bytes and no more: what was used least recently goes first. What a session was the last to need goes
when that session ends. What two sessions want at once is computed once, while others compute what they want.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Entry:
    """Something that is kept, or is being computed."""

    def __init__(self) -> None:
        self.value: object = None
        self.size = 0
        self.ready = False
        self.shares: set[Share] = set()
        self.guard = threading.Lock()


class SharedCache:
    """Keeps what is expensive to compute.

    Args:
        limit_bytes: How much it holds. What is larger than that by itself is handed out and not kept.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._bytes = 0
        self._guard = threading.Lock()

    @property
    def bytes(self) -> int:
        """How much is held now."""
        return self._bytes

    def open_share(self) -> Share:
        """A share for another session."""
        return Share(self)

    def get(self, share: Share, key: Hashable, compute: Callable[[], T], size_of: Callable[[T], int]) -> T:
        """As ``Share.get``."""
        with self._guard:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            if share.is_open:
                entry.shares.add(share)
        with entry.guard:
            if not entry.ready:
                try:
                    value = compute()
                except BaseException:
                    self._forget(key, entry)
                    raise
                self._keep(key, entry, value, size_of(value))
            return cast("T", entry.value)

    def holds(self, key: Hashable) -> bool:
        """Whether something is kept under a key."""
        entry = self._entries.get(key)
        return entry is not None and entry.ready

    def close(self, share: Share) -> None:
        """Let go what nobody else has used."""
        with self._guard:
            for key, entry in list(self._entries.items()):
                entry.shares.discard(share)
                if entry.ready and not entry.shares:
                    self._drop(key)

    def _keep(self, key: Hashable, entry: _Entry, value: Any, size: int) -> None:
        entry.value, entry.size, entry.ready = value, size, True
        with self._guard:
            if self._entries.get(key) is not entry:
                return  # let go while it was computed
            self._bytes += size
            if not entry.shares or size > self._limit:
                self._drop(key)
            while self._bytes > self._limit:
                self._drop(next(key for key, other in self._entries.items() if other.ready))

    def _forget(self, key: Hashable, entry: _Entry) -> None:
        with self._guard:
            if self._entries.get(key) is entry:
                del self._entries[key]

    def _drop(self, key: Hashable) -> None:
        self._bytes -= self._entries.pop(key).size


class Share:
    """What one session uses of a cache.

    Args:
        cache: Of all sessions.
    """

    def __init__(self, cache: SharedCache) -> None:
        self._cache = cache
        self.is_open = True

    def get(self, key: Hashable, compute: Callable[[], T], size_of: Callable[[T], int]) -> T:
        """What is kept under a key, else what ``compute`` gives.

        Args:
            key: Determines the value.
            compute: Gives it; may ask for other keys. What it raises is passed on and nothing is kept.
            size_of: Bytes of a value.
        """
        return self._cache.get(self, key, compute, size_of)

    def __contains__(self, key: Hashable) -> bool:
        """Whether something is kept under a key, whoever asked for it: ``get`` need not compute it."""
        return self._cache.holds(key)

    def close(self) -> None:
        """The session has ended; what it asks for from now on is not kept for it."""
        self.is_open = False
        self._cache.close(self)
