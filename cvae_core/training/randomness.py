"""Random numbers of a training, except batch order and shifts: NumPy functions of (seed, epoch), counted from 1.

XLA's generators would take a third of a step on a CPU. Only dropout, which needs a hundred times more numbers, is
computed in the compiled step, from the keys given here.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from cvae_core.architecture import Architecture, Weights
from cvae_core.records import Floats

_WEIGHTS_STREAM: Final = 0
_NOISE_STREAM: Final = 3
_DROPOUT_STREAM: Final = 4
_EVALUATION_NOISE_STREAM: Final = 5


def initial_weights(architecture: Architecture, seed: int) -> Weights:
    """Weights of the untrained network, with the distributions of Keras's layers.

    Returns:
        Name -> float32 array: kernels Glorot-uniform (Glorot and Bengio 2010, equation 16), gammas and moving
        variances 1, everything else 0.
    """
    generator = np.random.default_rng((seed, 0, _WEIGHTS_STREAM))
    return {name: _initial(name, shape, generator) for name, shape in architecture.weight_shapes().items()}


def _initial(name: str, shape: tuple[int, ...], generator: np.random.Generator) -> Floats:
    if name.endswith("/kernel"):
        limit = np.sqrt(6.0 / sum(shape))
        return generator.uniform(-limit, limit, shape).astype(np.float32)
    if name.endswith(("/gamma", "/moving_variance")):
        return np.ones(shape, np.float32)
    return np.zeros(shape, np.float32)


def posterior_noise(seed: int, epoch: int, count: int, latent_dim: int) -> Floats:
    """Noise for sampling z in one epoch: standard normal, float32 (count, latent_dim), in the order of the epoch."""
    generator = np.random.default_rng((seed, epoch, _NOISE_STREAM))
    return generator.standard_normal((count, latent_dim), np.float32)


def evaluation_noise(seed: int, epoch: int, count: int, latent_dim: int) -> Floats:
    """The same for evaluating the test set after ``epoch`` completed epochs."""
    generator = np.random.default_rng((seed, epoch, _EVALUATION_NOISE_STREAM))
    return generator.standard_normal((count, latent_dim), np.float32)


def dropout_keys(seed: int, epoch: int, steps: int, layers: int) -> npt.NDArray[np.uint32]:
    """Keys for the dropout masks of each step: uniform uint32 (steps, layers with dropout, 2)."""
    generator = np.random.default_rng((seed, epoch, _DROPOUT_STREAM))
    return generator.integers(0, 2**32, (steps, layers, 2), np.uint32)
