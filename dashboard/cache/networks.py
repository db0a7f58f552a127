"""A cache of the whole server, in which each session has a share.

It holds so many bytes and no more: what was used least recently goes first. What a session was the last to need goes
when that session ends. What two sessions want at once is computed once, while others compute what they want.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numpy as np
import streamlit as st

from cvae_core.analysis.network import Network
from cvae_core.analysis.trained_run import load_network
from cvae_core.analysis.views import Computed, compute
from cvae_core.errors import WeightsError
from cvae_core.runs.run import Run
from dashboard.cache import run_data
from dashboard.streamlit_patches.sessions import give_back

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


CACHE_BYTES: Final = 512 * 1024 * 1024
TRAINED_MODELS: Final = "trained_models"  # where the session's state has them


def network(key: run_data.RunKey, epoch: int) -> Network:
    """The network as it was after an epoch.

    Raises:
        RunError: The snapshot is missing or damaged.
        WeightsError: Its weights are not those of the run's configuration.
    """
    return _cache().get(("network", key, epoch), lambda: _load(key, epoch), bytes_of)


def record(key: run_data.RunKey, epoch: int, view: Computed[T]) -> T:
    """What a view shows at an epoch.

    Raises:
        RunError: The snapshot is missing or damaged.
        WeightsError: Its weights are not those of the run's configuration.
        ConfigError: The network or the data lack what the view names.
        DataError: The view shows training images, which are not on this machine.
    """
    return RecordsAt(key, epoch)(view)


@dataclass(frozen=True)
class RecordsAt:
    """The records of a run: those of an epoch unless another is named.

    Attributes:
        key: The run.
        epoch: The epoch.
    """

    key: run_data.RunKey
    epoch: int

    def __call__(self, view: Computed[T], epoch: int | None = None) -> T:
        """As ``record``."""
        at = self if epoch is None else RecordsAt(self.key, epoch)
        return _cache().get((at, view), lambda: at._computed(view), bytes_of)

    def _computed(self, view: Computed[T]) -> T:
        data = run_data.data_for(run_data.run_config(self.key).data, view.training_images)
        return compute(network(self.key, self.epoch), data, view, self)


def is_at_hand(key: run_data.RunKey, epoch: int) -> bool:
    """Whether the network of an epoch need not be read from disk."""
    return ("network", key, epoch) in _cache()


def bytes_of(value: object) -> int:
    """What the arrays of a record or a network take in memory."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, tuple | list):
        return sum(map(bytes_of, value))
    if isinstance(value, dict):
        return sum(map(bytes_of, value.values()))
    return sum(map(bytes_of, vars(value).values())) if hasattr(value, "__dict__") else 0


@st.cache_resource(show_spinner=False)
def _of_all() -> SharedCache:
    return SharedCache(CACHE_BYTES)


def _let_go(share: Share) -> None:
    share.close()
    give_back()


@st.cache_resource(scope="session", on_release=_let_go, show_spinner=False)
def _opened_share() -> Share:
    """A share which Streamlit closes when the browser has gone; another one if it comes back."""
    return _of_all().open_share()


def _cache() -> Share:
    """What this session keeps in its state."""
    share: Share | None = st.session_state.get(TRAINED_MODELS)
    if share is None or not share.is_open:
        share = st.session_state[TRAINED_MODELS] = _opened_share()
    return share


def _load(key: run_data.RunKey, epoch: int) -> Network:
    try:
        return load_network(Run(Path(key[0])), run_data.run_config(key), epoch)
    except WeightsError as error:
        problem = f"The snapshot of epoch {epoch} does not fit the configuration of its run. {error.problem}"
        raise WeightsError(problem, "Other epochs can still be looked at.") from error
