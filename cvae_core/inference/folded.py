"""A trained network at inference in NumPy: dropout is gone and batch normalisation is folded into its neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cvae_core.architecture import (
    BATCH_NORM_EPSILON,
    LEAKY_RELU_SLOPE,
    Applicable,
    Architecture,
    DataShape,
    DenseLayer,
    Operation,
    Part,
    Weights,
    check_weights,
    plan,
)
from cvae_core.config.run import ModelSettings
from cvae_core.errors import ConfigError, DataError, WeightsError
from cvae_core.likelihoods import likelihood, sigmoid
from cvae_core.records import Bytes, Floats, Labels, checked_labels, checked_pixels
from cvae_core.text import short_repr

_SQRT_HALF: Final = np.float32(np.sqrt(0.5))
_ERF_STEP: Final = np.float32(0.3275911)
_ERF_TERMS: Final = tuple(map(np.float32, (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)))
_ERF_IS_ONE: Final = np.float32(6.0)


def erf(x: Floats) -> Floats:
    """The error function, float32 to float32; the error is below 6e-7, and far from zero there is none.

    Abramowitz and Stegun 1964, formula 7.1.26. It takes a third of the time of SciPy's double precision, and avoids
    the slow import of SciPy.
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


_ZERO: Final = np.float32(0.0)
ACTIVATIONS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "relu": lambda x: np.maximum(x, _ZERO),
    "leaky_relu": lambda x: np.maximum(x, np.float32(LEAKY_RELU_SLOPE) * x),
    "elu": lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, _ZERO))),
    "gelu": lambda x: np.float32(0.5) * x * (np.float32(1.0) + erf(x * _SQRT_HALF)),
    "silu": lambda x: x * sigmoid(x),
    "tanh": lambda x: np.tanh(x),
    "linear": lambda x: x,
}


_ROWS_AT_A_TIME: Final = 4096
_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """activation(x @ kernel + bias).

    Attributes:
        kernel: float32 (inputs, outputs). In the first layer of encoder and decoder of a conditional network the last
            rows belong to the label: n_classes if it is one-hot, one if it is a number.
        bias: float32 (outputs,).
        activation: A key of ``ACTIVATIONS``.
    """

    kernel: Floats
    bias: Floats
    activation: str

    __repr__ = short_repr

    def __call__(self, x: Floats) -> Floats:
        """Apply to float32 (n, inputs); gives float32 (n, outputs)."""
        h = x @ self.kernel
        h += self.bias
        return ACTIVATIONS[self.activation](h)


@dataclass(frozen=True)
class Applied:
    """An operation that is not Dense, with its weights."""

    operation: Applicable
    weights: Weights

    __repr__ = short_repr

    def __call__(self, x: Floats) -> Floats:
        """Apply to float32 (n, inputs); gives float32 (n, outputs)."""
        found: Floats = self.operation.numpy(self.weights, x)
        return found


@dataclass(frozen=True)
class Normalized:
    """x * scale + offset: a normalisation without a Dense layer after it."""

    scale: Floats
    offset: Floats

    __repr__ = short_repr

    def __call__(self, x: Floats) -> Floats:
        """Apply to float32 (n, units)."""
        return x * self.scale + self.offset


Step = Affine | Applied | Normalized


