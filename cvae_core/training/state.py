"""Where a training stands, and its trip into a checkpoint and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np
import tensorflow as tf

from cvae_core.architecture import Architecture, Weights
from cvae_core.errors import RunDamagedError
from cvae_core.models.network import Layout, pack, unpack
from cvae_core.records import Floats
from cvae_core.runs.snapshots import Checkpoint
from cvae_core.text import short_repr
from cvae_core.training.randomness import initial_weights
from cvae_core.training.schedules import Plateau
from cvae_core.training.step import Vectors

_WEIGHT: Final = "weights/"
_MOMENTS: Final = ("first_moment", "second_moment")


@dataclass(frozen=True)
class Progress:
    """What is known beside the vectors.

    Attributes:
        epoch: Completed epochs.
        step: Steps done in the epoch under way.
        sums: Of the losses over the images of the epoch so far: loss, reconstruction, KL of each dimension.
        images: Images of the epoch so far.
        seconds: Spent on the epoch so far.
        plateau: Memory of the learning-rate schedule.
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
    """A point in a training. TensorFlow's tensors never change, so holding one costs memory and nothing else.

    Attributes:
        architecture: The network.
        vectors: Weights and moments.
        progress: Everything else.
    """

    architecture: Architecture
    vectors: Vectors
    progress: Progress

    __repr__ = short_repr

    def weights(self) -> Weights:
        """The weights of the network, moving statistics included; name -> float32 array."""
        return unpack(self.architecture, self.vectors.parameters.numpy(), self.vectors.moving.numpy())

    def checkpoint(self) -> Checkpoint:
        """All that is needed to go on from here, bit for bit."""
        arrays = {_WEIGHT + name: array for name, array in self.weights().items()}
        arrays["first_moment"] = self.vectors.first_moment.numpy()
        arrays["second_moment"] = self.vectors.second_moment.numpy()
        facts = asdict(self.progress)
        del facts["epoch"], facts["step"]
        return Checkpoint(self.progress.epoch, self.progress.step, arrays, facts)


def starting_state(architecture: Architecture, seed: int, start: Checkpoint | None) -> EngineState:
    """The state that a training begins with.

    Args:
        architecture: The network.
        seed: Of the training.
        start: Where to go on; ``None`` for the untrained network.

    Raises:
        WeightsError: The checkpoint's weights are those of another network.
        RunDamagedError: The checkpoint is of another form.
    """
    if start is not None:
        return EngineState(architecture, _vectors(architecture, start.arrays), _progress(architecture, start))
    count = Layout.of(architecture).parameter_count
    zeros = np.zeros(count, np.float32)
    arrays = {_WEIGHT + name: array for name, array in initial_weights(architecture, seed).items()}
    arrays |= dict.fromkeys(_MOMENTS, zeros)
    return EngineState(architecture, _vectors(architecture, arrays), Progress())


def _vectors(architecture: Architecture, arrays: Weights) -> Vectors:
    weights = {name.removeprefix(_WEIGHT): array for name, array in arrays.items() if name.startswith(_WEIGHT)}
    parameters, moving = pack(architecture, weights)
    first, second = (_moment(arrays, name, parameters) for name in _MOMENTS)
    return Vectors(*map(tf.constant, (parameters, first, second, moving)))


def _moment(arrays: Weights, name: str, parameters: Floats) -> Floats:
    if name not in arrays or arrays[name].shape != parameters.shape or arrays[name].dtype != np.float32:
        raise RunDamagedError(f"A checkpoint has no valid {name}.")
    return arrays[name]


def _progress(architecture: Architecture, start: Checkpoint) -> Progress:
    try:
        plateau = Plateau(**start.facts["plateau"])
        sums = tuple(float(value) for value in start.facts["sums"])
        images, seconds = int(start.facts["images"]), float(start.facts["seconds"])
    except (KeyError, TypeError, ValueError):
        raise RunDamagedError("A checkpoint is of an unknown form.") from None
    if len(sums) not in (0, 2 + architecture.kl_terms):
        raise RunDamagedError("A checkpoint is of an unknown form.")
    return Progress(start.epoch, start.step, sums, images, seconds, plateau)
