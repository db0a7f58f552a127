"""The architecture of a network: its operations, their sizes, and the names and shapes of their weights.

Keras models, training step, folded network and stored weights all follow this description.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from cvae_core.config.run import (
    SECTIONS_OF,
    Activation,
    BatchNormalization,
    DataConfig,
    DataSettings,
    LabelCode,
    ModelConfig,
    ModelSettings,
    TrainConfig,
    TrainSettings,
)
from cvae_core.errors import WeightsError
from cvae_core.likelihoods import likelihood
from cvae_core.plugins import Registry
from cvae_core.text import short_repr

LEAKY_RELU_SLOPE = 0.3
BATCH_NORM_EPSILON = 1e-3
BATCH_NORM_MOMENTUM = 0.99

Weights = dict[str, npt.NDArray[np.float32]]
# A part of a network that is a chain of operations.
Part = Literal["encoder", "z_mean", "z_log_var", "decoder"]


@dataclass(frozen=True)
class DataShape:
    """Size of one example.

    Attributes:
        height, width, channels: Of an image, in pixels; 1, 2, 1 for a point of the plane.
        n_classes: Number of labels.
    """

    height: int
    width: int
    channels: int
    n_classes: int

    @property
    def pixels(self) -> int:
        """Numbers in one flattened image."""
        return self.height * self.width * self.channels

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return (self.height, self.width, self.channels)

    @property
    def are_points(self) -> bool:
        """Whether the examples are points of the plane instead of images."""
        return self.image_shape == (1, 2, 1)


class Operation(Protocol):
    """One step of encoder or decoder: a ``DenseLayer``, or an ``Applicable``.

    It must be hashable, such as a frozen dataclass: compiled programs are cached by architecture.

    Attributes:
        name: Prefix of its weights' names, such as "encoder/0".
        inputs, outputs: Units. The condition counts as inputs of the first operation of encoder and decoder.
    """

    @property
    def name(self) -> str: ...

    @property
    def inputs(self) -> int: ...

    @property
    def outputs(self) -> int: ...

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name, with the prefix -> shape.

        In an untrained network names that end in "/kernel" are Glorot-uniform, in "/gamma" 1, all others 0.
        """


@runtime_checkable
class Applicable(Operation, Protocol):
    """An operation with a NumPy form and a TensorFlow form of its own; it need not be affine."""

    def numpy(self, weights: Mapping[str, npt.NDArray[np.float32]], x: npt.NDArray[np.float32]) -> Any:
        """At inference: float32 (n, inputs) in, float32 (n, outputs) out; ``weights`` are those of the network."""

    def tensorflow(self, weights: Mapping[str, Any], x: Any) -> Any:
        """The same in TensorFlow, which is imported inside this method; it must be differentiable."""


@dataclass(frozen=True)
class DenseLayer:
    """An affine map, then activation and batch normalisation in the order of ``batch_normalization``, then dropout.

    Name, inputs and outputs are as in ``Operation``.
    """

    name: str
    inputs: int
    outputs: int
    activation: Activation | Literal["linear"] = "linear"
    batch_normalization: BatchNormalization = "none"
    dropout_rate: float = 0.0

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape: kernel (inputs, outputs), bias, and the four weights of the normalisation."""
        shapes: dict[str, tuple[int, ...]] = {
            f"{self.name}/kernel": (self.inputs, self.outputs),
            f"{self.name}/bias": (self.outputs,),
        }
        if self.batch_normalization != "none":
            for part in ("gamma", "beta", "moving_mean", "moving_variance"):
                shapes[f"{self.name}/{part}"] = (self.outputs,)
        return shapes


@dataclass(frozen=True)
class Architecture:
    """The whole network.

    Attributes:
        shape: Of the data.
        conditional: Whether the label is appended to the inputs of encoder and decoder.
        latent_dim: Size of the code.
        encoder, decoder: Operations, first to last.
        z_mean: Head of the encoder: the posterior's mean, or the code of a plain autoencoder.
        z_log_var: Head of the encoder; ``None`` for a plain autoencoder.
        output: Last layer of the decoder; gives the parameters of the likelihood, such as logits.
        label_code: The form in which the label is appended.
        likelihood: Name of a registered likelihood.
    """

    shape: DataShape
    conditional: bool
    latent_dim: int
    encoder: tuple[Operation, ...]
    z_mean: DenseLayer
    z_log_var: DenseLayer | None
    decoder: tuple[Operation, ...]
    output: DenseLayer
    label_code: LabelCode = "one_hot"
    likelihood: str = "bernoulli"

    __repr__ = short_repr

    @property
    def layers(self) -> tuple[Operation, ...]:
        """All operations in order."""
        heads = (self.z_mean,) if self.z_log_var is None else (self.z_mean, self.z_log_var)
        return (*self.encoder, *heads, *self.decoder, self.output)

    @property
    def is_variational(self) -> bool:
        """Whether codes are sampled from a posterior and have a KL."""
        return self.z_log_var is not None

    @property
    def kl_terms(self) -> int:
        """Number of latent dimensions with a KL: all or none."""
        return self.latent_dim if self.is_variational else 0

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Name -> shape of every weight, in order."""
        return {name: shape for layer in self.layers for name, shape in layer.weight_shapes().items()}


