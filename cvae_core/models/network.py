"""The TensorFlow forward pass, and the layout of the weights in the flat vectors of the compiled training step.

With one vector instead of one tensor per weight, Adam is a single fused pass and compiling takes half the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeAlias

import numpy as np
import tensorflow as tf

from cvae_core.architecture import (
    BATCH_NORM_EPSILON,
    LEAKY_RELU_SLOPE,
    Applicable,
    Architecture,
    DenseLayer,
    Operation,
    Weights,
    check_weights,
)
from cvae_core.records import Floats
from cvae_core.text import short_repr


@dataclass(frozen=True)
class Slot:
    """The place of one weight in a vector; ``offset`` is the index of its first number."""

    name: str
    offset: int
    shape: tuple[int, ...]

    __repr__ = short_repr

    @property
    def size(self) -> int:
        """Number of entries of the weight."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The places of all weights of a network in two vectors.

    Attributes:
        parameters: Trained by the gradient: kernels, biases, gammas and betas.
        moving: Moving means and variances of batch normalisation.
    """

    parameters: tuple[Slot, ...]
    moving: tuple[Slot, ...]

    __repr__ = short_repr

    @classmethod
    def of(cls, architecture: Architecture) -> Self:
        """The layout of an architecture, in the order of its weights."""
        parameters: list[Slot] = []
        moving: list[Slot] = []
        for name, shape in architecture.weight_shapes().items():
            slots = moving if "/moving_" in name else parameters
            slots.append(Slot(name, slots[-1].offset + slots[-1].size if slots else 0, shape))
        return cls(tuple(parameters), tuple(moving))

    @property
    def parameter_count(self) -> int:
        """Length of the vector of parameters, and of each of Adam's moments."""
        return sum(slot.size for slot in self.parameters)


def pack(architecture: Architecture, weights: Weights) -> tuple[Floats, Floats]:
    """Join weights (name -> float32 array) to the two vectors of the layout: parameters and moving statistics.

    Raises:
        WeightsError: The weights belong to another architecture.
    """
    check_weights(architecture, weights)
    layout, empty = Layout.of(architecture), np.zeros(0, np.float32)
    parameters = np.concatenate([empty, *(weights[slot.name].ravel() for slot in layout.parameters)])
    return parameters, np.concatenate([empty, *(weights[slot.name].ravel() for slot in layout.moving)])


def unpack(architecture: Architecture, parameters: Floats, moving: Floats) -> Weights:
    """The inverse of ``pack``; the arrays are views, in the architecture's order."""
    layout = Layout.of(architecture)
    arrays = {
        slot.name: vector[slot.offset : slot.offset + slot.size].reshape(slot.shape)
        for slots, vector in ((layout.parameters, parameters), (layout.moving, moving))
        for slot in slots
    }
    return {name: arrays[name] for name in architecture.weight_shapes()}


Tensor: TypeAlias = Any
Tensors: TypeAlias = Mapping[str, Tensor]

ACTIVATIONS: Final[dict[str, Callable[[Tensor], Tensor]]] = {
    "relu": tf.nn.relu,
    "leaky_relu": lambda x: tf.nn.leaky_relu(x, LEAKY_RELU_SLOPE),
    "elu": tf.nn.elu,
    "gelu": lambda x: tf.nn.gelu(x, approximate=False),
    "silu": tf.nn.silu,
    "tanh": tf.tanh,
    "linear": lambda x: x,
}


@dataclass(frozen=True)
class ForwardPass:
    """The result of the network for a batch.

    Attributes:
        outputs: Parameters of the likelihood, float32 (n, pixels * parameters_per_pixel).
        z_mean: float32 (n, latent_dim); the code itself of a plain autoencoder.
        z_log_var: float32 (n, latent_dim); ``None`` for a plain autoencoder.
        statistics: Name of each moving statistic -> that of the batch, float32 (units,); empty at inference.
    """

    outputs: Tensor
    z_mean: Tensor
    z_log_var: Tensor | None
    statistics: dict[str, Tensor]

    __repr__ = short_repr


