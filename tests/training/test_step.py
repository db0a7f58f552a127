"""One training step against the same written plainly with Keras."""

from __future__ import annotations

from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from cvae_core.architecture import DataShape, plan
from cvae_core.config.run import BatchNormalization, ModelConfig
from cvae_core.models.keras_models import build_models
from cvae_core.models.network import Layout, pack, unpack
from cvae_core.training.schedules import adam_step_sizes
from cvae_core.training.step import Batch, Vectors, _dropout_factor, train_step
from tests.networks import dump_weights, one_hot, random_split, random_weights

SHAPE = DataShape(4, 3, 1, 3)
ROWS, STEPS, RATE, BETA = 6, 5, 0.01, 0.7


def _ours(model: ModelConfig, noise: np.ndarray) -> tuple[dict, np.ndarray]:
    architecture = plan(model, SHAPE)
    data = random_split(SHAPE, ROWS)
    parameters, moving = map(tf.constant, pack(architecture, random_weights(model, SHAPE)))
    vectors = Vectors(parameters, tf.zeros_like(parameters), tf.zeros_like(parameters), moving)
    sizes = adam_step_sizes(np.full(STEPS, RATE, np.float32), 0)
    step = tf.function(lambda *given: train_step(architecture, *given), autograph=False)
    for size in sizes:
        images = tf.constant(data.images.reshape(ROWS, -1))
        labels, keys = tf.constant(data.labels, tf.int32), tf.zeros([0, 2], tf.uint32)
        batch = Batch(images, labels, tf.constant(noise), keys, tf.constant(size), tf.constant(BETA, tf.float32))
        vectors, losses = step(vectors, batch)
    return unpack(architecture, vectors.parameters.numpy(), vectors.moving.numpy()), losses.numpy()


def _keras(model: ModelConfig, noise: np.ndarray) -> tuple[dict, np.ndarray]:
    models = build_models(model, SHAPE, random_weights(model, SHAPE))
    data = random_split(SHAPE, ROWS)
    images, labels = data.images.astype(np.float32) / 255, [one_hot(data.labels, SHAPE)] if model.conditional else []
    heads = keras.Model(models.z_mean.inputs, [models.z_mean.output, models.z_log_var.output])
    optimizer = keras.optimizers.Adam(RATE)
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            z_mean, z_log_var = heads([images, *labels], training=True)
            z = z_mean + tf.exp(0.5 * z_log_var) * noise
            decoded = models.decoder([z, *map(tf.constant, labels)], training=True)
            entropy = keras.losses.binary_crossentropy(images.reshape(ROWS, -1), tf.reshape(decoded, [ROWS, -1]))
            kl = -0.5 * tf.reduce_mean(1 + z_log_var - z_mean**2 - tf.exp(z_log_var), 0)
            loss = SHAPE.pixels * tf.reduce_mean(entropy) + BETA * tf.reduce_sum(kl)
        variables = [*heads.trainable_variables, *models.decoder.trainable_variables]
        optimizer.apply(tape.gradient(loss, variables), variables)
    return dump_weights(models), np.array([SHAPE.pixels * tf.reduce_mean(entropy), *kl])


@pytest.mark.parametrize("normalization", get_args(BatchNormalization))
@pytest.mark.parametrize("conditional", [True, False])
def test_steps_equal_those_of_keras(normalization: BatchNormalization, conditional: bool) -> None:
    model = ModelConfig(
        latent_dim=2,
        hidden_widths=(6, 5),
        batch_normalization=normalization,
        conditional=conditional,
        dropout_rate=0,
        encoder_activation="tanh",
        decoder_activation="gelu",
    )
    noise = np.random.default_rng(0).normal(size=(ROWS, 2)).astype(np.float32)
    (ours, losses), (theirs, their_losses) = _ours(model, noise), _keras(model, noise)
    np.testing.assert_allclose(losses, their_losses, rtol=2e-4, atol=1e-4)
    for name, array in theirs.items():
        if normalization == "before" and "/" in name.removesuffix("/bias") and name.endswith("/bias"):
            continue  # its gradient is zero but for rounding, which Adam scales up
        np.testing.assert_allclose(ours[name], array, rtol=2e-3, atol=5e-4, err_msg=name)


def test_dropout_silences_its_share_and_keeps_the_mean() -> None:
    layer = plan(ModelConfig(hidden_widths=(256,)), SHAPE).encoder[0]
    factors = _dropout_factor(layer, 500, tf.constant([7, 8], tf.uint32)).numpy()
    assert set(np.unique(factors)) == {np.float32(0), np.float32(1 / 0.7)}
    silent = factors == 0
    deviation = np.sqrt(0.3 * 0.7)
    assert abs(silent.mean() - 0.3) < 4 * deviation / np.sqrt(silent.size)
    assert abs(silent.mean(0) - 0.3).max() < 5 * deviation / np.sqrt(500)
    assert abs(silent.mean(1) - 0.3).max() < 5 * deviation / np.sqrt(256)


def test_dropout_masks_are_independent() -> None:
    layer = plan(ModelConfig(hidden_widths=(256,)), SHAPE).encoder[0]
    keys = np.random.default_rng(0).integers(0, 2**32, (6, 2), np.uint32)
    keys[1] = keys[0] + np.uint32([1, 0])
    masks = np.array([_dropout_factor(layer, 100, tf.constant(key)).numpy().ravel() for key in keys])
    correlation = np.corrcoef(masks) - np.eye(len(keys))
    assert abs(correlation).max() < 4.5 / np.sqrt(masks.shape[1])
    inner = masks[0] - masks[0].mean()
    lags = [np.mean(inner[:-lag] * inner[lag:]) / inner.var() for lag in (1, 2, 16, 256, 257)]
    assert np.abs(lags).max() < 4.5 / np.sqrt(masks.shape[1])


def test_layout_packs_and_unpacks() -> None:
    model = ModelConfig(hidden_widths=(3, 2))
    weights, architecture = random_weights(model, SHAPE), plan(model, SHAPE)
    unpacked = unpack(architecture, *pack(architecture, weights))
    assert list(unpacked) == list(weights)
    assert all((unpacked[name] == weights[name]).all() for name in weights)
    assert Layout.of(architecture).parameter_count == len(pack(architecture, weights)[0])
