"""The TensorFlow network and the terms of its loss."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from cvae_core.architecture import DataShape, plan
from cvae_core.config.run import ModelConfig
from cvae_core.likelihoods import BERNOULLI
from cvae_core.models.keras_models import build_models
from cvae_core.models.network import forward, kl_per_dimension
from tests.networks import models, one_hot, random_split, random_weights, shapes


@given(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
@settings(max_examples=20)
def test_kl_equals_its_integral(mean: float, log_var: float) -> None:
    posterior, prior = stats.norm(mean, np.exp(log_var / 2)), stats.norm()
    reach = 12.0 * posterior.std()

    def integrand(z: float) -> float:
        return posterior.pdf(z) * (posterior.logpdf(z) - prior.logpdf(z))

    expected, _ = integrate.quad(integrand, mean - reach, mean + reach)
    found = kl_per_dimension(tf.constant([[mean]], tf.float32), tf.constant([[log_var]], tf.float32))
    np.testing.assert_allclose(found.numpy()[0, 0], expected, rtol=1e-4, atol=1e-5)


def test_kl_of_the_prior_is_zero() -> None:
    assert not kl_per_dimension(tf.zeros([2, 3]), tf.zeros([2, 3])).numpy().any()


def test_loss_is_the_tutorials_times_twice_784() -> None:
    generator = np.random.default_rng(0)
    images = generator.uniform(0, 1, (5, 784)).astype(np.float32)
    logits = generator.normal(0, 3, (5, 784)).astype(np.float32)
    z_mean, z_log_var = generator.normal(0, 1, (2, 5, 8)).astype(np.float32)
    probabilities = 1.0 / (1.0 + np.exp(-logits.astype(np.float64)))
    cross_entropy = -np.mean(images * np.log(probabilities) + (1 - images) * np.log(1 - probabilities), axis=-1)
    kl_loss = -0.5 * np.sum(1 + z_log_var - z_mean**2 - np.exp(z_log_var), axis=-1)
    tutorial = (784 * cross_entropy + kl_loss) / 2 / 784
    ours = BERNOULLI.negative_log_probability(images, logits).numpy() + kl_per_dimension(z_mean, z_log_var).numpy().sum(
        1
    )
    np.testing.assert_allclose(ours / (2 * 784), tutorial, rtol=1e-5)


def test_reconstruction_gradient_and_extreme_logits() -> None:
    images = tf.constant([[0.0, 1.0, 0.3, 0.0, 1.0]])
    logits = tf.constant([[0.2, -1.5, 2.0, 200.0, -300.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        ours = 2.0 * BERNOULLI.negative_log_probability(images, logits)
        plain = 2.0 * tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(images, logits), 1)
    np.testing.assert_allclose(ours, plain, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(tape.gradient(ours, logits), tape.gradient(plain, logits), rtol=1e-5, atol=1e-6)


@given(models, shapes)
@settings(max_examples=10)
def test_training_statistics_equal_those_of_keras(model: ModelConfig, shape: DataShape) -> None:
    """Dropout left out: Keras draws its own."""
    model = model.model_copy(update={"dropout_rate": 0.0})
    weights = random_weights(model, shape)
    data = random_split(shape, 6)
    images, labels = data.images.astype(np.float32) / 255, one_hot(data.labels, shape)
    keras_models = build_models(model, shape, weights)
    inputs = [images, labels] if model.conditional else [images]
    zeros = np.zeros((6, model.latent_dim), np.float32)
    passed = forward(plan(model, shape), weights, images.reshape(6, -1), labels, zeros, dropout={})
    np.testing.assert_allclose(passed.z_mean, keras_models.z_mean(inputs, training=True), atol=1e-4)
    assert set(passed.statistics) == {name for name in weights if "/moving_" in name}
