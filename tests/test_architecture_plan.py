"""The plan of the network: layers, sizes, names of weights."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from cvae_core.architecture import DataShape, DenseLayer, Weights, check_weights, plan
from cvae_core.config.run import ModelConfig
from cvae_core.errors import WeightsError

MNIST = DataShape(28, 28, 1, 10)
SMALL = plan(ModelConfig(latent_dim=2, hidden_widths=(3,)), DataShape(2, 3, 1, 2))


def zeros() -> Weights:
    return {name: np.zeros(shape, np.float32) for name, shape in SMALL.weight_shapes().items()}


def test_the_tutorials_network() -> None:
    network = plan(ModelConfig(), MNIST)
    assert network.encoder == (DenseLayer("encoder/0", 794, 256, "relu", "after", 0.3),)
    assert network.z_mean == DenseLayer("z_mean", 256, 8)
    assert network.z_log_var == DenseLayer("z_log_var", 256, 8)
    assert network.decoder == (DenseLayer("decoder/0", 18, 256, "leaky_relu", "after", 0.3),)
    assert network.output == DenseLayer("output", 256, 784)
    weights = sum(prod(shape) for shape in network.weight_shapes().values())
    assert weights == 794 * 256 + 256 + 2 * (256 * 8 + 8) + 18 * 256 + 256 + 256 * 784 + 784 + 2 * 4 * 256


def test_the_plain_vae_sees_no_label() -> None:
    network = plan(ModelConfig(conditional=False), MNIST)
    assert (network.encoder[0].inputs, network.decoder[0].inputs) == (784, 8)


def test_the_decoder_mirrors_the_encoder() -> None:
    network = plan(ModelConfig(hidden_widths=(30, 20, 10), latent_dim=4), DataShape(5, 4, 3, 7))
    assert [(layer.inputs, layer.outputs) for layer in network.encoder] == [(67, 30), (30, 20), (20, 10)]
    assert [(layer.inputs, layer.outputs) for layer in network.decoder] == [(11, 10), (10, 20), (20, 30)]
    assert (network.output.inputs, network.output.outputs) == (30, 60)


def test_without_normalisation_there_are_only_kernels_and_biases() -> None:
    network = plan(ModelConfig(hidden_widths=(5, 4), batch_normalization="none"), MNIST)
    assert {name.rpartition("/")[2] for name in network.weight_shapes()} == {"kernel", "bias"}
    assert len(network.weight_shapes()) == 2 * len(network.layers) == 14


def test_names_of_weights_are_unique_and_in_a_fixed_order() -> None:
    assert list(SMALL.weight_shapes()) == [
        *(f"encoder/0/{part}" for part in ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")),
        "z_mean/kernel", "z_mean/bias", "z_log_var/kernel", "z_log_var/bias",
        *(f"decoder/0/{part}" for part in ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")),
        "output/kernel", "output/bias",
    ]  # fmt: skip


def test_fitting_weights_are_accepted() -> None:
    check_weights(SMALL, zeros())


def test_a_missing_weight_is_named() -> None:
    weights = zeros()
    del weights["z_mean/bias"]
    with pytest.raises(WeightsError, match="lack z_mean/bias"):
        check_weights(SMALL, weights)


def test_a_strange_weight_is_named() -> None:
    with pytest.raises(WeightsError, match="hold discriminator/0/kernel"):
        check_weights(SMALL, zeros() | {"discriminator/0/kernel": np.zeros(1, np.float32)})


@pytest.mark.parametrize("bad", [np.zeros((3, 3), np.float32), np.zeros((3, 2), np.float64), np.zeros(6, np.float32)])
def test_a_weight_of_another_form_is_shown_with_both_forms(bad: np.ndarray) -> None:
    with pytest.raises(WeightsError) as caught:
        check_weights(SMALL, zeros() | {"z_mean/kernel": bad})
    assert "z_mean/kernel should be float32 of shape (3, 2)" in str(caught.value)
    assert f"{bad.dtype} of shape {bad.shape}" in str(caught.value)


def test_the_shape_of_data() -> None:
    shape = DataShape(5, 4, 3, 7)
    assert (shape.pixels, shape.image_shape) == (60, (5, 4, 3))
