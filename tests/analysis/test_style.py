import numpy as np
import pytest

from cvae_core.analysis.style import blend, transfer
from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.errors import ConfigError, DataError
from cvae_core.inference import FoldedNetwork
from tests.analysis.toy_network import ToyNetwork
from tests.networks import random_split, random_weights

SHAPE = DataShape(5, 4, 3, 4)


def drawn(network, code, label):
    return np.rint(network.probability(code, label) * 255)


@pytest.mark.parametrize("flat", [True, False])
def test_a_column_is_one_source_and_a_row_one_label(flat):
    network = ToyNetwork(flat=flat)
    split = random_split(SHAPE, 6)
    record = transfer(network, split.images, split.labels, [3, 0])
    assert record.tiles.shape == (2, 6, 5, 4, 3) and record.tiles.dtype == np.uint8
    assert record.target_labels.tolist() == [3, 0]
    assert np.array_equal(record.originals, split.images) and np.array_equal(record.source_labels, split.labels)
    for row, label in enumerate([3, 0]):
        for column, image in enumerate(split.images):
            code = np.full(3, image.mean() / 255.0)
            assert np.allclose(record.z_mean[column], code)
            assert np.abs(record.tiles[row, column].astype(int) - drawn(network, code, label)).max() <= 1


def test_every_label_is_a_target_unless_told():
    split = random_split(SHAPE, 2)
    record = transfer(ToyNetwork(), split.images, split.labels)
    assert record.target_labels.tolist() == [0, 1, 2, 3] and record.tiles.shape[:2] == (4, 2)


def test_the_figure_shows_originals_in_the_rows_of_their_own_labels():
    split = random_split(SHAPE, 7)
    record = transfer(ToyNetwork(), split.images, split.labels, [2, 0, 1])
    figure = record.with_originals()
    for row, label in enumerate([2, 0, 1]):
        for column, own in enumerate(split.labels):
            expected = split.images[column] if own == label else record.tiles[row, column]
            assert np.array_equal(figure[row, column], expected)


def test_sources_that_do_not_fit_are_refused():
    model = ModelConfig(hidden_widths=(3,))
    network = FoldedNetwork(model, SHAPE, random_weights(model, SHAPE))
    split = random_split(SHAPE, 2)
    with pytest.raises(DataError, match="labels should be from 0 to 3"):
        transfer(network, split.images, np.array([0, 4]))
    with pytest.raises(DataError, match="Each image should have 60 pixels"):
        transfer(network, split.images[:, :3], split.labels)
    with pytest.raises(ConfigError, match="label should be a whole number from 0 to 3"):
        transfer(network, split.images, split.labels, [4])
    assert transfer(network, split.images[:0], split.labels[:0]).with_originals().shape == (4, 0, 5, 4, 3)


def test_a_blend_goes_straight_from_one_code_to_the_other():
    network, a, b = ToyNetwork(), np.array([0.0, -2.0, 1.0]), np.array([3.0, 2.0, 1.0])
    record = blend(network, a, b, steps=4, targets=[1, 2])
    assert np.allclose(record.z, [a + (b - a) * i / 3 for i in range(4)])
    assert np.array_equal(record.z[[0, 3]], np.array([a, b], np.float32))
    assert record.tiles.shape == (2, 4, 5, 4, 3) and record.labels.tolist() == [1, 2]
    for row, label in enumerate([1, 2]):
        for column, code in enumerate(record.z):
            assert np.abs(record.tiles[row, column].astype(int) - drawn(network, code, label)).max() <= 1


@pytest.mark.parametrize(
    "settings",
    [
        *({"steps": steps} for steps in (1, 101, 2.5, True, float("nan"))),
        *({"z_a": z} for z in ([0.0], [0.0] * 4, [0.0, float("nan"), 0.0], [0.0, float("inf"), 0.0])),
        *({"z_b": z} for z in ([], [[0.0] * 3])),
        *({"targets": targets} for targets in ([], [4], [-1], [1.5])),
    ],
)
def test_ways_that_there_are_not_are_refused_in_one_sentence(settings):
    with pytest.raises(ConfigError) as caught:
        blend(ToyNetwork(), **{"z_a": [0.0] * 3, "z_b": [1.0] * 3, **settings})
    assert str(caught.value).count(". ") == 0 and str(caught.value).endswith(".")
