"""The TensorFlow forward pass, and where each weight stands in the flat vectors of the compiled training step.

One long vector instead of a tensor a weight makes Adam a single fused pass and halves the compile time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
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
    """The place of one weight.

    Attributes:
        name: As in ``Architecture.weight_shapes``.
        offset: Index of its first number.
        shape: Of the weight.
    """

    name: str
    offset: int
    shape: tuple[int, ...]

    __repr__ = short_repr

    @property
    def size(self) -> int:
        """How many numbers the weight has."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The places of all weights of a network, in two vectors.

    Attributes:
        parameters: What the gradient changes: kernels, biases, and gamma and beta of the normalisations.
        moving: What the batches' statistics change: moving means and variances.
    """

    parameters: tuple[Slot, ...]
    moving: tuple[Slot, ...]

    __repr__ = short_repr

    @classmethod
    def of(cls, architecture: Architecture) -> Self:
        """Lay the weights of an architecture out in their fixed order."""
        shapes = architecture.weight_shapes()
        return cls(
            _slots((name, shape) for name, shape in shapes.items() if "/moving_" not in name),
            _slots((name, shape) for name, shape in shapes.items() if "/moving_" in name),
        )

    @property
    def parameter_count(self) -> int:
        """Length of the vector of parameters, and of each of Adam's moments."""
        return sum(slot.size for slot in self.parameters)


def _slots(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    offset = 0
    for name, shape in shapes:
        slots.append(Slot(name, offset, shape))
        offset += slots[-1].size
    return tuple(slots)


def pack(architecture: Architecture, weights: Weights) -> tuple[Floats, Floats]:
    """Join weights to the two vectors of a layout.

    Args:
        architecture: Whose weights they are.
        weights: Name -> float32 array.

    Returns:
        Parameters and moving statistics, float32 vectors; the second is empty without normalisation.

    Raises:
        WeightsError: The weights are not those of the architecture.
    """
    check_weights(architecture, weights)
    layout = Layout.of(architecture)
    return _joined(layout.parameters, weights), _joined(layout.moving, weights)


def _joined(slots: tuple[Slot, ...], weights: Weights) -> Floats:
    return np.concatenate([np.zeros(0, np.float32), *(weights[slot.name].ravel() for slot in slots)])


def unpack(architecture: Architecture, parameters: Floats, moving: Floats) -> Weights:
    """The inverse of ``pack``.

    Returns:
        Name -> float32 array in the architecture's order; the arrays are views.
    """
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
    """What the network makes of a batch.

    Attributes:
        outputs: float32 (n, pixels * parameters_per_pixel), of which the likelihood makes an image.
        z_mean: float32 (n, latent_dim); of a plain autoencoder the code itself.
        z_log_var: float32 (n, latent_dim); ``None`` of a plain autoencoder.
        statistics: Name of each moving statistic -> the batch's own, float32 (units,); empty at inference.
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

    A plain autoencoder decodes its code as it is.

    Args:
        architecture: The network.
        weights: Name -> float32 tensor.
        images: float32 (n, pixels), 0 to 1; points as they are.
        condition: Labels from ``condition_of``; ignored unless the network is conditional.
        noise: Standard normal, float32 (n, latent_dim); ignored by a plain autoencoder.
        dropout: ``None`` at inference. In training, layer name -> factors, float32 (n, units), for each layer with
            dropout; normalisation then uses the batch's own mean and variance.
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
    """Labels as the network is given them.

    Args:
        architecture: The network.
        labels: int32 (n,).

    Returns:
        One-hot, float32 (n, n_classes), or as one number, float32 (n, 1).
    """
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
        # One product for both heads: they are narrow, and two would read h twice.
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
            x = self.layer(operation, x) if isinstance(operation, DenseLayer) else self.applied(operation, x)
        return x

    def applied(self, operation: Operation, x: Tensor) -> Tensor:
        assert isinstance(operation, Applicable)
        return operation.tensorflow(self.weights, x)

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
    """KL(N(z_mean, exp(z_log_var)) || N(0, 1)) in closed form (Kingma and Welling 2014, appendix B).

    Args:
        z_mean: float32 (n, latent_dim).
        z_log_var: float32 (n, latent_dim).

    Returns:
        float32 (n, latent_dim), nats, at least 0 up to rounding.
    """
    return 0.5 * (tf.square(z_mean) + tf.exp(z_log_var) - 1.0 - z_log_var)
