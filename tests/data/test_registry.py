"""Data sets by name, and their limits."""

from __future__ import annotations

import numpy as np
import pytest

from cvae_core.config.run import DataConfig, DataSettings, TornManifoldConfig
from cvae_core.data import dataset_names, dataset_shape, dataset_title, load_dataset, load_test_data
from cvae_core.errors import DataError


def test_the_names() -> None:
    assert {"mnist", "fashion_mnist"} <= set(dataset_names())
    assert dataset_title("mnist") == "MNIST handwritten digits"
    assert dataset_title("weather") == "weather"


def test_limits_take_the_first_examples() -> None:
    limited = load_dataset(DataConfig(train_limit=7, test_limit=3))
    assert limited.train.labels.tolist() == [5, 0, 4, 1, 9, 2, 1]
    assert limited.test.labels.tolist() == [7, 2, 1]
    assert (limited.train.images.shape, limited.test.images.shape) == ((7, 28, 28, 1), (3, 28, 28, 1))


def test_limits_beyond_the_data_take_all_of_it() -> None:
    limited = load_dataset(DataConfig(train_limit=10**9, test_limit=10_000))
    assert (len(limited.train), len(limited.test)) == (60_000, 10_000)


def test_the_test_data_alone_are_the_same_test_data() -> None:
    config = DataConfig(test_limit=50)
    alone, whole = load_test_data(config), load_dataset(config)
    assert len(alone.train) == 0
    assert np.array_equal(alone.test.images, whole.test.images)
    assert np.array_equal(alone.test.labels, whole.test.labels)
    assert (alone.name, alone.shape, alone.sha256) == (whole.name, whole.shape, whole.sha256)


@pytest.mark.parametrize("load", [load_dataset, load_test_data])
def test_an_unknown_name_is_refused_and_the_known_ones_are_offered(load) -> None:
    with pytest.raises(DataError, match=r"no data set 'weather'\. The data sets are: .*mnist.*fashion_mnist"):
        load(DataConfig(dataset="weather"))


@pytest.mark.parametrize("config", [DataConfig(), TornManifoldConfig(), TornManifoldConfig(pieces=3)])
def test_the_size_of_an_example_is_known_without_the_data(config: DataSettings) -> None:
    assert dataset_shape(config) == load_test_data(config).shape


def test_the_size_of_an_example_of_unknown_data_is_refused() -> None:
    with pytest.raises(DataError, match="no data set 'weather'"):
        dataset_shape(DataConfig(dataset="weather"))
