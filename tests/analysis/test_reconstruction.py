import numpy as np
import pytest

from cvae_core.analysis.reconstruction import first_of_each_label, reconstruct
from cvae_core.records import Split
from tests.analysis.toy_network import ToyNetwork


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
