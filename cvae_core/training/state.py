"""The state of a training, the events that it yields, and checkpoints of the state."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np
import tensorflow as tf

from cvae_core.architecture import Architecture, Weights
from cvae_core.errors import RunDamagedError
from cvae_core.models.network import Layout, pack, unpack
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.snapshots import Checkpoint
from cvae_core.text import short_repr
from cvae_core.training.randomness import initial_weights
from cvae_core.training.schedules import Plateau
from cvae_core.training.step import Vectors

_WEIGHT: Final = "weights/"
_MOMENTS: Final = ("first_moment", "second_moment")


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        epoch: Completed epochs.
        step: Steps done in the current epoch.
        sums: Of the losses over the images of the epoch so far: loss, reconstruction, KL of each dimension.
        images: Images of the epoch so far.
        seconds: Spent on the epoch so far.
        plateau: State of the learning-rate schedule.
    """

    epoch: int = 0
    step: int = 0
    sums: tuple[float, ...] = ()
    images: int = 0
    seconds: float = 0.0
    plateau: Plateau = field(default_factory=Plateau)

    __repr__ = short_repr


@dataclass(frozen=True)
class EngineState:
    """The state of a training; it stays valid while the training continues, as TensorFlow's tensors never change."""

    architecture: Architecture
    vectors: Vectors
    progress: Progress

    __repr__ = short_repr

    def weights(self) -> Weights:
        """The weights of the network with its moving statistics: name -> float32 array."""
        return unpack(self.architecture, self.vectors.parameters.numpy(), self.vectors.moving.numpy())

    def checkpoint(self) -> Checkpoint:
        """Everything that is needed to resume with the same result, bit for bit."""
        arrays = {_WEIGHT + name: array for name, array in self.weights().items()}
        arrays["first_moment"] = self.vectors.first_moment.numpy()
        arrays["second_moment"] = self.vectors.second_moment.numpy()
        facts = asdict(self.progress)
        del facts["epoch"], facts["step"]
        return Checkpoint(self.progress.epoch, self.progress.step, arrays, facts)


def starting_state(architecture: Architecture, seed: int, start: Checkpoint | None) -> EngineState:
    """The state of a checkpoint, or of the untrained network if ``start`` is ``None``.

    Raises:
        WeightsError: The checkpoint belongs to another network.
        RunDamagedError: The checkpoint is not valid.
    """
    if start is not None:
        return EngineState(architecture, _vectors(architecture, start.arrays), _progress(architecture, start))
    arrays = {_WEIGHT + name: array for name, array in initial_weights(architecture, seed).items()}
    arrays |= dict.fromkeys(_MOMENTS, np.zeros(Layout.of(architecture).parameter_count, np.float32))
    return EngineState(architecture, _vectors(architecture, arrays), Progress())


def _vectors(architecture: Architecture, arrays: Weights) -> Vectors:
    weights = {name.removeprefix(_WEIGHT): array for name, array in arrays.items() if name.startswith(_WEIGHT)}
    parameters, moving = pack(architecture, weights)
    for name in _MOMENTS:
        if name not in arrays or arrays[name].shape != parameters.shape or arrays[name].dtype != np.float32:
            raise RunDamagedError(f"A checkpoint has no valid {name}.")
    return Vectors(*map(tf.constant, (parameters, *(arrays[name] for name in _MOMENTS), moving)))


def _progress(architecture: Architecture, start: Checkpoint) -> Progress:
    try:
        plateau = Plateau(**start.facts["plateau"])
        sums = tuple(float(value) for value in start.facts["sums"])
        images, seconds = int(start.facts["images"]), float(start.facts["seconds"])
        if len(sums) not in (0, 2 + architecture.kl_terms):
            raise ValueError("wrong number of sums")
    except (KeyError, TypeError, ValueError):
        raise RunDamagedError("A checkpoint has an unknown format.") from None
    return Progress(start.epoch, start.step, sums, images, seconds, plateau)


@dataclass(frozen=True)
class StepEvent:
    """Some training steps are done, on this number of images."""

    record: StepRecord
    images: int
    state: EngineState = field(repr=False)

    __repr__ = short_repr


@dataclass(frozen=True)
class EpochEvent:
    """An epoch is complete and measured on the test set."""

    record: EpochRecord
    state: EngineState = field(repr=False)

    __repr__ = short_repr


@dataclass(frozen=True)
class SnapshotEvent:
    """The weights after ``epoch`` completed epochs belong to the snapshot schedule."""

    epoch: int
    state: EngineState = field(repr=False)

    __repr__ = short_repr


Event = StepEvent | EpochEvent | SnapshotEvent
