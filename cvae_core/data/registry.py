"""The data sets that can be named, how each is loaded, and how to add one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cvae_core.architecture import DataShape
from cvae_core.config.run import DataConfig, DataFacts, DataSettings, RunConfig, TornManifoldConfig
from cvae_core.data import fashion_mnist, mnist, toy
from cvae_core.errors import DataError
from cvae_core.plugins import Registry
from cvae_core.records import Dataset
from cvae_core.text import short_repr


@dataclass(frozen=True)
class DatasetPlug:
    """A data set of labelled images, as the registry knows it before anything is loaded.

    Attributes:
        name: What ``DataConfig.dataset`` calls it.
        title: For people.
        image_shape: (height, width, channels) in pixels.
        class_names: One for each label, in order.
        training_images, test_images: How many there are.
        load: Gives the data, with an empty training part if its argument is false. Raises a ``DataError`` if they are
            damaged, a ``DataUnavailableError`` if they are not on this machine.
        checksum: Gives the SHA-256 of the data, 64 hexadecimal digits; empty where only loading would tell it.
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


def dataset_names() -> tuple[str, ...]:
    """Names that ``DataConfig.dataset`` may take: those of images."""
    return _DATASETS.names()


def dataset_title(name: str) -> str:
    """What people call a data set; the name itself if it is unknown."""
    if name == TornManifoldConfig().dataset:
        return toy.TITLE
    return _DATASETS.get(name).title if name in _DATASETS else name


def dataset_shape(config: DataSettings) -> DataShape:
    """The size of one example, which is known even if the data set is not on this machine.

    Raises:
        DataError: The name is unknown.
    """
    if isinstance(config, TornManifoldConfig):
        return DataShape(1, 2, 1, config.pieces)
    return _DATASETS.get(config.dataset).shape


def with_data_facts(config: RunConfig) -> RunConfig:
    """A copy of a configuration that carries image shape, class names and checksum of its data.

    Raises:
        DataError: The name is unknown, or the data are damaged.
    """
    if isinstance(config.data, TornManifoldConfig):
        data = toy.load(config.data, False)
        facts = DataFacts(image_shape=data.shape.image_shape, class_names=data.class_names, sha256=data.sha256)
    else:
        plug = _DATASETS.get(config.data.dataset)
        facts = DataFacts(image_shape=plug.image_shape, class_names=plug.class_names, sha256=plug.checksum())
    return config.model_copy(update={"data_facts": facts})


def shape_of(config: RunConfig) -> DataShape:
    """The size of one example of a run's data, which a new run carries itself.

    Raises:
        DataError: It is an older run, and the name of its data is unknown.
    """
    if config.data_facts is None:
        return dataset_shape(config.data)
    return DataShape(*config.data_facts.image_shape, len(config.data_facts.class_names))


def class_names_of(config: RunConfig) -> tuple[str, ...]:
    """The names of the labels of a run's data, which a new run carries itself.

    Raises:
        DataError: It is an older run, and the name of its data is unknown.
    """
    if config.data_facts is not None:
        return config.data_facts.class_names
    if isinstance(config.data, TornManifoldConfig):
        return tuple(curve.name for curve in toy.curves(config.data))
    return _DATASETS.get(config.data.dataset).class_names


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
    plug = _DATASETS.get(config.dataset)
    return min(plug.training_images, config.train_limit or plug.training_images)


def test_size(config: DataSettings) -> int:
    """How many images, or points, a configuration measures on; nothing is loaded to tell.

    Raises:
        DataError: The name is unknown.
    """
    if isinstance(config, TornManifoldConfig):
        return config.points * config.pieces
    plug = _DATASETS.get(config.dataset)
    return min(plug.test_images, config.test_limit or plug.test_images)


def check_dataset_name(name: str) -> None:
    """Refuse a name that no data set has.

    Raises:
        DataError: The name is unknown.
    """
    if name != TornManifoldConfig().dataset:
        _DATASETS.get(name)


def _load(config: DataSettings, with_training: bool) -> Dataset:
    if isinstance(config, TornManifoldConfig):
        return toy.load(config, with_training)
    return _limited(_DATASETS.get(config.dataset).load(with_training), config)


def _limited(dataset: Dataset, config: DataConfig) -> Dataset:
    return replace(dataset, train=dataset.train.first(config.train_limit), test=dataset.test.first(config.test_limit))
