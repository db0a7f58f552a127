"""The one layer that Keras does not have: a draw from the posterior."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import numpy as np

from cvae_core.architecture import (
    BATCH_NORM_EPSILON,
    BATCH_NORM_MOMENTUM,
    LEAKY_RELU_SLOPE,
    Architecture,
    DataShape,
    DenseLayer,
    Operation,
    Weights,
    check_weights,
    plan,
)
from cvae_core.config.run import ModelSettings
from cvae_core.errors import WeightsError
from cvae_core.likelihoods import likelihood
from cvae_core.models.keras_setup import float32, keras
from cvae_core.text import short_repr

KerasTensor: TypeAlias = Any

if TYPE_CHECKING:

    class _Layer:
        seed_generator: Any

        def __init__(self, **options: Any) -> None: ...

        def get_config(self) -> dict[str, Any]: ...

        def __call__(self, inputs: Any) -> Any: ...

else:
    _Layer = keras.layers.Layer


class Sampling(_Layer):
    """z = z_mean + exp(z_log_var / 2) * noise (Kingma and Welling 2014, section 2.4), anew at every call.

    Args:
        seed: Makes the draws repeatable.
        options: Those of every Keras layer.
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: list[KerasTensor]) -> KerasTensor:
        """Draw one z for each image.

        Args:
            inputs: z_mean and z_log_var, both float32 (n, latent_dim).

        Returns:
            float32 (n, latent_dim).
        """
        z_mean, z_log_var = inputs
        noise = keras.random.normal(keras.ops.shape(z_mean), dtype=z_mean.dtype, seed=self.seed_generator)
        return z_mean + keras.ops.exp(0.5 * z_log_var) * noise

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "seed": self.seed}


keras.saving.register_keras_serializable(package="cvae")(Sampling)


KerasModel: TypeAlias = Any
KerasLayer: TypeAlias = Any

_ACTIVATIONS: Final[dict[str, Callable[[str], KerasLayer]]] = {
    "relu": lambda name: keras.layers.ReLU(name=name),
    "leaky_relu": lambda name: keras.layers.LeakyReLU(negative_slope=LEAKY_RELU_SLOPE, name=name),
    "elu": lambda name: keras.layers.ELU(name=name),
    "gelu": lambda name: keras.layers.Activation("gelu", name=name),
    "silu": lambda name: keras.layers.Activation("silu", name=name),
    "tanh": lambda name: keras.layers.Activation("tanh", name=name),
}


@dataclass(frozen=True)
class KerasModels:
    """A CVAE and its parts, which share their layers.

    Images are float32 (n, height, width, channels), 0 to 1; labels are one-hot, float32 (n, n_classes). Where the
    network is not conditional, no model takes labels and there is no style transfer.

    Attributes:
        architecture: What they were built from.
        encoder: [image, label] -> sampled z, (n, latent_dim).
        z_mean: [image, label] -> mean of the posterior, (n, latent_dim).
        z_log_var: [image, label] -> log-variance of the posterior, (n, latent_dim).
        decoder: [z, label] -> pixel probabilities, (n, height, width, channels).
        cvae: [image, label] -> pixel probabilities decoded from a sampled z.
        style_transfer: [image, its label, another label] -> z_mean decoded with the other label; ``None`` if the
            network is not conditional.
    """

    architecture: Architecture
    encoder: KerasModel
    z_mean: KerasModel
    z_log_var: KerasModel
    decoder: KerasModel
    cvae: KerasModel
    style_transfer: KerasModel | None

    __repr__ = short_repr


@float32()
def build_keras_models(model: ModelSettings, shape: DataShape, weights: Weights | None = None) -> KerasModels:
    """Build the Keras models of a configuration.

    Args:
        model: The network.
        shape: Of the data.
        weights: Name -> float32 array; without them the layers have Keras's own initial weights.

    Raises:
        WeightsError: The weights are not those of the network, or the network is no CVAE.
    """
    architecture = plan(model, shape)
    if architecture.z_log_var is None:
        raise WeightsError(f"Keras models of a CVAE cannot be made of a model of the kind {model.kind}.")
    models = _assembled(architecture, architecture.z_log_var)
    if weights is not None:
        load_weights(models, weights)
    return models


