"""Data sets by name, and their limits."""

from __future__ import annotations

import numpy as np
import pytest

from cvae_core.config.run import DataConfig, DataSettings, RunConfig, ToyDataConfig
from cvae_core.data import (
    class_names_of,
    dataset_names,
    dataset_shape,
    dataset_title,
    load_dataset,
    load_test_data,
    shape_of,
    with_data_facts,
)
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
    everything = load_dataset(DataConfig(train_limit=10**9, test_limit=10_000))
    assert (len(everything.train), len(everything.test)) == (60_000, 10_000)


def test_the_test_data_alone_are_the_same_test_data() -> None:
    config = DataConfig(test_limit=50)
    alone, whole = load_test_data(config), load_dataset(config)
    assert len(alone.train) == 0
    assert np.array_equal(alone.test.images, whole.test.images)
    assert np.array_equal(alone.test.labels, whole.test.labels)
    assert (alone.name, alone.shape, alone.sha256) == (whole.name, whole.shape, whole.sha256)


@pytest.mark.parametrize("load", [load_dataset, load_test_data, dataset_shape])
def test_an_unknown_name_is_refused_and_the_known_ones_are_offered(load) -> None:
    with pytest.raises(DataError, match=r"no data set 'weather'\. The data sets are: .*mnist.*fashion_mnist"):
        load(DataConfig(dataset="weather"))


@pytest.mark.parametrize("config", [DataConfig(), ToyDataConfig(), ToyDataConfig(pieces=3)])
def test_the_size_of_an_example_is_known_without_the_data(config: DataSettings) -> None:
    assert dataset_shape(config) == load_test_data(config).shape


OLD_CONFIG = """{"schema_version": 1, "preset": "quick",
 "data": {"dataset": "mnist", "train_limit": null, "test_limit": null},
 "model": {"kind": "cvae", "conditional": true, "latent_dim": 8, "hidden_widths": [256], "encoder_activation": "relu",
  "decoder_activation": "leaky_relu", "dropout_rate": 0.0, "batch_normalization": "after"},
 "train": {"epochs": 20, "batch_size": 500, "learning_rate": 0.001, "learning_rate_schedule": "constant", "beta": 1.0,
  "kl_warmup_epochs": 0, "max_shift": 0, "shift_rate": 0.25, "seed": 0, "snapshot_schedule": "tutorial",
  "snapshot_every": 10}}
"""


@pytest.mark.parametrize("data", [DataConfig(), ToyDataConfig(pieces=3)])
def test_a_new_run_carries_the_facts_about_its_data(data: DataSettings) -> None:
    model = RunConfig().model if isinstance(data, DataConfig) else {"kind": "autoencoder"}
    config = with_data_facts(
        RunConfig(data=data, model=model, **({} if isinstance(data, DataConfig) else {"train": {}}))
    )
    again = RunConfig.from_json(config.to_json())
    there = load_test_data(data)
    assert again == config
    assert again.data_facts is not None
    assert (shape_of(again), class_names_of(again)) == (there.shape, there.class_names)
    assert again.data_facts.sha256 == there.sha256
    assert again.with_settings({"epochs": 3}).data_facts is None


def test_a_run_with_facts_needs_no_registered_data_set() -> None:
    facts = {"image_shape": [4, 5, 1], "class_names": ["cat", "dog"]}
    config = RunConfig(data=DataConfig(dataset="pets"), data_facts=facts)
    assert shape_of(config).pixels == 20
    assert class_names_of(config) == ("cat", "dog")


def test_a_run_of_an_earlier_version_has_the_facts_of_the_registered_data_set() -> None:
    config = RunConfig.from_json(OLD_CONFIG)
    assert config.data_facts is None
    assert "data_facts" not in config.to_json()
    assert (shape_of(config), class_names_of(config)) == (load_test_data(config.data).shape, tuple("0123456789"))
    assert len(class_names_of(RunConfig.from_json('{"schema_version": 1, "model": {"kind": "autoencoder"}}'))) == 2
