"""The network as Keras models."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings

from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.errors import WeightsError
from cvae_core.models.keras_models import build_models
from tests.networks import dump_weights, models, one_hot, random_split, random_weights, shapes

SHAPE = DataShape(4, 3, 2, 3)
MODEL = ModelConfig(latent_dim=2, hidden_widths=(5, 4))


@given(models, shapes)
@settings(max_examples=15)
def test_weights_survive_the_trip(model: ModelConfig, shape: DataShape) -> None:
    weights = random_weights(model, shape)
    dumped = dump_weights(build_models(model, shape, weights))
    assert list(dumped) == list(weights)
    for name, array in weights.items():
        np.testing.assert_array_equal(dumped[name], array)


def test_tutorial_network_is_the_tutorials() -> None:
    built = build_models(ModelConfig(), DataShape(28, 28, 1, 10))
    kinds = [type(layer).__name__ for layer in built.decoder.layers if type(layer).__name__ != "InputLayer"]
    hidden = ["Concatenate", "Dense", "LeakyReLU", "BatchNormalization", "Dropout"]
    assert kinds == [*hidden, "Dense", "Activation", "Reshape"]
    assert built.encoder.count_params() == 794 * 256 + 256 + 4 * 256 + 2 * (256 * 8 + 8)
    assert built.decoder.output_shape == (None, 28, 28, 1)


def test_style_transfer_decodes_the_mean_with_another_label() -> None:
    built = build_models(MODEL, SHAPE, random_weights(MODEL, SHAPE))
    data = random_split(SHAPE, 3)
    images = data.images.astype(np.float32) / 255
    own, other = one_hot(data.labels, SHAPE), one_hot((data.labels + 1) % 3, SHAPE)
    expected = built.decoder([np.asarray(built.z_mean([images, own])), other])
    np.testing.assert_allclose(built.style_transfer([images, own, other]), expected, atol=1e-6)


def test_encoder_samples_around_the_mean() -> None:
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


def test_whole_model_is_saved_and_loaded(tmp_path: Path) -> None:
    built = build_models(MODEL, SHAPE, random_weights(MODEL, SHAPE))
    built.whole.save(tmp_path / "cvae.keras")
    loaded = keras.models.load_model(tmp_path / "cvae.keras")
    assert loaded.count_params() == built.whole.count_params()


def test_wrong_weights_are_refused() -> None:
    weights = random_weights(MODEL, SHAPE)
    weights["z_mean/bias"] = np.zeros(3, np.float32)
    with pytest.raises(WeightsError, match="z_mean/bias"):
        build_models(MODEL, SHAPE, weights)