class FoldedNetwork:
    """A trained network at inference.

    Args:
        model: The network.
        shape: Of the data.
        weights: Name -> float32 array, not to be changed afterwards.

    Attributes:
        architecture: Of the network.
        encoder, decoder: Steps, first to last; the encoder takes pixels from 0 to 1, or coordinates.
        z_mean, z_log_var: Heads. For a plain autoencoder the first gives the code, and the second has no outputs.
        output: Gives the parameters of the likelihood, such as logits.

    Raises:
        WeightsError: The weights belong to another network.
    """

    def __init__(self, model: ModelSettings, shape: DataShape, weights: Weights) -> None:
        self.architecture: Architecture = plan(model, shape)
        check_weights(self.architecture, weights)
        self._likelihood = likelihood(self.architecture.likelihood)
        encoder = _Folding(weights)
        self.encoder = encoder.steps(self.architecture.encoder)
        self.z_mean = encoder.head(self.architecture.z_mean)
        if self.architecture.z_log_var is None:
            self.z_log_var = Affine(self.z_mean.kernel[:, :0], self.z_mean.bias[:0], "linear")
        else:
            self.z_log_var = encoder.head(self.architecture.z_log_var)
        decoder = _Folding(weights)
        self.decoder = decoder.steps(self.architecture.decoder)
        self.output = decoder.head(self.architecture.output)

    def dense_layers(self, part: Part) -> tuple[Affine, ...]:
        """The layers of a part, first to last; "decoder" ends with ``output``.

        Raises:
            ConfigError: The part has other operations than Dense layers.
        """
        parts: dict[str, tuple[Step, ...]] = {
            "encoder": self.encoder,
            "z_mean": (self.z_mean,),
            "z_log_var": (self.z_log_var,),
            "decoder": (*self.decoder, self.output),
        }
        layers = tuple(step for step in parts[part] if isinstance(step, Affine))
        if len(layers) < len(parts[part]):
            raise ConfigError(f"The {part} of this network has other operations than Dense layers.")
        return layers

    @np.errstate(under="ignore")
    def encode(self, images: Bytes | Floats, labels: Labels) -> tuple[Floats, Floats]:
        """Posterior of each image.

        Args:
            images: (n, height, width, channels) or (n, pixels); whole numbers 0 to 255, floats 0 to 1, or booleans.
                Toy points are finite floats, (n, 1, 2, 1) or (n, 2).
            labels: Integers (n,), 0 to n_classes - 1; not used unless the network is conditional.

        Returns:
            z_mean and z_log_var, both float32 (n, latent_dim). For a plain autoencoder z_mean is the code, and
            z_log_var is minus infinity: the code has no variance.

        Raises:
            DataError: Images or labels do not fit the network.
        """
        checked = checked_pixels(images, are_points=self.architecture.shape.are_points)
        pixels = _rows(checked, self.architecture.shape.pixels, "image", "pixels")
        labels = self._checked_labels(labels, len(pixels))
        z_mean = np.empty((len(pixels), self.architecture.latent_dim), np.float32)
        z_log_var = np.full_like(z_mean, -np.inf)
        for part in _parts(len(pixels)):
            h = self._hidden(self.encoder, _unit_range(pixels[part]), labels[part])
            z_mean[part] = self.z_mean(h)
            if self.architecture.is_variational:
                z_log_var[part] = self.z_log_var(h)
        return z_mean, z_log_var

    def decode(self, z: Floats, labels: Labels) -> Floats:
        """Mean image of each code.

        Args:
            z: Floats (n, latent_dim).
            labels: As in ``encode``.

        Returns:
            float32 (n, height, width, channels), 0 to 1; for toy data points (n, 1, 2, 1).

        Raises:
            DataError: Codes or labels do not fit the network.
        """
        images = self._decode(z, labels, self._likelihood.mean, self.architecture.shape.pixels)
        return images.reshape(-1, *self.architecture.shape.image_shape)

    def decode_outputs(self, z: Floats, labels: Labels) -> Floats:
        """The decoder's outputs, such as logits; arguments and errors as ``decode``.

        Returns:
            float32 (n, pixels * parameters_per_pixel of the likelihood).
        """
        return self._decode(z, labels, lambda outputs: outputs, self.architecture.output.outputs)

    def reconstruct(self, images: Bytes | Floats, labels: Labels) -> Floats:
        """Each image encoded to ``z_mean`` and decoded with its own label; see ``encode`` and ``decode``."""
        return self.decode(self.encode(images, labels)[0], labels)

    @np.errstate(under="ignore")
    def _decode(self, z: Floats, labels: Labels, link: Callable[[Floats], Floats], width: int) -> Floats:
        codes = _rows(z, self.architecture.latent_dim, "code", "numbers")
        labels = self._checked_labels(labels, len(codes))
        found = np.empty((len(codes), width), np.float32)
        for part in _parts(len(codes)):
            h = self._hidden(self.decoder, codes[part].astype(np.float32), labels[part])
            found[part] = link(self.output(h))
        return found

    def _hidden(self, steps: tuple[Step, ...], x: Floats, labels: Labels) -> Floats:
        first, *rest = steps
        if isinstance(first, Affine):
            h = ACTIVATIONS[first.activation](self._conditioned(first, x, labels))
        else:
            h = first(self._joined(x, labels))
        for step in rest:
            h = step(h)
        return h

    def _joined(self, x: Floats, labels: Labels) -> Floats:
        """Inputs with the condition beside them."""
        if not self.architecture.conditional:
            return x
        is_number = self.architecture.label_code == "number"
        condition = labels if is_number else np.eye(self.architecture.shape.n_classes)[labels]
        return np.column_stack([x, condition.astype(np.float32)])

    def _conditioned(self, layer: Affine, x: Floats, labels: Labels) -> Floats:
        inputs = x.shape[1]
        h: Floats = x @ layer.kernel[:inputs]
        if not self.architecture.conditional:
            h += layer.bias
        elif self.architecture.label_code == "number":
            h += labels[:, None].astype(np.float32) * layer.kernel[inputs] + layer.bias
        else:
            # A one-hot label selects a row of the kernel.
            h += (layer.kernel[inputs:] + layer.bias)[labels]
        return h

    def _checked_labels(self, labels: Labels, count: int) -> Labels:
        """Labels that fit the network; any if it is not conditional."""
        if self.architecture.conditional:
            return checked_labels(labels, count, self.architecture.shape.n_classes)
        if np.shape(labels) != (count,):
            raise DataError(f"There should be one label for each of {count} examples; there are {np.shape(labels)}.")
        return labels


