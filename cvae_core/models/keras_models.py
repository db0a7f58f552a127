"""A network as Keras models, on TensorFlow and in float32 whatever the user's Keras settings are.

Everything in this package takes ``keras`` from here. A process chooses the backend once, when Keras is imported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

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
from cvae_core.errors import ConfigError, WeightsError
from cvae_core.likelihoods import likelihood
from cvae_core.text import short_repr

KerasTensor: TypeAlias = Any
KerasModel: TypeAlias = Any
KerasLayer: TypeAlias = Any

_BACKEND: Final = "tensorflow"


def _imported() -> Any:
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = _BACKEND
        os.environ["KERAS_NNX_ENABLED"] = "0"  # for the backend JAX only; TensorFlow fails with it
    try:
        import keras
    except Exception as error:  # Keras checks its settings in many ways when it is imported
        raise ConfigError(
            f"Keras could not be imported: {error}",
            "Check its settings in ~/.keras/keras.json (or keras.json in the folder KERAS_HOME), or remove that file.",
        ) from error
    if keras.config.backend() != _BACKEND:
        raise ConfigError(
            f"Keras models need the backend {_BACKEND}, and Keras already runs on {keras.config.backend()} here.",
            f"Set the environment variable KERAS_BACKEND={_BACKEND} before anything imports Keras.",
        )
    return keras


keras: Final = _imported()


@contextmanager
def float32() -> Iterator[None]:
    """Make new layers float32 with channels last; the process's own settings of Keras are restored at the end."""
    config = keras.config
    before = config.floatx(), config.dtype_policy(), config.image_data_format()
    try:
        config.set_floatx("float32")
        config.set_dtype_policy("float32")
        config.set_image_data_format("channels_last")
        yield
    finally:
        config.set_floatx(before[0])
        config.set_dtype_policy(before[1])
        config.set_image_data_format(before[2])


@keras.saving.register_keras_serializable(package="cvae")
class Sampling(keras.layers.Layer):  # type: ignore[name-defined, misc]
    """z = z_mean + exp(z_log_var / 2) * noise (Kingma and Welling 2014, section 2.4), with new noise at every call.

    Args:
        seed: Makes the noise repeatable.
        options: Those of every Keras layer.
    """

    def __init__(self, seed: int | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: list[KerasTensor]) -> KerasTensor:
        """From z_mean and z_log_var, both float32 (n, latent_dim), to z of the same shape."""
        z_mean, z_log_var = inputs
        noise = keras.random.normal(keras.ops.shape(z_mean), dtype=z_mean.dtype, seed=self.seed_generator)
        return z_mean + keras.ops.exp(0.5 * z_log_var) * noise

    def get_config(self) -> dict[str, Any]:
        """What Keras needs to build the layer again."""
        return {**super().get_config(), "seed": self.seed}


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
    """A network and its parts, which share their layers.

    Images are float32 (n, height, width, channels), 0 to 1; toy points (n, 1, 2, 1). Labels are float32, one-hot
    (n, n_classes) or numbers (n, 1), as the architecture says. Models of an unconditional network take no labels.

    Attributes:
        architecture: Of the network.
        encoder: [image, label] -> sampled z, (n, latent_dim); the code itself of a plain autoencoder.
        z_mean: [image, label] -> mean of the posterior, (n, latent_dim).
        z_log_var: [image, label] -> log-variance of the posterior; ``None`` for a plain autoencoder.
        decoder: [z, label] -> image.
        whole: [image, label] -> image, decoded from the encoder's output.
        style_transfer: [image, its label, another label] -> z_mean decoded with the other label; ``None`` for a plain
            autoencoder or without labels.
    """

    architecture: Architecture
    encoder: KerasModel
    z_mean: KerasModel
    z_log_var: KerasModel | None
    decoder: KerasModel
    whole: KerasModel
    style_transfer: KerasModel | None

    __repr__ = short_repr


