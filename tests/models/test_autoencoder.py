"""The autoencoder as a plan, in TensorFlow, in Keras and folded: all the same network."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae_core.architecture import DataShape, DenseLayer, plan
from cvae_core.config.run import AutoencoderConfig
from cvae_core.errors import DataError
from cvae_core.inference import FoldedNetwork
from cvae_core.likelihoods import SQUARED_ERROR
from cvae_core.models.keras_models import build_models
from cvae_core.models.network import condition_of, forward
from tests.networks import dump_weights, random_weights

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


def examples(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    points = generator.normal(0.0, 2.0, (count, 1, 2, 1)).astype(np.float32)
    return points, generator.integers(0, 3, count)


def label_inputs(model: AutoencoderConfig, labels: np.ndarray) -> list[np.ndarray]:
    if not model.conditional:
        return []
    as_numbers = labels[:, None].astype(np.float32)
    return [as_numbers if model.label_code == "number" else np.eye(3, dtype=np.float32)[labels]]


def test_the_plan_is_the_tutorials() -> None:
    network = plan(AutoencoderConfig(conditional=True), DataShape(1, 2, 1, 2))
    assert network.layers == (
        DenseLayer("encoder/0", 3, 64, "elu"),
        DenseLayer("encoder/1", 64, 64, "elu"),
        DenseLayer("z_mean", 64, 1),
        DenseLayer("decoder/0", 2, 64, "elu"),
        DenseLayer("decoder/1", 64, 64, "elu"),
        DenseLayer("output", 64, 2),
    )
    assert not network.is_variational and network.kl_terms == 0


@pytest.mark.parametrize(("code", "inputs"), [("one_hot", 5), ("number", 3)])
def test_the_label_takes_as_many_inputs_as_its_form_has(code: str, inputs: int) -> None:
    network = plan(AutoencoderConfig(conditional=True, label_code=code), POINTS)
    assert (network.encoder[0].inputs, network.decoder[0].inputs) == (inputs, inputs - 1)


@given(autoencoders)
@settings(max_examples=25)
def test_all_ways_of_evaluating_it_agree(model: AutoencoderConfig) -> None:
    weights = random_weights(model, POINTS)
    points, labels = examples()
    built, folded = build_models(model, POINTS, weights), FoldedNetwork(model, POINTS, weights)
    inputs = label_inputs(model, labels)
    code, log_variance = folded.encode(points, labels)
    np.testing.assert_allclose(code, built.encoder([points, *inputs]), atol=1e-5)
    assert np.isneginf(log_variance).all() and log_variance.shape == code.shape
    decoded = folded.decode(code, labels)
    assert decoded.dtype == np.float32 and decoded.shape == points.shape
    np.testing.assert_allclose(decoded, built.decoder([code, *inputs]), atol=1e-5)
    np.testing.assert_allclose(folded.reconstruct(points, labels), built.whole([points, *inputs]), atol=1e-5)
    architecture = plan(model, POINTS)
    condition = condition_of(architecture, labels.astype(np.int32))
    passed = forward(architecture, weights, points.reshape(6, 2), condition, np.zeros((6, 0), np.float32))
    np.testing.assert_allclose(passed.z_mean, code, atol=1e-5)
    np.testing.assert_allclose(passed.outputs, decoded.reshape(6, 2), atol=1e-5)
    assert passed.z_log_var is None and not passed.statistics


@given(autoencoders)
@settings(max_examples=10)
def test_weights_survive_the_trip(model: AutoencoderConfig) -> None:
    weights = random_weights(model, POINTS)
    dumped = dump_weights(build_models(model, POINTS, weights))
    assert list(dumped) == list(weights)
    for name, array in weights.items():
        np.testing.assert_array_equal(dumped[name], array)


def test_the_loss_is_that_of_keras() -> None:
    targets, outputs = np.random.default_rng(1).normal(size=(2, 7, 2)).astype(np.float32)
    ours = SQUARED_ERROR.negative_log_probability(targets, outputs)
    np.testing.assert_allclose(ours, keras.losses.mean_squared_error(targets, outputs), rtol=1e-6)
    np.testing.assert_allclose(ours, np.square(targets - outputs).sum(1) / 2, rtol=1e-6)


def test_points_may_come_flat_and_beyond_the_range_of_pixels() -> None:
    folded = FoldedNetwork(CONDITIONAL, POINTS, random_weights(CONDITIONAL, POINTS))
    points, labels = examples()
    assert points.min() < 0 and points.max() > 1
    np.testing.assert_array_equal(folded.encode(points.reshape(6, 2), labels)[0], folded.encode(points, labels)[0])


def test_a_label_that_the_data_do_not_have_is_refused_as_a_number_too() -> None:
    folded = FoldedNetwork(CONDITIONAL, POINTS, random_weights(CONDITIONAL, POINTS))
    with pytest.raises(DataError, match="from 0 to 2"):
        folded.decode(np.zeros((1, 2), np.float32), np.array([3]))


def test_the_keras_models_are_the_tutorials() -> None:
    built = build_models(AutoencoderConfig(), DataShape(1, 2, 1, 2))
    assert built.z_log_var is None and built.style_transfer is None
    layers = [layer for model in (built.encoder, built.decoder) for layer in model.layers]
    kinds = [type(layer).__name__ for layer in layers if type(layer).__name__ != "InputLayer"]
    hidden = ["Dense", "ELU", "Dense", "ELU", "Dense"]
    assert kinds == ["Flatten", *hidden, *hidden, "Reshape"]
    assert built.whole.count_params() == 2 * (64 * 64 + 64) + (2 * 64 + 64) + 65 + (64 + 64) + (64 * 2 + 2)
