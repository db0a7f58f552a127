"""Whose style a picture transfers: the images that its settings name."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import numpy as np

from cvae_core.analysis.network import check_whole_number
from cvae_core.errors import ConfigError, ExportError
from cvae_core.export.settings import OwnImage, PickedImage, Source, Sources
from cvae_core.export.trained_run import TrainedRun
from cvae_core.records import Bytes, Dataset, Split

POINTS_LIMIT: Final = 10_000


def split_of_sources(trained: TrainedRun, sources: Sequence[Source]) -> Split:
    """The images, with the labels that they are encoded with.

    Raises:
        ConfigError: A label or an index is out of range, or an own image is not of the data's form.
        ExportError: There are too few images of a label.
        DataError: The training images are wanted, and are not there.
    """
    parts = [_images(trained, source) for source in sources]
    return Split(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))


def one_test_image(test: Split, index: int) -> Split:
    """One image of the test set.

    Raises:
        ConfigError: There is none of this index.
    """
    check_whole_number("index of a test image", index, 0, len(test) - 1)
    one = slice(index, index + 1)
    return Split(test.images[one], test.labels[one])


def known_label(data: Dataset, label: int) -> int:
    """The label, if the data have it.

    Raises:
        ConfigError: They do not.
    """
    check_whole_number("label", label, 0, data.shape.n_classes - 1)
    return label


def _images(trained: TrainedRun, source: Source) -> Split:
    if isinstance(source, Sources):
        return _first_of(trained.data, source)
    if isinstance(source, PickedImage):
        return one_test_image(trained.test_data.test, source.index)
    known_label(trained.test_data, source.label)
    return Split(_own_image(trained.test_data, source)[None], np.array([source.label], np.int64))


def _own_image(data: Dataset, source: OwnImage) -> Bytes:
    try:
        pixels = base64.b64decode(source.pixels, validate=True)
    except (binascii.Error, ValueError):
        pixels = b""
    if len(pixels) != data.shape.pixels:
        raise ConfigError(f"An image of one's own should be {data.shape.pixels} bytes in base64.")
    return np.frombuffer(pixels, np.uint8).reshape(data.shape.image_shape)


def _first_of(data: Dataset, source: Sources) -> Split:
    """The first training images of a label."""
    found = np.flatnonzero(data.train.labels == known_label(data, source.label))[: source.count]
    if len(found) < source.count:
        raise ExportError(
            f"The training set has {len(found)} images of label {source.label}, not {source.count}.", "Ask for fewer."
        )
    return Split(data.train.images[found], data.train.labels[found])
