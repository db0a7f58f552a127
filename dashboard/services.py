"""Every cache: what is expensive to read or compute is read or computed once.

A published snapshot never changes, so what follows from one may be kept for as long as there is room. A run is
identified by its folder and by the moment its configuration was written, so that a new run of an old name is new.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import streamlit as st

from cvae_core.analysis.latent import encode_split, of_label, plane
from cvae_core.analysis.manifold import manifold
from cvae_core.analysis.reconstruction import first_of_each_label, reconstruct
from cvae_core.analysis.records import LatentCodes, LatentPlane, ManifoldGrid, Reconstructions
from cvae_core.config import DataConfig, RunConfig
from cvae_core.data import load_test_data
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.jobs import Launcher
from cvae_core.records import Dataset
from cvae_core.runs.directory import Run, runs_folder
from cvae_core.runs.metrics import History, MetricsReader
from cvae_core.runs.snapshots import load_snapshot

RunKey = tuple[str, int]
_SPARE_DELAY_SECONDS: Final = 3.0
_SCATTER_POINTS: Final = 10_000


def folder() -> Path:
    """The folder of runs."""
    return runs_folder()


def run_key(run: Run) -> RunKey:
    """Identifies a run for the caches."""
    return str(run.path), run.config_file.stat().st_mtime_ns


@st.cache_resource
def launcher() -> Launcher:
    """Starts workers; one for the whole server."""
    return Launcher()


def keep_spare_worker() -> None:
    """Warm a spare worker, after the page that asks for it was drawn."""
    timer = threading.Timer(_SPARE_DELAY_SECONDS, launcher().keep_spare)
    timer.daemon = True
    timer.start()


@st.cache_resource(max_entries=2, show_spinner=False)
def test_data(config: DataConfig) -> Dataset:
    """The test part of a data set."""
    return load_test_data(config)


@st.cache_resource(max_entries=64, show_spinner=False)
def _followed_metrics(key: RunKey) -> tuple[MetricsReader, threading.Lock]:
    return MetricsReader(Run(Path(key[0])).metrics_file), threading.Lock()


def history(run: Run) -> History:
    """All records of a run so far; only what is new is read from disk."""
    reader, guard = _followed_metrics(run_key(run))
    with guard:
        return reader.refresh()


@st.cache_resource(max_entries=128, show_spinner=False)
def run_config(key: RunKey) -> RunConfig:
    """The configuration of a run."""
    return Run(Path(key[0])).config()


@st.cache_resource(max_entries=32, show_spinner=False)
def network(key: RunKey, epoch: int) -> FoldedNetwork:
    """The network as it was after an epoch."""
    run = Run(Path(key[0]))
    config = run_config(key)
    return FoldedNetwork(config.model, test_data(config.data).shape, load_snapshot(run.snapshots_folder, epoch))


@st.cache_resource(max_entries=256, show_spinner=False)
def reconstructions(key: RunKey, epoch: int) -> Reconstructions:
    """The first test image of each label beside its reconstruction."""
    data = test_data(run_config(key).data)
    return reconstruct(network(key, epoch), data.test, first_of_each_label(data.test.labels))


@st.cache_resource(max_entries=256, show_spinner=False)
def manifold_grid(key: RunKey, epoch: int, label: int) -> ManifoldGrid:
    """The manifold of a label."""
    return manifold(network(key, epoch), label)


@st.cache_resource(max_entries=16, show_spinner=False)
def latent_codes(key: RunKey, epoch: int) -> LatentCodes:
    """The codes of the test images."""
    data = test_data(run_config(key).data)
    return encode_split(network(key, epoch), data.test, _SCATTER_POINTS)


def latent_plane(key: RunKey, epoch: int, label: int | None) -> LatentPlane:
    """The codes of one label, or of all, in the plane of the first two dimensions."""
    codes = latent_codes(key, epoch)
    n_classes = test_data(run_config(key).data).shape.n_classes
    return plane(codes if label is None else of_label(codes, label), n_classes)