def _assembled(architecture: Architecture, log_variance: DenseLayer) -> KerasModels:
    image = keras.Input(architecture.shape.image_shape, name="image")
    label = keras.Input((architecture.shape.n_classes,), name="label")
    labels = [label] if architecture.conditional else []
    hidden = hidden_layers(architecture.encoder, joined([keras.layers.Flatten(name="pixels")(image), *labels]))
    mean, log_var = dense(architecture.z_mean)(hidden), dense(log_variance)(hidden)
    z = Sampling(name="z")([mean, log_var])
    z_mean = keras.Model([image, *labels], mean, name="z_mean_model")
    decoder = _decoder(architecture)
    return KerasModels(
        architecture=architecture,
        encoder=keras.Model([image, *labels], z, name="encoder"),
        z_mean=z_mean,
        z_log_var=keras.Model([image, *labels], log_var, name="z_log_var_model"),
        decoder=decoder,
        cvae=keras.Model([image, *labels], decoder([z, *labels] if labels else z), name="cvae"),
        style_transfer=_style_transfer(architecture, z_mean, decoder) if architecture.conditional else None,
    )


def _decoder(architecture: Architecture) -> KerasModel:
    z = keras.Input((architecture.latent_dim,), name="z")
    label = keras.Input((architecture.shape.n_classes,), name="label")
    labels = [label] if architecture.conditional else []
    logits = dense(architecture.output)(hidden_layers(architecture.decoder, joined([z, *labels])))
    probabilities = keras.layers.Activation(_mean(architecture), name="probabilities")(logits)
    image = keras.layers.Reshape(architecture.shape.image_shape, name="image")(probabilities)
    return keras.Model([z, *labels], image, name="decoder")


def _mean(architecture: Architecture) -> str:
    """The activation that turns the decoder's outputs into an image.

    Raises:
        WeightsError: Keras has none for the likelihood.
    """
    name = likelihood(architecture.likelihood).keras_activation
    if not name:
        raise WeightsError(f"Keras models cannot have the likelihood {architecture.likelihood!r}.")
    return name


def _style_transfer(architecture: Architecture, z_mean: KerasModel, decoder: KerasModel) -> KerasModel:
    image = keras.Input(architecture.shape.image_shape, name="image")
    source = keras.Input((architecture.shape.n_classes,), name="source_label")
    target = keras.Input((architecture.shape.n_classes,), name="target_label")
    return keras.Model([image, source, target], decoder([z_mean([image, source]), target]), name="style_transfer")


def joined(inputs: list[KerasTensor]) -> KerasTensor:
    """Several inputs as one, side by side."""
    return keras.layers.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]


def hidden_layers(operations: tuple[Operation, ...], x: KerasTensor) -> KerasTensor:
    """A stack of layers, each with its activation, normalisation and dropout, applied to ``x``.

    Raises:
        WeightsError: One of them is no Dense layer, for which there is no standard Keras layer.
    """
    for layer in operations:
        if not isinstance(layer, DenseLayer):
            raise WeightsError(f"Keras models cannot have the operation {layer.name} ({type(layer).__name__}).")
        for part in _parts(layer):
            x = part(x)
    return x


def _parts(layer: DenseLayer) -> list[KerasLayer]:
    name = _keras_name(layer)
    parts = [dense(layer), _ACTIVATIONS[layer.activation](f"{name}_activation")]
    if layer.batch_normalization != "none":
        normalization = keras.layers.BatchNormalization(
            momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=_normalization_name(layer)
        )
        parts.insert(1 if layer.batch_normalization == "before" else 2, normalization)
    if layer.dropout_rate > 0.0:
        parts.append(keras.layers.Dropout(layer.dropout_rate, name=f"{name}_dropout"))
    return parts


def dense(layer: DenseLayer) -> KerasLayer:
    """The affine map of a layer alone."""
    return keras.layers.Dense(layer.outputs, name=_keras_name(layer))


def _keras_name(layer: DenseLayer) -> str:
    return layer.name.replace("/", "_")


def _normalization_name(layer: DenseLayer) -> str:
    return f"{_keras_name(layer)}_normalization"


class _Parts(Protocol):
    """What has layers with weights: an encoder and a decoder."""

    @property
    def architecture(self) -> Architecture: ...

    @property
    def encoder(self) -> KerasModel: ...

    @property
    def decoder(self) -> KerasModel: ...


def load_weights(models: _Parts, weights: Weights) -> None:
    """Put weights into the layers of all the models.

    Args:
        models: To be changed.
        weights: Name -> float32 array.

    Raises:
        WeightsError: The weights are not those of the network.
    """
    check_weights(models.architecture, weights)
    for keras_layer, names in _weight_names(models):
        keras_layer.set_weights([weights[name] for name in names])


