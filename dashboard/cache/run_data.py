"""Every cache but those of pictures: what is expensive to read is read once.

A run is identified by its folder, its configuration and the moment it was made, so that a new run of an old name is
new, and one whose files were only touched is not.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from cvae_core.config.run import DataSettings, RunConfig
from cvae_core.data import load_dataset, load_test_data
from cvae_core.records import Dataset, Split
from cvae_core.runs.checksums import config_sha256
from cvae_core.runs.metrics import History, MetricsReader
from cvae_core.runs.run import Run, created_at, runs_folder
from cvae_core.runs.summary import disk_use, followed_history

RunKey = tuple[str, str]


def folder() -> Path:
    """The folder of runs."""
    return runs_folder()


def run_key(run: Run) -> RunKey:
    """Identifies a run for the caches."""
    return str(run.path), f"{config_sha256(run.path)} {created_at(run)}"


@st.cache_resource(max_entries=256, show_spinner=False)
def _bytes_as_of(path: str, moments: tuple[int, ...]) -> int:
    return disk_use(Path(path)) if moments else 0


def run_bytes(run: Run) -> int:
    """What a run takes on the disk; counted anew only when something of it was added, replaced or removed."""
    places = (run.path, run.snapshots_folder, run.checkpoints_folder)
    return _bytes_as_of(str(run.path), tuple(map(_changed, places)))


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(max_entries=2, show_spinner=False)
def test_data(config: DataSettings) -> Dataset:
    """The test part of a data set."""
    return load_test_data(config)


@st.cache_resource(max_entries=64, show_spinner=False)
def first_training_images(config: DataSettings, label: int, count: int) -> Split:
    """The first training images of a label, as many as there are up to so many."""
    train = load_dataset(config).train
    chosen = np.flatnonzero(train.labels == label)[:count]
    return Split(train.images[chosen].copy(), train.labels[chosen])


def data_for(config: DataSettings, training_images: Sequence[tuple[int, int]]) -> Dataset:
    """The test part of a data set, and of its training part the first images of some labels.

    Args:
        config: Of the data.
        training_images: Label and number of those images.
    """
    data = test_data(config)
    if not training_images:
        return data
    parts = [first_training_images(config, label, count) for label, count in training_images]
    images, labels = (np.concatenate(arrays) for arrays in zip(*((of.images, of.labels) for of in parts), strict=True))
    return replace(data, train=Split(images, labels))


@st.cache_resource(max_entries=64, show_spinner=False)
def _followed_metrics(key: RunKey) -> tuple[MetricsReader, threading.Lock]:
    return MetricsReader(Run(Path(key[0])).metrics_file), threading.Lock()


def history(run: Run) -> tuple[History, str]:
    """The records of a run so far, and what is lost of them as a sentence; only what is new is read from disk.

    Raises:
        RunDamagedError: The metrics of the run cannot be read at all.
    """
    reader, guard = _followed_metrics(run_key(run))
    with guard:
        return followed_history(run, reader)


@st.cache_resource(max_entries=128, show_spinner=False)
def run_config(key: RunKey) -> RunConfig:
    """The configuration of a run."""
    return Run(Path(key[0])).config()
