"""The non-linearities in NumPy, as Keras defines them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from cvae_core.architecture import LEAKY_RELU_SLOPE
from cvae_core.records import Floats

_SQRT_HALF: Final = np.float32(np.sqrt(0.5))
_LARGEST_EXPONENT: Final = np.float32(88.0)
_ERF_STEP: Final = np.float32(0.3275911)
_ERF_TERMS: Final = tuple(map(np.float32, (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)))
_ERF_IS_ONE: Final = np.float32(6.0)


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow, float32 in, float32 0 to 1 out."""
    one = np.float32(1.0)
    result: Floats = one / (one + np.exp(np.minimum(-x, _LARGEST_EXPONENT)))
    return result


def erf(x: Floats) -> Floats:
    """The error function in single precision, wrong by less than 6e-7 and exact far from zero.

    Abramowitz and Stegun 1964, formula 7.1.26. It takes a third of the time of SciPy's, which works in double
    precision, and needs no SciPy, whose import takes longer than the page that would wait for it.

    Args:
        x: float32, any shape.

    Returns:
        float32, -1 to 1, same shape.
    """
    one = np.float32(1.0)
    distance = np.minimum(np.abs(x), _ERF_IS_ONE)
    t = one / (one + _ERF_STEP * distance)
    rest = np.zeros_like(t)
    for term in _ERF_TERMS:
        rest += term
        rest *= t
    rest *= np.exp(-distance * distance)
    result: Floats = np.copysign(one - rest, x)
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
    result: Floats = np.float32(0.5) * x * (np.float32(1.0) + erf(x * _SQRT_HALF))
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
