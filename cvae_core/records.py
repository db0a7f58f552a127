"""Data sets and records of a training, and the checks of images, points and labels where they enter."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from cvae_core.architecture import DataShape
from cvae_core.errors import DataError
from cvae_core.text import short_repr

_Array = npt.NDArray[Any]
_POINT: Final = (1, 2, 1)
_MOST_CHANNELS: Final = 4
_LABEL_LIMIT: Final = 2**31
_SHAPES: Final = (
    "Expected (n, height, width, channels) with 1 to 4 channels, (n, height, width), (n, side * side), or floats of "
    "shape (n, 2) for points of the plane."
)


def checked_images(values: Any, what: str = "images") -> _Array:
    """Convert images or points to the standard form.

    Args:
        values: Array-like of shape (n, height, width, channels) with 1 to 4 channels, (n, height, width), or
            (n, side * side). Whole numbers 0 to 255; floats 0 to 1, which are rounded to the nearest k / 255; or
            booleans, which become 0 and 255. Finite floats of shape (n, 2) or (n, 1, 2, 1) are points.
        what: Their name in errors.

    Returns:
        uint8 (n, height, width, channels), contiguous; for points float32 (n, 1, 2, 1). A view if possible.

    Raises:
        DataError: Wrong numbers or shape; the text names the first wrong number and its index.
    """
    array = _numbers(values, what)
    shape = _image_shape(array, what)
    if array.dtype.kind == "f" and shape[1:] == _POINT:
        return np.ascontiguousarray(_points(array, what).reshape(shape))
    pixels = checked_pixels(array, what)
    if pixels.dtype != np.uint8:
        pixels = np.rint(255.0 * pixels).astype(np.uint8)
    return np.ascontiguousarray(pixels.reshape(shape))


def checked_pixels(values: Any, what: str = "images", are_points: bool = False) -> _Array:
    """Check the numbers of ``checked_images`` without rounding, for any shape.

    Returns:
        uint8, 0 to 255, or float32, 0 to 1; any finite floats if ``are_points``. Of the same shape.

    Raises:
        DataError: As ``checked_images``.
    """
    array = _numbers(values, what)
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind in "ui":
        _refuse(array, (array < 0) | (array > 255), what, "whole numbers from 0 to 255")
        return array.astype(np.uint8)
    if are_points:
        return _points(array, what)
    advice = _range_advice(array)
    _refuse(array, ~((array >= 0.0) & (array <= 1.0)), what, "floats from 0 to 1", advice)
    return array.astype(np.float32, copy=False)


def _range_advice(array: _Array) -> str:
    """Advice for floats that are not from 0 to 1."""
    if array.size == 0 or not np.isfinite(array).all():
        return ""
    low, high = float(array.min()), float(array.max())
    if low >= 0.0 and 127.0 < high <= 255.0:
        return "Divide them by 255, or convert them to uint8."
    return f"They range from {low:.6g} to {high:.6g}: scale them to 0 to 1."


def checked_labels(
    values: Any, count: int, n_classes: int | None = None, what: str = "labels"
) -> npt.NDArray[np.int64]:
    """Convert labels to the standard form.

    Args:
        values: Array-like: whole numbers of any type, (n,) or (n, 1), 0 to n_classes - 1, or one-hot (n, classes).
        count: The expected number of labels.
        n_classes: Number of classes; any if ``None``.
        what: Their name in errors.

    Returns:
        int64 (n,).

    Raises:
        DataError: Wrong number of labels, or wrong values; the text names the first wrong one and its index.
    """
    array = _numbers(values, what)
    if array.ndim == 2:
        array = array[:, 0] if array.shape[1] == 1 else _from_one_hot(array, what)
    if array.ndim != 1:
        raise DataError(f"The {what} should have shape (n,) or be one-hot (n, classes); their shape is {array.shape}.")
    if len(array) != count:
        raise DataError(
            f"There should be one label for each of {count:,} examples; there are {len(array):,} {what}"
            + (f": example {len(array):,}, counted from 0, is the first without one." if len(array) < count else ".")
        )
    if array.dtype.kind == "f":
        _refuse(array, ~(np.isfinite(array) & (array == np.rint(array))), what, "whole numbers")
    expected = "whole numbers from 0 on" if n_classes is None else f"from 0 to {n_classes - 1}"
    advice = "Labels are counted from 0: subtract 1 from each." if array.size and array.min() == 1 else ""
    limit = _LABEL_LIMIT if n_classes is None else n_classes
    _refuse(array, (array < 0) | (array >= limit), what, expected, advice)
    return np.ascontiguousarray(array, np.int64)


def _numbers(values: Any, what: str) -> _Array:
    """The values as an array of booleans, whole numbers or floats."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        place = _first(np.ma.getmaskarray(values))
        raise DataError(f"The {what} should have no gaps; index {list(place)} is masked.", "Fill in what is masked.")
    try:
        array = np.asarray(values)
    except (ValueError, TypeError):
        raise DataError(f"The {what} should be one array; they are nested lists of different lengths.") from None
    if array.dtype.kind not in "buif":
        raise DataError(f"The {what} should be numbers; their dtype is {array.dtype}.")
    return array


