"""The laboratory's own times: an epoch of training, a snapshot, and the decoding of many codes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np

from cvae_core.architecture import Weights
from cvae_core.config.presets import TOY_PRESETS
from cvae_core.config.run import RunConfig
from cvae_core.data import load_dataset
from cvae_core.errors import TrainingError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.models.keras_setup import keras
from cvae_core.records import Dataset, EpochRecord, StepRecord
from cvae_core.runs import lock
from cvae_core.runs.run import create_run
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.runs.status import Status
from cvae_core.training.engine import train, warm_up
from cvae_core.training.events import EpochEvent, Event, StepEvent, TrainingState
from cvae_core.training.session import work
from cvae_core.workers.launcher import claim

DECODED: Final = 2250


class Training:
    """A training that is taken epoch by epoch.

    Args:
        config: All settings; it should have more epochs than will be taken.
        dataset: What to learn from.

    Attributes:
        state: Where it stands.
    """

    def __init__(self, config: RunConfig, dataset: Dataset) -> None:
        self._events: Iterator[Event] = train(config, dataset)
        self.state: TrainingState = next(self._events).state

    def epoch_seconds(self) -> float:
        """Train for one epoch; the time that its steps took, the evaluation on the test set left out, as in ``fit``."""
        began, seconds = time.perf_counter(), 0.0
        for event in self._events:
            self.state = event.state
            if isinstance(event, StepEvent):
                seconds = time.perf_counter() - began
            if isinstance(event, EpochEvent):
                break
        return seconds


def snapshot_seconds(state: TrainingState, folder: Path, epoch: int) -> float:
    """The time to publish a snapshot, from the weights in the engine to a folder that survives a loss of power."""
    began = time.perf_counter()
    publish_snapshot(folder, epoch, state.weights())
    return time.perf_counter() - began


def decoding(config: RunConfig, dataset: Dataset, weights: Weights) -> Callable[[], None]:
    """The decoding of 2,250 codes: ten manifolds of 15 x 15.

    Returns:
        A function that decodes them and throws them away.
    """
    network = FoldedNetwork(config.model, dataset.shape, weights)
    z = np.random.default_rng(0).standard_normal((DECODED, config.model.latent_dim)).astype(np.float32)
    labels = np.arange(DECODED, dtype=np.int64) % dataset.shape.n_classes

    def decode() -> None:
        network.decode(z, labels)

    return decode


FITTED_EPOCHS: Final = 3


def torn_manifold_seconds() -> dict[str, float]:
    """Both presets, the plain autoencoder and the conditional one, from the first epoch to the last.

    Returns:
        "ours": wall-clock seconds of both runs side by side, with all their files, once they are compiled; "ours_cpu":
        processor seconds of the same; "keras_fit": seconds that ``fit`` takes for as many epochs of one after the
        other, from a sample of ``FITTED_EPOCHS`` epochs of each after one that compiles.
    """
    configs = [make() for make in TOY_PRESETS.values()]
    for config in configs:
        warm_up(config, load_dataset(config.data))
    wall, processor = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(configs)) as pool:
        list(pool.map(lambda config: _train(Path(folder), config), configs))
        times = {"ours": time.perf_counter() - wall, "ours_cpu": time.process_time() - processor}
    return times | {"keras_fit": sum(map(_fitting, configs))}


def _train(folder: Path, config: RunConfig) -> None:
    """One run as a worker trains it."""
    run = create_run(folder, config, config.preset)
    descriptor = claim(run)
    try:
        status = work(run, _unobserved, lambda: False)
    finally:
        lock.release(descriptor)
    if status.state != "finished":
        raise TrainingError(status.problem, status.advice)


def _unobserved(_status: Status, _record: StepRecord | EpochRecord | None) -> None:
    """Nobody watches a run that is timed."""


def _fitting(config: RunConfig) -> float:
    """Seconds that ``fit`` would take for all epochs."""
    dataset = load_dataset(config.data)
    points = dataset.train.images.reshape(-1, 2)
    labels = dataset.train.labels[:, None].astype(np.float32)
    inputs = [points, labels] if config.model.conditional else [points]
    model = _deep_ae(config.model.conditional)
    model.fit(inputs, points, batch_size=config.train.batch_size, epochs=1, verbose=0)
    began = time.perf_counter()
    model.fit(inputs, points, batch_size=config.train.batch_size, epochs=FITTED_EPOCHS, verbose=0)
    return (time.perf_counter() - began) * config.train.epochs / FITTED_EPOCHS


def _deep_ae(conditional: bool) -> Any:
    """The tutorial's 2-64-64-1-64-64-2 as its readers write it, with the label as one number if it is conditional."""
    layers = keras.layers
    point, label = keras.Input((2,)), keras.Input((1,))

    def given(x: Any) -> Any:
        return layers.concatenate([x, label]) if conditional else x

    hidden = layers.Dense(64, activation="elu")(layers.Dense(64, activation="elu")(given(point)))
    code = layers.Dense(1, activation="linear")(hidden)
    hidden = layers.Dense(64, activation="elu")(layers.Dense(64, activation="elu")(given(code)))
    model = keras.Model([point, label] if conditional else [point], layers.Dense(2, activation="linear")(hidden))
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
    return model