Plan = Callable[[Any, DataShape], Architecture]
_PLANS: Final = Registry[Plan]("model kind")


def register_model_kind(
    kind: str,
    settings: type[ModelSettings],
    plan: Plan,
    data: type[DataSettings] = DataConfig,
    train: type[TrainSettings] = TrainConfig,
) -> None:
    """Add a model kind, which the field ``kind`` of a run's model settings chooses.

    Args:
        kind: Its name, which is the only value of the field ``kind`` of ``settings``.
        settings: Subclass of ``ModelConfig`` or ``AutoencoderConfig``.
        plan: Gives the architecture for such settings and data of a shape; ``dense_plan`` is a start.
        data: Class of the data settings of such a run.
        train: Class of its training settings.

    Raises:
        ConfigError: Another kind has that name.
    """
    SECTIONS_OF.register(kind, {"data": data, "model": settings, "train": train})
    _PLANS.register(kind, plan)


def plan(model: ModelSettings, shape: DataShape) -> Architecture:
    """The architecture for model settings and data of a shape.

    Raises:
        ConfigError: There is no such kind of model, or no such likelihood.
    """
    return _PLANS.get(model.kind)(model, shape)


def dense_plan(model: ModelSettings, shape: DataShape) -> Architecture:
    """A CVAE or an autoencoder of Dense layers; the decoder mirrors the encoder."""
    condition = (shape.n_classes if model.label_code == "one_hot" else 1) if model.conditional else 0
    widths = model.hidden_widths
    variational = isinstance(model, ModelConfig)
    return Architecture(
        shape=shape,
        conditional=model.conditional,
        latent_dim=model.latent_dim,
        encoder=_stack("encoder", shape.pixels + condition, widths, model.encoder_activation, model),
        z_mean=DenseLayer("z_mean", widths[-1], model.latent_dim),
        z_log_var=DenseLayer("z_log_var", widths[-1], model.latent_dim) if variational else None,
        decoder=_stack("decoder", model.latent_dim + condition, widths[::-1], model.decoder_activation, model),
        output=DenseLayer("output", widths[0], shape.pixels * likelihood(model.likelihood).parameters_per_pixel),
        label_code=model.label_code,
        likelihood=model.likelihood,
    )


for _kind in ("cvae", "autoencoder"):
    _PLANS.register(_kind, dense_plan)


def _stack(
    name: str, inputs: int, widths: tuple[int, ...], activation: Activation, model: ModelSettings
) -> tuple[DenseLayer, ...]:
    sizes = (inputs, *widths)
    return tuple(
        DenseLayer(f"{name}/{i}", sizes[i], sizes[i + 1], activation, model.batch_normalization, model.dropout_rate)
        for i in range(len(widths))
    )


def check_weights(architecture: Architecture, weights: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Check that weights belong to an architecture.

    Raises:
        WeightsError: A weight is missing, unknown, of another shape, or not float32.
    """
    expected = architecture.weight_shapes()
    if missing := sorted(expected.keys() - weights.keys()):
        raise WeightsError(f"The weights lack {', '.join(missing[:3])}.")
    if unknown := sorted(weights.keys() - expected.keys()):
        raise WeightsError(f"The weights hold {', '.join(unknown[:3])}, which the network does not have.")
    for name, shape in expected.items():
        if weights[name].shape != shape or weights[name].dtype != np.float32:
            raise WeightsError(
                f"The weight {name} should be float32 of shape {shape}; "
                f"it is {weights[name].dtype} of shape {weights[name].shape}."
            )
