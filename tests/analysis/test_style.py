import numpy as np
import pytest

from cvae_core.analysis.style import FirstImages, OwnImage, StyleView, TestImage, transfer
from cvae_core.analysis.views import compute
from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.errors import ConfigError, DataError
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Dataset
from tests.analysis.toy_network import ToyNetwork
from tests.networks import random_split, random_weights

SHAPE = DataShape(5, 4, 3, 4)


def drawn(network, code, label):
    return np.rint(network.probability(code, label) * 255)


@pytest.mark.parametrize("flat", [True, False])
def test_a_column_is_one_source_and_a_row_one_label(flat):
    network = ToyNetwork(flat=flat)
    split = random_split(SHAPE, 6)
    record = transfer(network, split.images, split.labels)
    assert record.tiles.shape == (4, 6, 5, 4, 3) and record.tiles.dtype == np.uint8
    assert record.target_labels.tolist() == [0, 1, 2, 3]
    assert np.array_equal(record.originals, split.images) and np.array_equal(record.source_labels, split.labels)
    for row, label in enumerate(range(4)):
        for column, image in enumerate(split.images):
            code = np.full(3, image.mean() / 255.0)
            assert np.allclose(record.z_mean[column], code)
            assert np.abs(record.tiles[row, column].astype(int) - drawn(network, code, label)).max() <= 1


def test_the_figure_shows_originals_in_the_rows_of_their_own_labels():
    split = random_split(SHAPE, 7)
    record = transfer(ToyNetwork(), split.images, split.labels)
    figure = record.with_originals()
    for row, label in enumerate(range(4)):
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
    assert transfer(network, split.images[:0], split.labels[:0]).with_originals().shape == (4, 0, 5, 4, 3)


def _data():
    train, test = random_split(SHAPE, 12), random_split(SHAPE, 5)
    return Dataset("none", "no data", tuple("0123"), train, test, "0" * 64)


def test_sources_come_from_anywhere():
    data = _data()
    own = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
    view = StyleView(sources=(FirstImages(label=2, count=1), TestImage(index=3), OwnImage.of(own, 1)))
    first = int(np.flatnonzero(data.train.labels == 2)[0])
    record = compute(ToyNetwork(), data, view)
    assert np.array_equal(record.originals, np.stack([data.train.images[first], data.test.images[3], own]))
    assert record.source_labels.tolist() == [2, data.test.labels[3], 1]
    assert view.training_images == ((2, 1),)


@pytest.mark.parametrize(
    "source",
    [
        FirstImages(label=4, count=1),
        FirstImages(label=2, count=99),
        TestImage(index=5),
        OwnImage(pixels="AAAA", label=1),
        OwnImage(pixels="no base64", label=1),
        OwnImage.of(np.zeros((5, 4, 3), np.uint8), 4),
    ],
)
def test_sources_that_the_data_lack_are_refused(source):
    with pytest.raises(ConfigError):
        compute(ToyNetwork(), _data(), StyleView(sources=(source,)))


def test_there_is_at_least_one_source_and_at_most_a_hundred():
    for sources in ((), (FirstImages(label=1, count=101),), (FirstImages(label=1, count=100), TestImage(index=1))):
        with pytest.raises(ConfigError, match="number of sources should be a whole number from 1 to 100"):
            StyleView(sources=sources)
