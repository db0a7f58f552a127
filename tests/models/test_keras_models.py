"""The same network in Keras, in TensorFlow and folded in NumPy."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae_core.architecture import DataShape, DenseLayer, plan
from cvae_core.config.run import AutoencoderConfig, ModelConfig, ModelSettings
from cvae_core.errors import DataError, WeightsError
from cvae_core.inference import FoldedNetwork
from cvae_core.likelihoods import SQUARED_ERROR, likelihood
from cvae_core.models.keras_models import build_models
from cvae_core.models.network import condition_of, forward
from tests.networks import dump_weights, models, one_hot, random_split, random_weights, shapes

SHAPE = DataShape(4, 3, 2, 3)
MODEL = ModelConfig(latent_dim=2, hidden_widths=(5, 4))
POINTS = DataShape(1, 2, 1, 3)
CONDITIONAL = AutoencoderConfig(conditional=True, latent_dim=2, hidden_widths=(5, 4))
autoencoders = st.builds(
    AutoencoderConfig,
    conditional=st.booleans(),
    label_code=st.sampled_from(("one_hot", "number")),
    latent_dim=st.integers(1, 5),
    hidden_widths=st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple),
    encoder_activation=st.sampled_from(("elu", "gelu")),
    decoder_activation=st.sampled_from(("elu", "tanh")),
)


def points_and_labels(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return generator.normal(0.0, 2.0, (count, 1, 2, 1)).astype(np.float32), generator.integers(0, 3, count)


def assert_all_agree(model: ModelSettings, shape: DataShape, images: np.ndarray, labels: np.ndarray) -> None:
    """Posterior, decoded images and weights are the same in Keras, in TensorFlow and folded."""
    weights, architecture = random_weights(model, shape), plan(model, shape)
    built, folded = build_models(model, shape, weights), FoldedNetwork(model, shape, weights)
    assert list(dumped := dump_weights(built)) == list(weights)
    assert all((dumped[name] == weights[name]).all() for name in weights)
    condition = np.asarray(condition_of(architecture, labels.astype(np.int32)))
    inputs = [condition] if model.conditional else []
    noise = np.random.default_rng(0).normal(size=(len(images), model.latent_dim)).astype(np.float32)
    passed = forward(architecture, weights, images.reshape(len(images), -1), condition, noise)
    z_mean, z_log_var = folded.encode(images, labels)
    assert z_mean.dtype == np.float32 and not passed.statistics
    np.testing.assert_allclose(z_mean, built.z_mean([images, *inputs]), atol=1e-5)
    np.testing.assert_allclose(z_mean, passed.z_mean, atol=1e-5)
    z = z_mean
    if built.z_log_var is None:
        assert passed.z_log_var is None and np.isneginf(z_log_var).all() and z_log_var.shape == z_mean.shape
        np.testing.assert_allclose(built.whole([images, *inputs]), folded.reconstruct(images, labels), atol=1e-5)
    else:
        np.testing.assert_allclose(z_log_var, built.z_log_var([images, *inputs]), atol=1e-5)
        np.testing.assert_allclose(z_log_var, passed.z_log_var, atol=1e-5)
        z = (passed.z_mean + tf.exp(0.5 * passed.z_log_var) * noise).numpy()
    decoded = folded.decode(z, labels)
    assert decoded.dtype == np.float32 and decoded.shape == images.shape
    np.testing.assert_allclose(decoded, built.decoder([z, *inputs]), atol=1e-5)
    mean = likelihood(architecture.likelihood).mean(np.asarray(passed.outputs))
    np.testing.assert_allclose(decoded.reshape(len(images), -1), mean, atol=1e-5)


@given(models, shapes)
@settings(max_examples=25)
def test_all_runtimes_agree(model: ModelConfig, shape: DataShape) -> None:
    data = random_split(shape, 6)
    assert_all_agree(model, shape, data.images.astype(np.float32) / 255, data.labels)


@given(autoencoders)
@settings(max_examples=25)
def test_all_runtimes_agree_on_points(model: AutoencoderConfig) -> None:
    assert_all_agree(model, POINTS, *points_and_labels())


def test_all_runtimes_agree_at_the_size_of_the_tutorial() -> None:
    shape = DataShape(28, 28, 1, 10)
    data = random_split(shape, 50)
    assert_all_agree(ModelConfig(), shape, data.images.astype(np.float32) / 255, data.labels)


def test_the_networks_are_the_tutorials() -> None:
    cvae = build_models(ModelConfig(), DataShape(28, 28, 1, 10))
    hidden = ["Concatenate", "Dense", "LeakyReLU", "BatchNormalization", "Dropout"]
    assert kinds(cvae.decoder) == [*hidden, "Dense", "Activation", "Reshape"]
    assert cvae.encoder.count_params() == 794 * 256 + 256 + 4 * 256 + 2 * (256 * 8 + 8)
    assert cvae.decoder.output_shape == (None, 28, 28, 1)
    plain = build_models(AutoencoderConfig(), DataShape(1, 2, 1, 2))
    assert plain.z_log_var is None and plain.style_transfer is None
    hidden = ["Dense", "ELU", "Dense", "ELU", "Dense"]
    assert [*kinds(plain.encoder), *kinds(plain.decoder)] == ["Flatten", *hidden, *hidden, "Reshape"]
    assert plain.whole.count_params() == 2 * (64 * 64 + 64) + (2 * 64 + 64) + 65 + (64 + 64) + (64 * 2 + 2)
    conditional = plan(AutoencoderConfig(conditional=True), DataShape(1, 2, 1, 2))
    assert conditional.layers == (
        DenseLayer("encoder/0", 3, 64, "elu"),
        DenseLayer("encoder/1", 64, 64, "elu"),
        DenseLayer("z_mean", 64, 1),
        DenseLayer("decoder/0", 2, 64, "elu"),
        DenseLayer("decoder/1", 64, 64, "elu"),
        DenseLayer("output", 64, 2),
    )
    assert not conditional.is_variational and conditional.kl_terms == 0


def kinds(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers if type(layer).__name__ != "InputLayer"]


@pytest.mark.parametrize(("code", "inputs"), [("one_hot", 5), ("number", 3)])
def test_the_label_takes_as_many_inputs_as_its_form_has(code: str, inputs: int) -> None:
    network = plan(AutoencoderConfig(conditional=True, label_code=code), POINTS)
    assert (network.encoder[0].inputs, network.decoder[0].inputs) == (inputs, inputs - 1)


def test_style_transfer_decodes_the_mean_with_another_label() -> None:
    built = build_models(MODEL, SHAPE, random_weights(MODEL, SHAPE))
    data = random_split(SHAPE, 3)
    images = data.images.astype(np.float32) / 255
    own, other = one_hot(data.labels, SHAPE), one_hot((data.labels + 1) % 3, SHAPE)
    expected = built.decoder([np.asarray(built.z_mean([images, own])), other])
    np.testing.assert_allclose(built.style_transfer([images, own, other]), expected, atol=1e-6)


def test_the_encoder_samples_around_the_mean() -> None:
    built = build_models(MODEL, SHAPE, random_weights(MODEL, SHAPE))
    image = np.repeat(random_split(SHAPE, 1).images.astype(np.float32) / 255, 20_000, 0)
    label = one_hot(np.zeros(20_000, int), SHAPE)
    z = np.asarray(built.encoder([image, label]))
    mean, log_var = (np.asarray(part([image[:1], label[:1]]))[0] for part in (built.z_mean, built.z_log_var))
    deviation = np.exp(0.5 * log_var)
    np.testing.assert_allclose(z.mean(0), mean, atol=0.05 * deviation.max())
    np.testing.assert_allclose(z.std(0), deviation, rtol=0.03)


def test_unconditional_models_take_no_labels() -> None:
    built = build_models(ModelConfig(conditional=False, hidden_widths=(3,)), SHAPE)
    assert len(built.whole.inputs) == len(built.decoder.inputs) == 1
    assert built.style_transfer is None


def test_a_whole_model_is_saved_and_loaded(tmp_path: Path) -> None:
    built = build_models(MODEL, SHAPE, random_weights(MODEL, SHAPE))
    built.whole.save(tmp_path / "cvae.keras")
    loaded = keras.models.load_model(tmp_path / "cvae.keras")
    assert loaded.count_params() == built.whole.count_params()


def test_wrong_weights_are_refused() -> None:
    weights = random_weights(MODEL, SHAPE)
    weights["z_mean/bias"] = np.zeros(3, np.float32)
    with pytest.raises(WeightsError, match="z_mean/bias"):
        build_models(MODEL, SHAPE, weights)


def test_the_squared_error_is_that_of_keras() -> None:
    targets, outputs = np.random.default_rng(1).normal(size=(2, 7, 2)).astype(np.float32)
    ours = SQUARED_ERROR.negative_log_probability(targets, outputs)
    np.testing.assert_allclose(ours, keras.losses.mean_squared_error(targets, outputs), rtol=1e-6)
    np.testing.assert_allclose(ours, np.square(targets - outputs).sum(1) / 2, rtol=1e-6)


def test_points_may_be_flat_and_beyond_the_range_of_pixels() -> None:
    folded = FoldedNetwork(CONDITIONAL, POINTS, random_weights(CONDITIONAL, POINTS))
    points, labels = points_and_labels()
    assert points.min() < 0 and points.max() > 1
    np.testing.assert_array_equal(folded.encode(points.reshape(6, 2), labels)[0], folded.encode(points, labels)[0])
    with pytest.raises(DataError, match="from 0 to 2"):
        folded.decode(np.zeros((1, 2), np.float32), np.array([3]))
