"""A trained network in plain Keras layers, which knows only the names of a snapshot's weights."""

from __future__ import annotations

import keras
import numpy as np

from cvae_core.architecture import DataShape
from cvae_core.records import Split


class PlainKeras:
    """Dense, BatchNormalization and activations, one after the other.

    Args:
        weights: Of a snapshot, by name.
        conditional: Whether labels are given.
        normalization: "none", or where it stands beside the activation: "before", "after".
        shape: Of the images.
        activations: Of the encoder and the decoder.
    """

    def __init__(
        self,
        weights: dict[str, np.ndarray],
        conditional: bool,
        normalization: str,
        shape: DataShape,
        activations: tuple[str, str] = ("relu", "leaky_relu"),
    ) -> None:
        self.weights, self.conditional, self.normalization = weights, conditional, normalization
        self.shape, self.activations = shape, dict(zip(("encoder", "decoder"), activations, strict=True))

    def dense(self, name: str, x: np.ndarray) -> np.ndarray:
        kernel, bias = self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]
        layer = keras.layers.Dense(len(bias))
        layer.build((None, len(kernel)))
        layer.set_weights([kernel, bias])
        return layer(x)

    def normalized(self, name: str, x: np.ndarray) -> np.ndarray:
        layer = keras.layers.BatchNormalization()
        layer.build(x.shape)
        layer.set_weights(
            [self.weights[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        )
        return layer(x, training=False)

    def hidden(self, stack: str, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
        if self.conditional:
            x = np.concatenate([x, np.eye(self.shape.n_classes)[labels]], axis=1).astype(np.float32)
        activation = _activation(self.activations[stack])
        for i in range(sum(name.startswith(f"{stack}/") and name.endswith("/kernel") for name in self.weights)):
            x = self.dense(f"{stack}/{i}", x)
            x = self.normalized(f"{stack}/{i}", x) if self.normalization == "before" else x
            x = activation(x)
            x = self.normalized(f"{stack}/{i}", x) if self.normalization == "after" else x
        return x

    def encode(self, data: Split) -> tuple[np.ndarray, np.ndarray]:
        pixels = data.images.reshape(len(data.images), -1).astype(np.float32) / 255
        h = self.hidden("encoder", pixels, data.labels)
        return np.array(self.dense("z_mean", h)), np.array(self.dense("z_log_var", h))

    def logits(self, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return np.array(self.dense("output", self.hidden("decoder", z.astype(np.float32), labels)))

    def pictures(self, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
        probabilities = np.array(keras.layers.Activation("sigmoid")(self.logits(z, labels)))
        return np.rint(255 * probabilities).astype(int).reshape(-1, *self.shape.image_shape)


def _activation(name: str) -> keras.layers.Layer:
    """As the tutorial's and the presets' are; the slope of a leaky one is the tutorial's."""
    return keras.layers.LeakyReLU(negative_slope=0.3) if name == "leaky_relu" else keras.layers.Activation(name)
