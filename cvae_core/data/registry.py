"""The data sets by name: their sizes, loading them, and adding one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cvae_core.architecture import DataShape
from cvae_core.config.run import DataConfig, DataFacts, DataSettings, RunConfig, ToyDataConfig
from cvae_core.data import fashion_mnist, mnist, toy
from cvae_core.errors import DataError
from cvae_core.plugins import Registry
from cvae_core.records import Dataset
from cvae_core.text import short_repr


@dataclass(frozen=True)
class DatasetPlug:
    """A data set, as it is known before anything is loaded.

    Attributes:
        name: What ``DataConfig.dataset`` calls it.
        title: For people.
        image_shape: (height, width, channels) in pixels.
        class_names: One for each label, in order.
        training_images, test_images: How many there are.
        load: Gives the data, with an empty training part if its argument is false. Raises a ``DataError`` if they are
            damaged, a ``DataUnavailableError`` if they are not on this machine.
        checksum: Gives the SHA-256 of the data, 64 hexadecimal digits; empty if it is not known before loading.
    """

    name: str
    title: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    training_images: int
    test_images: int
    load: Callable[[bool], Dataset]
    checksum: Callable[[], str] = str

    __repr__ = short_repr

    @property
    def shape(self) -> DataShape:
        """Size of one example."""
        return DataShape(*self.image_shape, len(self.class_names))


_DATASETS: Final = Registry[DatasetPlug]("data set", DataError)


def register_dataset(plug: DatasetPlug) -> DatasetPlug:
    """Offer a data set by name, on the command line, on the Train page and to ``load_dataset``.

    Raises:
        ConfigError: Another data set has that name.
    """
    return _DATASETS.register(plug.name, plug)


for _bundled in (mnist, fashion_mnist):
    register_dataset(
        DatasetPlug(
            name=_bundled.NAME,
            title=_bundled.TITLE,
            image_shape=_bundled.SHAPE.image_shape,
            class_names=_bundled.CLASS_NAMES,
            training_images=60_000,
            test_images=10_000,
            load=_bundled.load,
            checksum=_bundled.checksum,
        )
    )


def _plug(config: DataSettings) -> DatasetPlug:
    """The data set that a configuration names; toy data get a plug of their own.

    Raises:
        DataError: The name is unknown.
    """
    if isinstance(config, DataConfig):
        return _DATASETS.get(config.dataset)
    count = config.points * config.pieces
    return DatasetPlug(
        name=config.dataset,
        title=toy.TITLE,
        image_shape=(1, 2, 1),
        class_names=tuple(curve.name for curve in toy.curves(config)),
        training_images=count,
        test_images=count,
        load=lambda with_training: toy.load(config, with_training),
        checksum=lambda: toy.load(config, False).sha256,
    )


def dataset_names() -> tuple[str, ...]:
    """Names of the data sets of images, which ``DataConfig.dataset`` may take."""
    return _DATASETS.names()


def dataset_title(name: str) -> str:
    """The title of a data set; the name itself if it is unknown."""
    if name == ToyDataConfig().dataset:
        return toy.TITLE
    return _DATASETS.get(name).title if name in _DATASETS else name


def check_dataset_name(name: str) -> None:
    """Refuse a name that no data set has.

    Raises:
        DataError: The name is unknown.
    """
    if name != ToyDataConfig().dataset:
        _DATASETS.get(name)


def dataset_shape(config: DataSettings) -> DataShape:
    """The size of one example; nothing is loaded.

    Raises:
        DataError: The name is unknown.
    """
    return _plug(config).shape


def training_size(config: DataSettings) -> int:
    """Number of training examples after the limit; nothing is loaded.

    Raises:
        DataError: The name is unknown.
    """
    limit = config.train_limit if isinstance(config, DataConfig) else None
    available = _plug(config).training_images
    return min(available, limit or available)


def test_size(config: DataSettings) -> int:
    """Number of test examples after the limit; nothing is loaded.

    Raises:
        DataError: The name is unknown.
    """
    limit = config.test_limit if isinstance(config, DataConfig) else None
    available = _plug(config).test_images
    return min(available, limit or available)


def with_data_facts(config: RunConfig) -> RunConfig:
    """A copy of a configuration with image shape, class names and checksum of its data.

    Raises:
        DataError: The name is unknown, or the data are damaged.
    """
    plug = _plug(config.data)
    facts = DataFacts(image_shape=plug.image_shape, class_names=plug.class_names, sha256=plug.checksum())
    return config.model_copy(update={"data_facts": facts})


def shape_of(config: RunConfig) -> DataShape:
    """The size of one example of a run's data.

    Raises:
        DataError: The run is of an earlier version, and the name of its data is unknown.
    """
    return DataShape(*_facts(config).image_shape, len(_facts(config).class_names))


def class_names_of(config: RunConfig) -> tuple[str, ...]:
    """The class names of a run's data.

    Raises:
        DataError: The run is of an earlier version, and the name of its data is unknown.
    """
    return _facts(config).class_names


def _facts(config: RunConfig) -> DataFacts | DatasetPlug:
    return config.data_facts or _plug(config.data)


def load_dataset(config: DataSettings, with_training: bool = True) -> Dataset:
    """Load what a configuration asks for, its limits applied.

    Args:
        config: The data settings.
        with_training: Whether to load the training part, which is large.

    Raises:
        DataError: The name is unknown or the file is damaged.
        DataUnavailableError: The data set is not on this machine.
    """
    dataset = _plug(config).load(with_training)
    if not isinstance(config, DataConfig):
        return dataset
    return replace(dataset, train=dataset.train.first(config.train_limit), test=dataset.test.first(config.test_limit))


def load_test_data(config: DataSettings) -> Dataset:
    """As ``load_dataset``, with an empty training part."""
    return load_dataset(config, with_training=False)
