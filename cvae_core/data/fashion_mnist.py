"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), read from the download cache of Keras."""

from __future__ import annotations

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path
from typing import Final

import numpy as np

from cvae_core.architecture import DataShape
from cvae_core.errors import DataError, DataUnavailableError, reading_errors
from cvae_core.records import Bytes, Dataset, Split

NAME: Final = "fashion_mnist"
TITLE: Final = "Fashion-MNIST clothes"
CLASS_NAMES: Final = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_FILES: Final = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", 60_000),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", 10_000),
}
_SIDE: Final = 28
SHAPE: Final = DataShape(_SIDE, _SIDE, 1, len(CLASS_NAMES))
_IMAGES: Final = 2051
_LABELS: Final = 2049


def folder() -> Path:
    """Where Keras keeps the four files."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home).expanduser() if home else Path.home() / ".keras") / "datasets" / "fashion-mnist"


def is_downloaded() -> bool:
    """Whether all four files are there."""
    return all((folder() / name).is_file() for images, labels, _ in _FILES.values() for name in (images, labels))


def load(with_training: bool = True) -> Dataset:
    """The 60,000 training images (none if ``with_training`` is false) and 10,000 test images.

    Raises:
        DataUnavailableError: It is not downloaded.
        DataError: A file is damaged or cannot be read.
    """
    with reading_errors("Fashion-MNIST", f"Make sure that you may read {folder()}."):
        if not is_downloaded():
            raise DataUnavailableError(
                "Fashion-MNIST is not on this machine yet.",
                "Start a training on it with an internet connection: it is downloaded once.",
            )
        test = _split("test")
        train = _split("train") if with_training else test.first(0)
        return Dataset(NAME, TITLE, CLASS_NAMES, train, test, checksum())


def _split(part: str) -> Split:
    images_name, labels_name, count = _FILES[part]
    images = _payload(images_name, _IMAGES, (count, _SIDE, _SIDE))
    labels = _payload(labels_name, _LABELS, (count,))
    if labels.max() >= len(CLASS_NAMES):
        raise _damaged(labels_name)
    return Split(images[..., np.newaxis], labels.astype(np.int64))


def _payload(name: str, magic: int, shape: tuple[int, ...]) -> Bytes:
    """The bytes of an IDX file: big-endian magic number and dimensions, then the values."""
    header = np.array([magic, *shape], ">u4").tobytes()
    packed = (folder() / name).read_bytes()
    try:
        raw = gzip.decompress(packed)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise _damaged(name) from None
    if not raw.startswith(header) or len(raw) != len(header) + math.prod(shape):
        raise _damaged(name)
    return np.frombuffer(raw, np.uint8, offset=len(header)).reshape(shape)


def _damaged(name: str) -> DataError:
    return DataError(f"The Fashion-MNIST file {name} is damaged.", f"Delete the folder {folder()} and train again.")


def checksum() -> str:
    """SHA-256 of the four files one after the other; empty if they are not on this machine."""
    if not is_downloaded():
        return ""
    digest = hashlib.sha256()
    for images, labels, _ in _FILES.values():
        for name in (images, labels):
            digest.update((folder() / name).read_bytes())
    return digest.hexdigest()
