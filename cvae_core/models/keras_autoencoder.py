"""An autoencoder as Keras models, of standard layers alone: the tutorial's ``deep_ae``."""

from __future__ import annotations

from dataclasses import dataclass

from cvae_core.architecture import Architecture, DataShape, Weights, plan
from cvae_core.config import ModelSettings
from cvae_core.errors import WeightsError
from cvae_core.models.keras_models import KerasModel, dense, hidden_layers, joined, load_weights
from cvae_core.models.keras_tensorflow import float32, keras
from cvae_core.short_repr import short_repr


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
    models = _assembled(architecture)
    if weights is not None:
        load_weights(models, weights)
    return models


def _assembled(architecture: Architecture) -> KerasAutoencoder:
    example = keras.Input(architecture.shape.image_shape, name="example")
    labels = _label_inputs(architecture)
    numbers = keras.layers.Flatten(name="coordinates")(example)
    code = dense(architecture.z_mean)(hidden_layers(architecture.encoder, joined([numbers, *labels])))
    decoder = _decoder(architecture)
    return KerasAutoencoder(
        architecture=architecture,
        encoder=keras.Model([example, *labels], code, name="encoder"),
        decoder=decoder,
        autoencoder=keras.Model([example, *labels], decoder([code, *labels] if labels else code), name="autoencoder"),
    )


def _decoder(architecture: Architecture) -> KerasModel:
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