@float32()
def build_models(model: ModelSettings, shape: DataShape, weights: Weights | None = None) -> KerasModels:
    """Build the Keras models of a configuration, with weights (name -> float32 array) or Keras's initial ones.

    Raises:
        WeightsError: The weights belong to another network, or Keras has no layer for an operation or the likelihood.
    """
    architecture = plan(model, shape)
    image = keras.Input(shape.image_shape, name="image")
    labels = _label_inputs(architecture)
    hidden = _stack(architecture.encoder, [keras.layers.Flatten(name="pixels")(image), *labels])
    code = mean = _dense(architecture.z_mean)(hidden)
    z_mean = keras.Model([image, *labels], mean, name="z_mean_model")
    decoder = _decoder(architecture)
    z_log_var = style_transfer = None
    if architecture.z_log_var is not None:
        log_var = _dense(architecture.z_log_var)(hidden)
        z_log_var = keras.Model([image, *labels], log_var, name="z_log_var_model")
        code = Sampling(name="z")([mean, log_var])
        if labels:
            source, target = _label_inputs(architecture, "source_label"), _label_inputs(architecture, "target_label")
            transferred = decoder([z_mean([image, *source]), *target])
            style_transfer = keras.Model([image, *source, *target], transferred, name="style_transfer")
    models = KerasModels(
        architecture=architecture,
        encoder=keras.Model([image, *labels], code, name="encoder"),
        z_mean=z_mean,
        z_log_var=z_log_var,
        decoder=decoder,
        whole=keras.Model([image, *labels], decoder([code, *labels] if labels else code), name="whole"),
        style_transfer=style_transfer,
    )
    if weights is not None:
        _load_weights(models, weights)
    return models


def _label_inputs(architecture: Architecture, name: str = "label") -> list[KerasTensor]:
    """The input for the label, if the network takes one."""
    width = architecture.shape.n_classes if architecture.label_code == "one_hot" else 1
    return [keras.Input((width,), name=name)] if architecture.conditional else []


def _decoder(architecture: Architecture) -> KerasModel:
    mean = likelihood(architecture.likelihood).keras_activation
    if not mean:
        raise WeightsError(f"Keras models cannot have the likelihood {architecture.likelihood!r}.")
    z = keras.Input((architecture.latent_dim,), name="z")
    labels = _label_inputs(architecture)
    outputs = _dense(architecture.output)(_stack(architecture.decoder, [z, *labels]))
    if mean != "linear":
        outputs = keras.layers.Activation(mean, name="probabilities")(outputs)
    image = keras.layers.Reshape(architecture.shape.image_shape, name="image")(outputs)
    return keras.Model([z, *labels], image, name="decoder")


def _stack(operations: tuple[Operation, ...], inputs: list[KerasTensor]) -> KerasTensor:
    """The inputs side by side, and then each layer with its activation, normalisation and dropout."""
    x = keras.layers.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]
    for layer in operations:
        if not isinstance(layer, DenseLayer):
            raise WeightsError(f"Keras models cannot have the operation {layer.name} ({type(layer).__name__}).")
        name = _keras_name(layer)
        parts = [_dense(layer), _ACTIVATIONS[layer.activation](f"{name}_activation")]
        if layer.batch_normalization != "none":
            normalization = keras.layers.BatchNormalization(
                momentum=BATCH_NORM_MOMENTUM, epsilon=BATCH_NORM_EPSILON, name=f"{name}_normalization"
            )
            parts.insert(1 if layer.batch_normalization == "before" else 2, normalization)
        if layer.dropout_rate > 0.0:
            parts.append(keras.layers.Dropout(layer.dropout_rate, name=f"{name}_dropout"))
        for part in parts:
            x = part(x)
    return x


def _dense(layer: DenseLayer) -> KerasLayer:
    return keras.layers.Dense(layer.outputs, name=_keras_name(layer))


def _keras_name(layer: DenseLayer) -> str:
    return layer.name.replace("/", "_")


def _load_weights(models: KerasModels, weights: Weights) -> None:
    check_weights(models.architecture, weights)
    parts = (models.z_mean, models.z_log_var, models.decoder)
    keras_layers = {layer.name: layer for model in parts if model is not None for layer in model.layers}
    for layer in models.architecture.layers:
        assert isinstance(layer, DenseLayer)  # _stack has refused others
        arrays = [weights[name] for name in layer.weight_shapes()]
        keras_layers[_keras_name(layer)].set_weights(arrays[:2])
        if layer.batch_normalization != "none":
            keras_layers[f"{_keras_name(layer)}_normalization"].set_weights(arrays[2:])
