import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.analysis import reconstruction
from cvae_core.analysis.reconstruction import (
    first_of_each_label,
    reconstruct,
    reconstruction_losses,
    worst,
    worst_of_each_label,
)
from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.errors import ConfigError
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Split
from tests.analysis.toy_network import ToyNetwork, ToyNetworkWithLogits
from tests.networks import random_split, random_weights


def _split(n: int, network: ToyNetwork) -> Split:
    rng = np.random.default_rng(3)
    shape = network.architecture.shape
    images = rng.integers(0, 256, (n, *shape.image_shape), dtype=np.uint8)
    return Split(images, rng.integers(0, shape.n_classes, n))


def test_the_first_example_of_each_label_is_chosen_in_label_order():
    labels = np.array([2, 0, 2, 3, 0, 0])
    assert first_of_each_label(labels).tolist() == [1, 0, 3]
    assert first_of_each_label(labels, per_label=2).tolist() == [1, 4, 0, 2, 3]
    assert first_of_each_label(np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize("flat", [True, False])
def test_a_reconstruction_is_decoded_from_z_mean_with_the_same_label(flat):
    network = ToyNetwork(flat=flat)
    split = _split(12, network)
    indices = np.array([7, 2, 5])
    record = reconstruct(network, split, indices)
    assert record.originals.dtype == record.reconstructions.dtype == np.uint8
    assert np.array_equal(record.originals, split.images[indices])
    assert np.array_equal(record.labels, split.labels[indices])
    for index, image in zip(indices, record.reconstructions, strict=True):
        code = np.full(3, split.images[index].mean() / 255.0)
        expected = np.rint(network.probability(code, split.labels[index]) * 255)
        assert np.abs(image.astype(int) - expected).max() <= 1  # float32 codes may round a half the other way


@pytest.mark.parametrize("indices", [[12], [-1], [0.5], [float("nan")]])
def test_examples_that_there_are_not_are_refused(indices):
    with pytest.raises(ConfigError, match="there are 12 of them"):
        reconstruct(ToyNetwork(), _split(12, ToyNetwork()), np.array(indices))


def test_no_examples_give_no_reconstructions():
    model, shape = ModelConfig(hidden_widths=(2,)), DataShape(5, 4, 3, 4)
    network, split = FoldedNetwork(model, shape, random_weights(model, shape)), random_split(shape, 3)
    assert reconstruct(network, split, np.zeros(0, np.int64)).reconstructions.shape == (0, 5, 4, 3)
    assert reconstruction_losses(network, split.first(0)).shape == (0,)


def _loss_by_hand(network, image, label):
    """In double precision, with 0 log 0 = 0; pixels of probability 0 should be black."""
    x = image.ravel() / 255.0
    p = network.probability(np.full(3, image.mean() / 255.0), label).ravel().astype(np.float64)
    return -np.sum(x * np.log(p, where=p > 0, out=np.zeros_like(p)) + (1 - x) * np.log1p(-p))


@pytest.mark.parametrize("kind", [ToyNetwork, ToyNetworkWithLogits])
@pytest.mark.parametrize("flat", [True, False])
def test_a_loss_is_the_cross_entropy_summed_over_pixels(kind, flat, monkeypatch):
    network = kind(flat=flat)
    split = _split(9, network)
    split.images.reshape(9, -1)[:, 0] = 0  # the toy's first probability is exactly 0
    expected = [_loss_by_hand(network, *example) for example in zip(split.images, split.labels, strict=True)]
    losses = reconstruction_losses(network, split)
    assert losses.dtype == np.float32
    assert np.allclose(losses, expected, rtol=1e-5)
    monkeypatch.setattr(reconstruction, "_PIXELS_AT_A_TIME", 4 * 60)
    assert np.allclose(reconstruction_losses(network, split), losses, rtol=1e-6)


def test_a_pixel_that_was_held_impossible_costs_its_logit_or_at_most_16_nats():
    images = np.zeros((1, 5, 4, 3), np.uint8)
    split, black = Split(images, np.zeros(1, np.int64)), Split(images.copy(), np.zeros(1, np.int64))
    split.images.reshape(-1)[0] = 255  # its probability is 0, its logit -1000
    for kind, cost in ((ToyNetwork, -np.log(1e-7)), (ToyNetworkWithLogits, 1000.0)):
        # One pixel out of 60 also moves the code of the toy, which changes the other losses a little.
        difference = reconstruction_losses(kind(), split)[0] - reconstruction_losses(kind(), black)[0]
        assert difference == pytest.approx(cost, abs=0.2)


def test_the_worst_come_first_and_equals_in_order():
    losses, labels = np.array([3.0, 9.0, 3.0, 1.0, 9.0, 7.0], np.float32), np.array([0, 1, 0, 0, 1, 3])
    assert worst(losses, labels).tolist() == [1, 4, 5, 0, 2, 3]
    assert worst(losses, labels, count=3).tolist() == [1, 4, 5]
    assert worst(losses, labels, 0, count=2).tolist() == [0, 2]
    assert worst(losses, labels, 2).tolist() == []
    assert worst_of_each_label(losses, labels).tolist() == [0, 1, 5]
    assert worst_of_each_label(losses, labels, per_label=2).tolist() == [0, 2, 1, 4, 5]
    assert worst_of_each_label(losses[:0], labels[:0]).tolist() == []


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0, np.inf]), st.integers(0, 3)), max_size=20))
def test_the_worst_of_all_are_all_sorted(examples):
    losses = np.array([loss for loss, _ in examples], np.float32)
    labels = np.array([label for _, label in examples], np.int64)
    expected = sorted(range(len(examples)), key=lambda i: (-losses[i], i))
    assert worst(losses, labels, count=99).tolist() == expected
    by_label = sorted(range(len(examples)), key=lambda i: (labels[i], -losses[i], i))
    assert worst_of_each_label(losses, labels, per_label=99).tolist() == by_label


@pytest.mark.parametrize("count", [0, -3, 1.5, float("nan"), float("inf")])
def test_counts_that_are_none_are_refused(count):
    losses, labels = np.zeros(3, np.float32), np.zeros(3, np.int64)
    with pytest.raises(ConfigError, match="number of examples should be a whole number of at least 1"):
        worst(losses, labels, count=count)
    for choose in (first_of_each_label, lambda labels, count: worst_of_each_label(losses, labels, count)):
        with pytest.raises(ConfigError, match="at least 1"):
            choose(labels, count)