def dump_weights(models: _Parts) -> Weights:
    """The weights of the models.

    Returns:
        Name -> float32 array, in the architecture's order.
    """
    found: Weights = {}
    for keras_layer, names in _weight_names(models):
        found |= dict(zip(names, map(np.asarray, keras_layer.get_weights()), strict=True))
    return {name: found[name] for name in models.architecture.weight_shapes()}


def _weight_names(models: _Parts) -> list[tuple[KerasLayer, tuple[str, ...]]]:
    """Each Keras layer that has weights, with their names in the order in which Keras lists them."""
    by_name = {layer.name: layer for model in (models.encoder, models.decoder) for layer in model.layers}
    pairs: list[tuple[KerasLayer, tuple[str, ...]]] = []
    for layer in models.architecture.layers:
        assert isinstance(layer, DenseLayer)  # hidden_layers has refused others
        pairs.append((by_name[_keras_name(layer)], (f"{layer.name}/kernel", f"{layer.name}/bias")))
        if layer.batch_normalization != "none":
            parts = ("gamma", "beta", "moving_mean", "moving_variance")
            pairs.append((by_name[_normalization_name(layer)], tuple(f"{layer.name}/{part}" for part in parts)))
    return pairs


@dataclass(frozen=True)
class KerasAutoencoder:
    """An autoencoder and its parts, which share their layers.

    Examples are float32 (n, height, width, channels), for points (n, 1, 2, 1); labels are float32 (n, n_classes) if
    they are one-hot, (n, 1) if they are numbers. Where the network is not conditional, no model takes labels.

    Attributes:
        architecture: What they were built from.
        encoder: [example, label] -> code, (n, latent_dim).
        decoder: [code, label] -> example.
        autoencoder: [example, label] -> example.
    """

    architecture: Architecture
    encoder: KerasModel
    decoder: KerasModel
    autoencoder: KerasModel

    __repr__ = short_repr


@float32()
def build_keras_autoencoder(model: ModelSettings, shape: DataShape, weights: Weights | None = None) -> KerasAutoencoder:
    """Build the Keras models of a configuration.

    Args:
        model: The network.
        shape: Of the data.
        weights: Name -> float32 array; without them the layers have Keras's own initial weights.

    Raises:
        WeightsError: The weights are not those of the network, or the network is no autoencoder.
    """
    architecture = plan(model, shape)
    if architecture.is_variational:
        raise WeightsError(f"A Keras autoencoder cannot be made of a model of the kind {model.kind}.")
    models = _assembled_autoencoder(architecture)
    if weights is not None:
        load_weights(models, weights)
    return models


def _assembled_autoencoder(architecture: Architecture) -> KerasAutoencoder:
    example = keras.Input(architecture.shape.image_shape, name="example")
    labels = _label_inputs(architecture)
    numbers = keras.layers.Flatten(name="coordinates")(example)
    code = dense(architecture.z_mean)(hidden_layers(architecture.encoder, joined([numbers, *labels])))
    decoder = _autoencoder_decoder(architecture)
    return KerasAutoencoder(
        architecture=architecture,
        encoder=keras.Model([example, *labels], code, name="encoder"),
        decoder=decoder,
        autoencoder=keras.Model([example, *labels], decoder([code, *labels] if labels else code), name="autoencoder"),
    )


def _autoencoder_decoder(architecture: Architecture) -> KerasModel:
    code = keras.Input((architecture.latent_dim,), name="code")
    labels = _label_inputs(architecture)
    numbers = dense(architecture.output)(hidden_layers(architecture.decoder, joined([code, *labels])))
    example = keras.layers.Reshape(architecture.shape.image_shape, name="reconstruction")(numbers)
    return keras.Model([code, *labels], example, name="decoder")


def _label_inputs(architecture: Architecture) -> list[KerasModel]:
    """The label's input, if the network takes one."""
    if not architecture.conditional:
        return []
    width = architecture.shape.n_classes if architecture.label_code == "one_hot" else 1
    return [keras.Input((width,), name="label")]


AnyModels = KerasModels | KerasAutoencoder


def build_models(model: ModelSettings, shape: DataShape, weights: Weights | None = None) -> AnyModels:
    """Build the Keras models of whatever kind a configuration names.

    Args:
        model: The network; those with a posterior become a ``KerasModels``, others a ``KerasAutoencoder``.
        shape: Of the data.
        weights: Name -> float32 array; without them the layers have Keras's own initial weights.

    Raises:
        WeightsError: The weights are not those of the network.
    """
    build = build_keras_models if plan(model, shape).is_variational else build_keras_autoencoder
    return build(model, shape, weights)
