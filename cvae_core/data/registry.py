"""The data sets that can be named, and how each is loaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cvae_core.architecture import DataShape
from cvae_core.config.run import DataConfig, DataSettings, TornManifoldConfig
from cvae_core.data import fashion_mnist, mnist, toy
from cvae_core.errors import DataError
from cvae_core.records import Dataset


@dataclass(frozen=True)
class _Source:
    title: str
    load: Callable[[bool], Dataset]
    shape: DataShape
    training_images: int = 60_000
    test_images: int = 10_000


_SOURCES: Final[dict[str, _Source]] = {
    "mnist": _Source(mnist.TITLE, mnist.load, mnist.SHAPE),
    "fashion_mnist": _Source(fashion_mnist.TITLE, fashion_mnist.load, fashion_mnist.SHAPE),
}


def dataset_names() -> tuple[str, ...]:
    """Names that ``DataConfig.dataset`` may take: those of images."""
    return tuple(_SOURCES)


def dataset_title(name: str) -> str:
    """What people call a data set; the name itself if it is unknown."""
    if name == TornManifoldConfig().dataset:
        return toy.TITLE
    return _SOURCES[name].title if name in _SOURCES else name


def dataset_shape(config: DataSettings) -> DataShape:
    """The size of one example, which is known even if the data set is not on this machine.

    Raises:
        DataError: The name is unknown.
    """
    if isinstance(config, TornManifoldConfig):
        return DataShape(1, 2, 1, config.pieces)
    return _source(config.dataset).shape


def load_dataset(config: DataSettings) -> Dataset:
    """Load what a configuration asks for, its limits applied; points are made on the spot.

    Raises:
        DataError: The name is unknown or the file is damaged.
        DataUnavailableError: The data set is not on this machine.
    """
    return _load(config, with_training=True)


def load_test_data(config: DataSettings) -> Dataset:
    """The same with an empty training part, which keeps a large array out of memory.

    Raises:
        DataError: The name is unknown or the file is damaged.
        DataUnavailableError: The data set is not on this machine.
    """
    return _load(config, with_training=False)


def training_size(config: DataSettings) -> int:
    """How many images, or points, a configuration learns from; nothing is loaded to tell.

    Raises:
        DataError: The name is unknown.
    """
    if isinstance(config, TornManifoldConfig):
        return config.points * config.pieces
    there = _source(config.dataset).training_images
    return there if config.train_limit is None else min(config.train_limit, there)


def test_size(config: DataSettings) -> int:
    """How many images, or points, a configuration measures on; nothing is loaded to tell.

    Raises:
        DataError: The name is unknown.
    """
    if isinstance(config, TornManifoldConfig):
        return config.points * config.pieces
    there = _source(config.dataset).test_images
    return there if config.test_limit is None else min(config.test_limit, there)


def check_dataset_name(name: str) -> None:
    """Refuse a name that no data set has.

    Raises:
        DataError: The name is unknown.
    """
    if name != TornManifoldConfig().dataset:
        _source(name)


def _load(config: DataSettings, with_training: bool) -> Dataset:
    if isinstance(config, TornManifoldConfig):
        return toy.load(config, with_training)
    return _limited(_source(config.dataset).load(with_training), config)


def _source(name: str) -> _Source:
    if name not in _SOURCES:
        raise DataError(f"There is no data set {name!r}.", f"The data sets are: {', '.join(_SOURCES)}.")
    return _SOURCES[name]


def _limited(dataset: Dataset, config: DataConfig) -> Dataset:
    return replace(dataset, train=dataset.train.first(config.train_limit), test=dataset.test.first(config.test_limit))
