"""Images redrawn under other labels in their own style."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final, Literal, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from cvae_core.analysis.network import Network, check_whole_number, decode_under_labels
from cvae_core.analysis.reconstruction import one_test_image
from cvae_core.analysis.records import StyleTransfer
from cvae_core.analysis.views import Records, View
from cvae_core.config.fields import Settings
from cvae_core.errors import ConfigError
from cvae_core.records import Bytes, Dataset, Labels, Split

SOURCES_LIMIT: Final = 100


class FirstImages(Settings):
    """The first images of one label in the training set."""

    kind: Literal["first"] = "first"
    label: int = Field(ge=0)
    count: int = Field(default=10, ge=1)

    def images(self, data: Dataset) -> Split:
        """The images, with the label that they are encoded with; see ``Source``."""
        _check_label(data, self.label)
        found = np.flatnonzero(data.train.labels == self.label)[: self.count]
        if len(found) < self.count:
            raise ConfigError(
                f"The training set has {len(found)} images of label {self.label}, not {self.count}.", "Ask for fewer."
            )
        return Split(data.train.images[found], data.train.labels[found])


class TestImage(Settings):
    """One image of the test set, by its place there."""

    __test__ = False  # not a test for pytest

    kind: Literal["test"] = "test"
    index: int = Field(ge=0)

    def images(self, data: Dataset) -> Split:
        """The image, with its label; see ``Source``."""
        return one_test_image(data.test, self.index)


class OwnImage(Settings):
    """A user's image in the form of the data: uint8 (height, width, channels), as base64."""

    kind: Literal["own"] = "own"
    pixels: str = Field(repr=False)
    label: int = Field(ge=0)

    @classmethod
    def of(cls, image: Bytes, label: int) -> OwnImage:
        """An image of the data's form, and the label that it is encoded with."""
        return cls(pixels=base64.b64encode(image.tobytes()).decode(), label=label)

    def images(self, data: Dataset) -> Split:
        """The image, with the label that it is encoded with; see ``Source``."""
        _check_label(data, self.label)
        try:
            pixels = base64.b64decode(self.pixels, validate=True)
        except (binascii.Error, ValueError):
            pixels = b""
        if len(pixels) != data.shape.pixels:
            raise ConfigError(f"A user's image should be {data.shape.pixels} bytes in base64.")
        image = np.frombuffer(pixels, np.uint8).reshape(1, *data.shape.image_shape)
        return Split(image, np.array([self.label], np.int64))


def _from_json(value: object) -> object:
    """A source of its JSON form."""
    known: dict[str, type[Settings]] = {"first": FirstImages, "test": TestImage, "own": OwnImage}
    return known[value["kind"]](**value) if isinstance(value, dict) else value


# Whose style is transferred. ``images(data)`` gives the images; it raises ``ConfigError`` where the data lack them.
Source = Annotated[FirstImages | TestImage | OwnImage, BeforeValidator(_from_json)]


class StyleView(View):
    """Images redrawn under every label in their own style.

    Attributes:
        sources: Whose style, at most 100 images.
        invert: Dark ink on light paper.
    """

    kind: Literal["style"] = "style"
    sources: tuple[Source, ...] = (FirstImages(label=7),)
    invert: bool = False

    @model_validator(mode="after")
    def _check_number(self) -> Self:
        count = sum(source.count if isinstance(source, FirstImages) else 1 for source in self.sources)
        check_whole_number("number of sources", count, 1, SOURCES_LIMIT)
        return self

    @property
    def training_images(self) -> tuple[tuple[int, int], ...]:
        """As in ``View``."""
        return tuple((source.label, source.count) for source in self.sources if isinstance(source, FirstImages))

    def images(self, data: Dataset) -> Split:
        """The sources, with the labels that they are encoded with.

        Raises:
            ConfigError: The data lack one of them.
        """
        parts = [source.images(data) for source in self.sources]
        return Split(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))

    def compute(self, network: Network, data: Dataset, _records: Records) -> StyleTransfer:
        """Redraw the sources; see ``compute`` of the views."""
        sources = self.images(data)
        return transfer(network, sources.images, sources.labels)


def transfer(network: Network, images: Bytes, labels: Labels) -> StyleTransfer:
    """Encode images with their own label to z_mean, and decode that with every label.

    The code does not need to describe the label, so it describes the style (Kingma et al. 2014, "Semi-supervised
    learning with deep generative models", section 4.2).

    Args:
        network: Encoder and decoder.
        images: uint8 (sources, height, width, channels).
        labels: int64 (sources,), 0 to n_classes - 1.

    Raises:
        DataError: Images or labels do not fit the network.
    """
    z_mean, _ = network.encode(images, labels)
    tiles, targets = decode_under_labels(network, z_mean)
    return StyleTransfer(images, labels, z_mean, tiles, targets)


def _check_label(data: Dataset, label: int) -> None:
    check_whole_number("label", label, 0, data.shape.n_classes - 1)
