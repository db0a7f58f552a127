"""Likelihoods p(x | z): what the decoder's outputs mean, in NumPy and in TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from cvae_core.plugins import Registry

Floats = npt.NDArray[np.float32]
Tensor: TypeAlias = Any
_LARGEST_EXPONENT: Final = np.float32(88.0)


class Likelihood(Protocol):
    """The distribution of an image's pixels, given the decoder's outputs.

    Attributes:
        name: What an architecture calls it.
        parameters_per_pixel: Outputs for each pixel; an image has first all first parameters, then all second ones.
        keras_activation: The Keras activation that turns outputs into means; empty if there is none, which prevents
            the export to Keras.
    """

    @property
    def name(self) -> str: ...

    @property
    def parameters_per_pixel(self) -> int: ...

    @property
    def keras_activation(self) -> str: ...

    def log_probability(self, targets: Floats, outputs: Floats) -> Floats:
        """Log p(x | z) of each image.

        Args:
            targets: float32 (n, pixels): images from 0 to 1, or points as they are.
            outputs: float32 (n, pixels * parameters_per_pixel), of the decoder.

        Returns:
            float32 (n,), nats, summed over pixels.
        """

    def mean(self, outputs: Floats) -> Floats:
        """The expected image: float32 (n, pixels * parameters_per_pixel) in, float32 (n, pixels) out."""

    def negative_log_probability(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """The reconstruction loss in TensorFlow: minus ``log_probability``, float32 (n,).

        TensorFlow is imported inside this method, never by the module.
        """


_LIKELIHOODS: Final = Registry[Likelihood]("likelihood")
likelihood: Final = _LIKELIHOODS.get
"""The likelihood of a name. Raises a ``ConfigError`` that lists the names."""
likelihood_names: Final = _LIKELIHOODS.names


def register_likelihood(entry: Likelihood) -> Likelihood:
    """Add a likelihood, which the model setting ``likelihood`` chooses by name.

    Raises:
        ConfigError: Another likelihood has that name.
    """
    return _LIKELIHOODS.register(entry.name, entry)


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow, float32 in, float32 0 to 1 out."""
    one = np.float32(1.0)
    result: Floats = one / (one + np.exp(np.minimum(-x, _LARGEST_EXPONENT)))
    return result


class Bernoulli:
    """Outputs are logits; pixels are probabilities (Kingma and Welling 2014, appendix C.1).

    Grey pixels count as expectations of binary ones, so the smallest loss is the pixels' own entropy, not zero.
    """

    name = "bernoulli"
    parameters_per_pixel = 1
    keras_activation = "sigmoid"

    @np.errstate(under="ignore")
    def log_probability(self, targets: Floats, outputs: Floats) -> Floats:
        """Minus the binary cross-entropy."""
        # Much faster than log1p; the error is under 1e-7 nats a pixel.
        softplus = np.log(np.exp(-np.abs(outputs)) + np.float32(1.0))
        nats = np.maximum(outputs, 0.0) - outputs * targets + softplus
        sums: Floats = nats.sum(axis=1, dtype=np.float32)
        return -sums

    def mean(self, outputs: Floats) -> Floats:
        """The probability of each pixel."""
        return sigmoid(outputs)

    def negative_log_probability(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """Binary cross-entropy from logits, summed over pixels; targets are constants.

        The gradient is given as sigmoid(logits) - targets, which is exact and half the work.
        """
        import tensorflow as tf

        def with_gradient(logits: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
            softplus = tf.math.log(1.0 + tf.exp(-tf.abs(logits)))  # not log1p, as above
            losses = tf.reduce_sum(tf.maximum(logits, 0.0) - logits * targets + softplus, 1)
            return losses, lambda upstream: upstream[:, None] * (tf.sigmoid(logits) - targets)

        return tf.custom_gradient(with_gradient)(outputs)


class SquaredError:
    """Outputs are the reconstruction itself; the loss is the squared error averaged over coordinates, as in Keras.

    It is a Gaussian log-probability up to scale and constant, so its unit is not nats but squared coordinates.
    """

    name = "squared_error"
    parameters_per_pixel = 1
    keras_activation = "linear"

    def log_probability(self, targets: Floats, outputs: Floats) -> Floats:
        """Minus the squared error, averaged over the coordinates of each example."""
        errors: Floats = np.square(outputs - targets).mean(axis=1, dtype=np.float32)
        return -errors

    def mean(self, outputs: Floats) -> Floats:
        """The outputs as they are."""
        return outputs

    def negative_log_probability(self, targets: Tensor, outputs: Tensor) -> Tensor:
        """The squared error, averaged over the coordinates of each example."""
        import tensorflow as tf

        return tf.reduce_mean(tf.square(outputs - targets), 1)


BERNOULLI: Final = register_likelihood(Bernoulli())
SQUARED_ERROR: Final = register_likelihood(SquaredError())