def _rows(values: npt.NDArray[Any], width: int, what: str, unit: str) -> npt.NDArray[Any]:
    if values.ndim < 2 or int(np.prod(values.shape[1:])) != width:
        raise DataError(f"Each {what} should have {width} {unit}; the array has shape {values.shape}.")
    return values.reshape(len(values), width)


def _parts(count: int) -> Iterator[slice]:
    """Parts small enough for short temporary arrays, and few, as each product waits on a busy machine."""
    return (slice(begin, begin + _ROWS_AT_A_TIME) for begin in range(0, count, _ROWS_AT_A_TIME))


def _unit_range(pixels: Bytes | Floats) -> Floats:
    unit = pixels.astype(np.float32)
    if pixels.dtype == np.uint8:
        unit *= np.float32(1.0 / 255.0)
    return unit


class _Folding:
    """Folds a stack of layers, first to last, with the normalisation that waits for the next layer."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._waiting: tuple[_Doubles, _Doubles] | None = None

    def steps(self, operations: tuple[Operation, ...]) -> tuple[Step, ...]:
        return tuple(step for operation in operations for step in self._steps(operation))

    def _steps(self, operation: Operation) -> list[Step]:
        if isinstance(operation, DenseLayer):
            return [self._hidden(operation)]
        if not isinstance(operation, Applicable):
            raise WeightsError(f"The operation {operation.name} has no NumPy form and no TensorFlow form.")
        waiting = [] if self._waiting is None else [Normalized(*(part.astype(np.float32) for part in self._waiting))]
        self._waiting = None
        return [*waiting, Applied(operation, {name: self._weights[name] for name in operation.weight_shapes()})]

    def _hidden(self, layer: DenseLayer) -> Affine:
        kernel, bias = self._affine(layer)
        self._waiting = None
        if layer.batch_normalization == "before":
            scale, offset = self._normalization(layer)
            kernel, bias = kernel * scale.astype(np.float32), bias * scale + offset
        elif layer.batch_normalization == "after":
            self._waiting = self._normalization(layer)
        return Affine(kernel, bias.astype(np.float32), layer.activation)

    def head(self, layer: DenseLayer) -> Affine:
        kernel, bias = self._affine(layer)
        return Affine(kernel, bias.astype(np.float32), layer.activation)

    def _affine(self, layer: DenseLayer) -> tuple[Floats, _Doubles]:
        """Kernels stay float32; vectors, into which sums go, are float64."""
        kernel, bias = self._weights[f"{layer.name}/kernel"], self._double(layer, "bias")
        if self._waiting is None:
            return kernel, bias
        scale, offset = self._waiting
        return scale.astype(np.float32)[:, None] * kernel, offset @ kernel + bias

    def _normalization(self, layer: DenseLayer) -> tuple[_Doubles, _Doubles]:
        """Batch normalisation at inference as x * scale + offset (Ioffe and Szegedy 2015, algorithm 2, step 11)."""
        scale = self._double(layer, "gamma") / np.sqrt(self._double(layer, "moving_variance") + BATCH_NORM_EPSILON)
        return scale, self._double(layer, "beta") - self._double(layer, "moving_mean") * scale

    def _double(self, layer: DenseLayer, part: str) -> _Doubles:
        return self._weights[f"{layer.name}/{part}"].astype(np.float64)
