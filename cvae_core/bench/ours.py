"""The laboratory's own times: an epoch of training, a snapshot, and the decoding of many codes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from cvae_core.architecture import Weights
from cvae_core.config import RunConfig
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.records import Dataset
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.training.engine import train
from cvae_core.training.events import EpochEvent, Event, StepEvent, TrainingState

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
