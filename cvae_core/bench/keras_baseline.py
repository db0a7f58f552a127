"""The usual ways: the tutorial's network trained with ``fit`` and decoded with ``predict``, and the bare products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from cvae_core.models.keras_setup import keras
from cvae_core.records import Bytes, Labels

_PIXELS: Final = 784
_CLASSES: Final = 10
_LATENT: Final = 8
_WIDTH: Final = 256
_DROPOUT: Final = 0.3
BATCH: Final = 500


class KerasPeer:
    """The tutorial's CVAE as its readers write it: functional layers, a loss over their outputs, ``fit``.

    Args:
        images: uint8 (n, 28, 28, 1).
        labels: int64 (n,).
    """

    def __init__(self, images: Bytes, labels: Labels) -> None:
        self._x = images.reshape(len(images), _PIXELS).astype(np.float32) / 255.0
        self._y = np.eye(_CLASSES, dtype=np.float32)[labels]
        self._cvae, self._decoder = _tutorial_models()

    def fit_epoch(self) -> None:
        """Train for one epoch in batches of 500."""
        self._cvae.fit([self._x, self._y], self._x, batch_size=BATCH, epochs=1, shuffle=True, verbose=0)

    def decode_one_by_one(self, count: int) -> None:
        """Decode ``count`` codes with a ``predict`` each."""
        condition = self._y[:1]
        for _ in range(count):
            self._decoder.predict([np.zeros((1, _LATENT), np.float32), condition], verbose=0)


def _tutorial_models() -> tuple[Any, Any]:
    """The CVAE compiled for training, and its decoder."""
    layers = keras.layers
    image, condition = keras.Input((_PIXELS,)), keras.Input((_CLASSES,))
    hidden = layers.Dense(_WIDTH, activation="relu")(layers.concatenate([image, condition]))
    hidden = layers.Dropout(_DROPOUT)(layers.BatchNormalization()(hidden))
    z_mean, z_log_var = layers.Dense(_LATENT)(hidden), layers.Dense(_LATENT)(hidden)
    decoder = _tutorial_decoder()
    decoded = decoder([_Sampling()([z_mean, z_log_var]), condition])
    cvae = keras.Model([image, condition], layers.concatenate([decoded, z_mean, z_log_var]))
    cvae.compile(optimizer=keras.optimizers.Adam(1e-3), loss=_tutorial_loss)
    return cvae, decoder


def _tutorial_decoder() -> Any:
    layers = keras.layers
    z, condition = keras.Input((_LATENT,)), keras.Input((_CLASSES,))
    hidden = layers.LeakyReLU(negative_slope=0.3)(layers.Dense(_WIDTH)(layers.concatenate([z, condition])))
    hidden = layers.Dropout(_DROPOUT)(layers.BatchNormalization()(hidden))
    return keras.Model([z, condition], layers.Dense(_PIXELS, activation="sigmoid")(hidden))


def _tutorial_loss(image: Any, output: Any) -> Any:
    """(Cross-entropy summed over pixels + KL) / 2 / 784, as the tutorial scales it."""
    ops = keras.ops
    decoded, z_mean, z_log_var = ops.split(output, [_PIXELS, _PIXELS + _LATENT], axis=-1)
    cross_entropy = _PIXELS * keras.losses.binary_crossentropy(image, decoded)
    kl = 0.5 * ops.sum(ops.square(z_mean) + ops.exp(z_log_var) - 1.0 - z_log_var, axis=-1)
    return (cross_entropy + kl) / (2.0 * _PIXELS)


def _sampling_layer() -> type:
    class Sampling(keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            z_mean, z_log_var = inputs
            return z_mean + keras.ops.exp(0.5 * z_log_var) * keras.random.normal(keras.ops.shape(z_mean))

    return Sampling


_Sampling: Final = _sampling_layer()


def matrix_products(steps: int) -> Callable[[], None]:
    """The products that ``steps`` training steps cannot do without, forward and backward, in NumPy's BLAS.

    Returns:
        A function that computes them and throws them away.
    """
    random = np.random.default_rng(0)
    layers = ((_PIXELS + _CLASSES, _WIDTH), (_WIDTH, 2 * _LATENT), (_LATENT + _CLASSES, _WIDTH), (_WIDTH, _PIXELS))
    inputs = [random.standard_normal((BATCH, a), np.float32) for a, _ in layers]
    kernels = [random.standard_normal(shape, np.float32) for shape in layers]
    gradients = [random.standard_normal((BATCH, b), np.float32) for _, b in layers]

    def multiply() -> None:
        for _ in range(steps):
            for number, (x, kernel, gradient) in enumerate(zip(inputs, kernels, gradients, strict=True)):
                np.matmul(x, kernel)
                np.matmul(x.T, gradient)
                if number > 0:  # nobody asks for the gradient of the images
                    np.matmul(gradient, kernel.T)

    return multiply
