import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.analysis import reconstruction
from cvae_core.analysis.reconstruction import (
    LossesView,
    OneOfEachLabelView,
    ReconstructionsView,
    TestImageView,
    indices_of,
    reconstruct,
    reconstruction_losses,
)
from cvae_core.analysis.records import Reconstructions
from cvae_core.analysis.views import Computed, compute
from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.errors import ConfigError
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Dataset, Split
from tests.analysis.toy_network import ToyNetwork, ToyNetworkWithLogits
from tests.networks import random_split, random_weights


def _split(n: int, network: ToyNetwork) -> Split:
    rng = np.random.default_rng(3)
    shape = network.architecture.shape
    images = rng.integers(0, 256, (n, *shape.image_shape), dtype=np.uint8)
    return Split(images, rng.integers(0, shape.n_classes, n))


def _data(labels: np.ndarray) -> Dataset:
    """Test images of these labels; the first pixel of each says which image it is."""
    images = np.zeros((len(labels), 5, 4, 3), np.uint8)
    images[:, 0, 0, 0] = np.arange(len(labels))
    images[:, 1] = 200
    nothing = Split(images[:0], labels[:0])
    return Dataset("none", "no data", tuple("0123"), nothing, Split(images, labels), "0" * 64)


def _shown(view: Computed[Reconstructions], labels: list[int], losses: list[float] = []) -> list[int]:  # noqa: B006
    """Indices of the images that a view shows, if the losses of all are these."""
    data = _data(np.array(labels, np.int64))

    def records(other: LossesView, epoch: int | None = None) -> np.ndarray:
        assert epoch == getattr(view, "ranked", None)
        return np.array(losses, np.float32)[indices_of(data.test, other.label)]

    return compute(ToyNetwork(), data, view, records).indices.tolist()


def test_the_first_example_of_each_label_is_chosen_in_label_order():
    assert _shown(OneOfEachLabelView(), [2, 0, 2, 3, 0, 0]) == [1, 0, 3]


def test_the_first_images_are_shown_or_the_first_of_a_label_and_a_pinned_one_before_them():
    labels = [2, 0, 2, 3, 0, 0]
    for settings, expected in [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"count": 2}, [0, 1]),
        ({"label": 2}, [0, 2]),
        ({"label": 1}, []),
        ({"pinned": 4, "count": 3}, [4, 0, 1]),
        ({"pinned": 4, "label": 2}, [4, 0, 2]),
    ]:
        view = ReconstructionsView(**settings)
        assert _shown(view, labels) == expected
        assert view.number(_data(np.array(labels))) == len(expected)


def test_images_and_epochs_that_there_are_not_are_refused():
    for settings in ({"count": 0}, {"count": 101}, {"count": 1.5}, {"label": -1}, {"order": "best"}, {"pinned": -1}):
        with pytest.raises(ConfigError, match="expected"):
            ReconstructionsView(**settings)
    with pytest.raises(ConfigError, match="label should be a whole number from 0 to 3"):
        _shown(ReconstructionsView(label=4), [0, 1])
    with pytest.raises(ConfigError, match="there are 2 of them"):
        _shown(ReconstructionsView(pinned=2), [0, 1])


def test_rows_of_originals_stand_above_their_reconstructions_and_what_is_left_is_black():
    record = compute(ToyNetwork(), _data(np.arange(4) % 4), ReconstructionsView())
    rows = record.in_rows(3)
    assert rows.shape == (4, 3, 5, 4, 3)
    assert np.array_equal(rows[[0, 2]].reshape(6, 5, 4, 3)[:4], record.originals)
    assert np.array_equal(rows[[1, 3]].reshape(6, 5, 4, 3)[:4], record.reconstructions)
    assert not rows[2:, 1:].any()


def test_one_image_is_encoded_and_decoded():
    network, data = ToyNetwork(), _data(np.array([2, 3]))
    found = compute(network, data, TestImageView(index=1))
    record = reconstruct(network, data.test, np.array([1]))
    assert found.label == 3 and found.z_mean.shape == found.z_log_var.shape == (3,)
    assert np.array_equal(found.images, np.concatenate([record.originals, record.reconstructions]))
    with pytest.raises(ConfigError, match="from 0 to 1; it is 2"):
        compute(network, data, TestImageView(index=2))


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
    losses, labels = [3.0, 9.0, 3.0, 1.0, 9.0, 7.0], [0, 1, 0, 0, 1, 3]
    for settings, expected in [
        ({}, [1, 4, 5, 0, 2, 3]),
        ({"count": 3}, [1, 4, 5]),
        ({"label": 0, "count": 2}, [0, 2]),
        ({"label": 2}, []),
        ({"ranked": 7, "count": 1}, [1]),
        ({"pinned": 3, "count": 2}, [3, 1]),
    ]:
        assert _shown(ReconstructionsView(order="worst", **settings), labels, losses) == expected


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0, 2.0, np.inf]), st.integers(0, 3)), max_size=20))
def test_the_worst_of_all_are_all_sorted(examples):
    losses, labels = [loss for loss, _ in examples], [label for _, label in examples]
    expected = sorted(range(len(examples)), key=lambda i: (-losses[i], i))
    assert _shown(ReconstructionsView(order="worst", count=99), labels, losses) == expected


def test_the_losses_of_a_label_are_those_of_its_images():
    network, data = ToyNetworkWithLogits(), _data(np.array([2, 0, 2, 3]))
    everything = compute(network, data, LossesView())
    assert np.array_equal(everything, reconstruction_losses(network, data.test))
    assert np.allclose(compute(network, data, LossesView(label=2)), everything[[0, 2]])
