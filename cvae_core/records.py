"""Frozen records that travel between the parts: losses from training, and what analysis computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cvae_core.architecture import DataShape
from cvae_core.errors import DataError
from cvae_core.examples import checked_images, checked_labels
from cvae_core.short_repr import short_repr

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Examples: TypeAlias = npt.NDArray[Any]
"""What is learned from: images are uint8, 0 to 255 for 0 to 1; points are float32 and taken as they are."""


@dataclass(frozen=True)
class Losses:
    """Averages over images, in nats per image; of an autoencoder, over points, in squared units of the coordinates.

    Attributes:
        loss: reconstruction + beta * kl, with the beta in force in training and 1 on the test set, where it
            is the negative ELBO (Kingma and Welling 2014, equation 3). Of an autoencoder the reconstruction alone.
        reconstruction: Binary cross-entropy summed over pixels. Of an autoencoder the squared error averaged over
            coordinates.
        kl: KL(q(z|x, y) || N(0, I)) summed over latent dimensions. Of an autoencoder 0.
        kl_per_dimension: The same for each latent dimension; length latent_dim. Of an autoencoder empty.
    """

    loss: float
    reconstruction: float
    kl: float
    kl_per_dimension: tuple[float, ...] = ()

    __repr__ = short_repr


@dataclass(frozen=True)
class StepRecord:
    """What a few training steps gave.

    Attributes:
        epoch: The epoch under way, counted from 1.
        step: Steps of that epoch done so far.
        steps: The last so many of these gave the averages; 0 if unknown, as in runs of earlier versions.
        steps_per_epoch: Steps that make an epoch.
        train: Averages over the images of these few steps alone.
        images_per_second: Training speed over these few steps.
    """

    epoch: int
    step: int
    steps: int = field(default=0, kw_only=True)
    steps_per_epoch: int
    train: Losses
    images_per_second: float

    __repr__ = short_repr


@dataclass(frozen=True)
class EpochRecord:
    """What one whole epoch gave.

    Attributes:
        epoch: Completed epochs.
        train: Averages over the epoch, as the weights changed.
        test: Averages over the test set after the epoch, without dropout, one sample of z an image, if there is a
            distribution to sample from.
        seconds: Wall-clock time of training and evaluation, pauses left out.
        learning_rate: In force at the end of the epoch.
        beta: Weight of the KL in force at the end of the epoch; 0 where there is none.
    """

    epoch: int
    train: Losses
    test: Losses
    seconds: float
    learning_rate: float
    beta: float

    __repr__ = short_repr


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    It may be built from whatever ``checked_images`` and ``checked_labels`` take: floats 0 to 1, flat images, one-hot
    labels, ... What it then holds is in the form below.

    Attributes:
        images: uint8 (n, height, width, channels), 0 to 255. Points of the plane, which are no images but go the same
            way: float32 (n, 1, 2, 1), x and y.
        labels: int64 (n,), 0 to n_classes - 1.

    Raises:
        DataError: Images or labels are of another form; the text names the first wrong number and its index.
    """

    images: Examples
    labels: Labels

    __repr__ = short_repr

    def __post_init__(self) -> None:
        images = checked_images(self.images)
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", checked_labels(self.labels, len(images)))

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, limit: int | None) -> Split:
        """The first ``limit`` examples; all of them if that is ``None`` or more than there are."""
        return Split(self.images[:limit], self.labels[:limit])


@dataclass(frozen=True)
class Dataset:
    """Labelled images, or points.

    Attributes:
        name: As the loaders know it.
        title: For people.
        class_names: One for each label, in order.
        train: What is learned from; of length 0 where only the test part was asked for.
        test: What is never learned from.
        sha256: Checksum that identifies the data, 64 hexadecimal digits.

    Raises:
        DataError: The class names are not different texts, a label has none, the two parts hold examples of different
            shapes or kinds, or no pixel is above 1 of 255, as in images that were meant to be binary.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    train: Split
    test: Split
    sha256: str

    __repr__ = short_repr

    def __post_init__(self) -> None:
        _check_class_names(self.class_names)
        kinds = [(part.images.shape[1:], part.images.dtype) for part in (self.train, self.test)]
        if kinds[0] != kinds[1]:
            (train, train_type), (test, test_type) = kinds
            raise DataError(
                f"Training and test examples should be alike; they are {train_type} {train} and {test_type} {test}."
            )
        for part, words in ((self.train, "training"), (self.test, "test")):
            checked_labels(part.labels, len(part), len(self.class_names), f"{words} labels")
            if part.images.dtype == np.uint8 and part.images.size and part.images.max() == 1:
                raise DataError(
                    f"The {words} images hold 0 and 1 only; whole numbers should be from 0 to 255.",
                    "Multiply them by 255, or give truth values.",
                )

    @property
    def shape(self) -> DataShape:
        """Size of one example."""
        height, width, channels = self.test.images.shape[1:]
        return DataShape(height, width, channels, len(self.class_names))


def _check_class_names(names: object) -> None:
    """Refuse what is not a sequence of different texts."""
    if not isinstance(names, (tuple, list)) or not all(isinstance(name, str) for name in names):
        raise DataError(f"The class names should be a tuple of texts, one for each label; they are {names!r:.80}.")
    if not names:
        raise DataError("There should be at least one class name.")
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise DataError(f"Each class name should be there once; {twice[0]!r} is there more often.")
