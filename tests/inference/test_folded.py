"""The folded network against Keras."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings

import numpy as np
import pytest

from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.errors import DataError, WeightsError
from cvae_core.inference import FoldedNetwork, folded
from cvae_core.inference.folded import ACTIVATIONS, erf, sigmoid
from tests.networks import random_split, random_weights

SHAPE = DataShape(4, 3, 2, 3)
MODEL = ModelConfig(latent_dim=2, hidden_widths=(5, 4))


def network(model: ModelConfig = MODEL) -> FoldedNetwork:
    return FoldedNetwork(model, SHAPE, random_weights(model, SHAPE))


def test_probabilities_are_the_sigmoid_of_the_logits() -> None:
    z = np.random.default_rng(1).normal(0, 3, (6, 2)).astype(np.float32)
    labels = np.arange(6) % 3
    logits = network().decode_outputs(z, labels)
    assert logits.shape == (6, 24) and logits.min() < 0
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), network().decode(z, labels).reshape(6, 24), atol=1e-6)


def test_bytes_floats_and_flat_images_are_the_same() -> None:
    data = random_split(SHAPE, 5)
    expected = network().encode(data.images, data.labels)[0]
    floats = data.images / 255.0
    np.testing.assert_allclose(network().encode(floats, data.labels)[0], expected, atol=1e-6)
    np.testing.assert_allclose(network().encode(floats.reshape(5, -1), data.labels)[0], expected, atol=1e-6)


def test_large_inputs_are_cut_into_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random_split(SHAPE, 10)
    whole = network().reconstruct(data.images, data.labels)
    monkeypatch.setattr(folded, "_ROWS_AT_A_TIME", 3)
    np.testing.assert_allclose(network().reconstruct(data.images, data.labels), whole, atol=1e-6)


def test_no_images_give_no_codes() -> None:
    data = random_split(SHAPE, 0)
    assert network().encode(data.images, data.labels)[0].shape == (0, 2)
    assert network().decode(np.zeros((0, 2), np.float32), data.labels).shape == (0, 4, 3, 2)


def test_sigmoid_is_quiet_at_the_ends() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(sigmoid(np.array([-1e4, 0, 1e4], np.float32)), [0, 0.5, 1], atol=1e-30)


def test_error_function_is_right_to_single_precision_and_exact_far_out() -> None:
    x = np.concatenate([np.linspace(-7, 7, 20_001), [-1e30, -0.0, 1e30]]).astype(np.float32)
    np.testing.assert_allclose(erf(x), [math.erf(value) for value in x], atol=6e-7)
    gelu = ACTIVATIONS["gelu"](np.array([-1e6, -20, 20, 1e6], np.float32))
    assert gelu.dtype == erf(x).dtype == np.float32
    assert gelu.tolist() == [0, 0, 20, 1e6]


@pytest.mark.parametrize("labels", [[3], [-1], [0, 0]])
def test_wrong_labels_are_refused(labels: list[int]) -> None:
    with pytest.raises(DataError):
        network().encode(random_split(SHAPE, 1).images, np.array(labels))


def test_wrong_shapes_are_refused() -> None:
    labels = np.zeros(1, np.int64)
    with pytest.raises(DataError, match="24 pixels"):
        network().encode(np.zeros((1, 5, 5, 1), np.uint8), labels)
    with pytest.raises(DataError, match="2 numbers"):
        network().decode(np.zeros((1, 3), np.float32), labels)


def test_wrong_weights_are_refused() -> None:
    weights = random_weights(MODEL, SHAPE)
    del weights["output/bias"]
    with pytest.raises(WeightsError, match="lack output/bias"):
        FoldedNetwork(MODEL, SHAPE, weights)


def test_codes_far_away_are_decoded_whatever_numpy_is_told_to_raise() -> None:
    """Probabilities near 0 and 1 come from exponentials that underflow to zero, as they should."""
    z, labels = np.full((2, 2), 1e4, np.float32), np.zeros(2, np.int64)
    expected = network().decode(z, labels)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(network().decode(z, labels), expected)


def test_needs_neither_tensorflow_nor_scipy() -> None:
    code = "import sys, cvae_core.inference; sys.exit(bool({'tensorflow', 'keras', 'scipy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
