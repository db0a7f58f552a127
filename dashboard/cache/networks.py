"""Trained networks of the runs looked at and the records computed from them.

A session holds them in its state, as a share of one cache of the whole server: two people who look at the same run
hold one copy, and one bound limits the memory. They go with the last browser that used them. This is apart from the
other caches because it loads the analysis, for which the first visitor of Home should not wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import streamlit as st

from cvae_core.analysis.views import Computed, compute
from cvae_core.data import shape_of
from cvae_core.errors import WeightsError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot
from dashboard.cache import run_data
from dashboard.cache.shared import Share, SharedCache
from dashboard.streamlit_patches.sessions import give_back

T = TypeVar("T")
CACHE_BYTES: Final = 512 * 1024 * 1024
TRAINED_MODELS: Final = "trained_models"  # where the session's state has them


def network(key: run_data.RunKey, epoch: int) -> FoldedNetwork:
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


def _load(key: run_data.RunKey, epoch: int) -> FoldedNetwork:
    config = run_data.run_config(key)
    weights = load_snapshot(Run(Path(key[0])).snapshots_folder, epoch)
    try:
        return FoldedNetwork(config.model, shape_of(config), weights)
    except WeightsError as error:
        problem = f"The snapshot of epoch {epoch} does not fit the configuration of its run. {error.problem}"
        raise WeightsError(problem, "Other epochs can still be looked at.") from error
