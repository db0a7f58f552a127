"""The non-linearities in NumPy, as Keras defines them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import erf

from cvae_core.architecture import LEAKY_RELU_SLOPE
from cvae_core.records import Floats

_SQRT_HALF: Final = np.float32(np.sqrt(0.5))
_LARGEST_EXPONENT: Final = np.float32(88.0)


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow, float32 in, float32 0 to 1 out."""
    one = np.float32(1.0)
    result: Floats = one / (one + np.exp(np.minimum(-x, _LARGEST_EXPONENT)))
    return result


def _relu(x: Floats) -> Floats:
    result: Floats = np.maximum(x, np.float32(0.0))
    return result


def _leaky_relu(x: Floats) -> Floats:
    result: Floats = np.maximum(x, np.float32(LEAKY_RELU_SLOPE) * x)
    return result


def _elu(x: Floats) -> Floats:
    result: Floats = np.where(x > 0.0, x, np.expm1(np.minimum(x, np.float32(0.0))))
    return result


def _gelu(x: Floats) -> Floats:
    result: Floats = np.float32(0.5) * x * (np.float32(1.0) + erf(x * _SQRT_HALF).astype(np.float32))
    return result


def _silu(x: Floats) -> Floats:
    return x * sigmoid(x)


def _tanh(x: Floats) -> Floats:
    result: Floats = np.tanh(x)
    return result


ACTIVATIONS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "tanh": _tanh,
    "linear": lambda x: x,
}