def forward(
    architecture: Architecture,
    weights: Tensors,
    images: Tensor,
    condition: Tensor,
    noise: Tensor,
    dropout: Tensors | None = None,
) -> ForwardPass:
    """Encode, sample z = z_mean + exp(z_log_var / 2) * noise, and decode (Kingma and Welling 2014, section 2.4).

    A plain autoencoder decodes z_mean.

    Args:
        architecture: The network.
        weights: Name -> float32 tensor.
        images: float32 (n, pixels), 0 to 1, or toy points.
        condition: Labels from ``condition_of``; not used unless the network is conditional.
        noise: Standard normal, float32 (n, latent_dim); not used by a plain autoencoder.
        dropout: ``None`` at inference. In training, layer name -> factors, float32 (n, units), for each layer with
            dropout; normalisation then uses the mean and variance of the batch.
    """
    network = _Network(architecture, weights, dropout)
    h = network.stack(architecture.encoder, network.joined(images, condition))
    if architecture.z_log_var is None:
        code = network.affine(architecture.z_mean, h)
        return ForwardPass(network.decode(code, condition), code, None, network.statistics)
    z_mean, z_log_var = network.posterior(h, architecture.z_mean, architecture.z_log_var)
    z = z_mean + tf.exp(0.5 * z_log_var) * noise
    return ForwardPass(network.decode(z, condition), z_mean, z_log_var, network.statistics)


def condition_of(architecture: Architecture, labels: Tensor) -> Tensor:
    """Labels, int32 (n,), as inputs of the network: one-hot, float32 (n, n_classes), or numbers, float32 (n, 1)."""
    if architecture.label_code == "number":
        return tf.cast(labels, tf.float32)[:, None]
    return tf.one_hot(labels, architecture.shape.n_classes)


@dataclass
class _Network:
    architecture: Architecture
    weights: Tensors
    dropout: Tensors | None
    statistics: dict[str, Tensor] = field(default_factory=dict)

    __repr__ = short_repr

    def posterior(self, h: Tensor, *heads: DenseLayer) -> tuple[Tensor, Tensor]:
        # One product for both heads reads h once.
        kernel = tf.concat([self.weights[f"{head.name}/kernel"] for head in heads], 1)
        bias = tf.concat([self.weights[f"{head.name}/bias"] for head in heads], 0)
        z_mean, z_log_var = tf.split(tf.matmul(h, kernel) + bias, 2, axis=1)
        return z_mean, z_log_var

    def decode(self, z: Tensor, condition: Tensor) -> Tensor:
        h = self.stack(self.architecture.decoder, self.joined(z, condition))
        return self.affine(self.architecture.output, h)

    def joined(self, inputs: Tensor, condition: Tensor) -> Tensor:
        return tf.concat([inputs, condition], 1) if self.architecture.conditional else inputs

    def stack(self, operations: tuple[Operation, ...], x: Tensor) -> Tensor:
        for operation in operations:
            if isinstance(operation, DenseLayer):
                x = self.layer(operation, x)
            else:
                assert isinstance(operation, Applicable)
                x = operation.tensorflow(self.weights, x)
        return x

    def layer(self, layer: DenseLayer, x: Tensor) -> Tensor:
        x = self.affine(layer, x)
        if layer.batch_normalization == "before":
            x = self.normalized(layer, x)
        x = ACTIVATIONS[layer.activation](x)
        if layer.batch_normalization == "after":
            x = self.normalized(layer, x)
        if self.dropout is not None and layer.name in self.dropout:
            x = x * self.dropout[layer.name]
        return x

    def affine(self, layer: DenseLayer, x: Tensor) -> Tensor:
        return tf.matmul(x, self.weights[f"{layer.name}/kernel"]) + self.weights[f"{layer.name}/bias"]

    def normalized(self, layer: DenseLayer, x: Tensor) -> Tensor:
        mean, variance = self.moments(layer, x)
        scale = tf.math.rsqrt(variance + BATCH_NORM_EPSILON) * self.weights[f"{layer.name}/gamma"]
        return x * scale + (self.weights[f"{layer.name}/beta"] - mean * scale)

    def moments(self, layer: DenseLayer, x: Tensor) -> tuple[Tensor, Tensor]:
        names = (f"{layer.name}/moving_mean", f"{layer.name}/moving_variance")
        if self.dropout is None:
            return self.weights[names[0]], self.weights[names[1]]
        mean = tf.reduce_mean(x, 0)
        variance = tf.reduce_mean(tf.square(x - mean), 0)
        self.statistics.update(zip(names, (mean, variance), strict=True))
        return mean, variance


def kl_per_dimension(z_mean: Tensor, z_log_var: Tensor) -> Tensor:
    """KL(N(z_mean, exp(z_log_var)) || N(0, 1)) (Kingma and Welling 2014, appendix B), nats, float32 (n, latent_dim)."""
    return 0.5 * (tf.square(z_mean) + tf.exp(z_log_var) - 1.0 - z_log_var)