def _image_shape(array: _Array, what: str) -> tuple[int, ...]:
    """The shape with height, width and channels."""
    shape = array.shape
    if len(shape) == 3:
        shape = (*shape, 1)
    elif len(shape) == 2 and shape[1] == 2 and array.dtype.kind == "f":
        shape = (len(array), *_POINT)
    elif len(shape) == 2 and math.isqrt(shape[1]) ** 2 == shape[1]:
        shape = (len(array), math.isqrt(shape[1]), math.isqrt(shape[1]), 1)
    if len(shape) != 4 or 0 in shape[1:] or shape[3] > _MOST_CHANNELS:
        raise DataError(f"The {what} have shape {array.shape}.", _SHAPES)
    return shape


def _points(array: _Array, what: str) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):
        points = array.astype(np.float32, copy=False)
    _refuse(array, ~np.isfinite(points), what, "finite numbers of single precision")
    return points


def _from_one_hot(array: _Array, what: str) -> _Array:
    is_one = array == 1
    _refuse(array, (array != 0) & ~is_one, what, "0 or 1, as they have a column for each class")
    wrong = is_one.sum(axis=1) != 1
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"Each row of one-hot {what} should have a single 1; row {row} has {is_one[row].sum()}.")
    labels: _Array = is_one.argmax(axis=1)
    return labels


def _refuse(array: _Array, wrong: npt.NDArray[np.bool_], what: str, expected: str, advice: str = "") -> None:
    """Raise a ``DataError`` that names the first wrong number, if there is one."""
    if wrong.any():
        place = _first(wrong)
        raise DataError(f"The {what} should be {expected}; at index {list(place)} there is {array[place]}.", advice)


def _first(marks: npt.NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(int(marks.argmax()), marks.shape)))


Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Examples: TypeAlias = npt.NDArray[Any]
"""Training examples: images are uint8, 0 to 255; points are float32."""


@dataclass(frozen=True)
class Losses:
    """Averages over images, in units of the likelihood: nats per image, or squared units of the coordinates.

    Attributes:
        loss: reconstruction + beta * kl, with the current beta in training and 1 on the test set, where it is the
            negative ELBO (Kingma and Welling 2014, equation 3).
        reconstruction: Minus log p(x | z, y), summed over pixels; the mean squared error of an autoencoder.
        kl: KL(q(z|x, y) || N(0, I)) summed over latent dimensions; 0 for an autoencoder.
        kl_per_dimension: The same for each latent dimension; empty for an autoencoder.
    """

    loss: float
    reconstruction: float
    kl: float
    kl_per_dimension: tuple[float, ...] = ()

    __repr__ = short_repr


@dataclass(frozen=True)
class StepRecord:
    """Averages over the last few training steps.

    Attributes:
        epoch: The current epoch, counted from 1.
        step: Steps of that epoch done so far.
        steps: Number of steps that are averaged; 0 if unknown, as in runs of earlier versions.
        steps_per_epoch: Steps of an epoch.
        train: Averages over the images of these steps.
        images_per_second: Training speed over these steps.
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
    """Losses and settings of one epoch.

    Attributes:
        epoch: Completed epochs.
        train: Averages over the epoch, while the weights changed.
        test: Averages over the test set after the epoch, without dropout, with one sample of z per image.
        seconds: Wall-clock time of training and evaluation, without pauses.
        learning_rate: At the end of the epoch.
        beta: Weight of the KL at the end of the epoch; 0 for an autoencoder.
        extra: Name -> value of the metrics that plug-ins added.
    """

    epoch: int
    train: Losses
    test: Losses
    seconds: float
    learning_rate: float
    beta: float
    extra: dict[str, float] = field(default_factory=dict, repr=False)

    __repr__ = short_repr


@dataclass(frozen=True)
class Split:
    """One part of a data set, built from anything that ``checked_images`` and ``checked_labels`` accept.

    Attributes:
        images: uint8 (n, height, width, channels), 0 to 255; points of the plane float32 (n, 1, 2, 1).
        labels: int64 (n,), 0 to n_classes - 1.

    Raises:
        DataError: As ``checked_images`` and ``checked_labels``.
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
        """The first ``limit`` examples; all if ``None``."""
        return Split(self.images[:limit], self.labels[:limit])


@dataclass(frozen=True)
class Dataset:
    """Labelled images, or points.

    Attributes:
        name: As the loaders know it.
        title: For people.
        class_names: One for each label, in order.
        train: Training examples; empty if only the test part was loaded.
        test: Test examples.
        sha256: Checksum that identifies the data, 64 hexadecimal digits.

    Raises:
        DataError: The class names are not different texts, a label has no name, the parts differ in shape or type, or
            no pixel is above 1 of 255, as in images that were meant to be binary.
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
