"""MNIST (LeCun et al. 1998), which is bundled: beside the package in a checkout, inside it where it was installed."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from cvae_core.architecture import DataShape
from cvae_core.errors import DataError, reading_errors
from cvae_core.records import Dataset, Split

_PACKAGE: Final = Path(__file__).resolve().parents[1]
FOLDERS: Final = (_PACKAGE / "assets", _PACKAGE.parent / "assets")


def bundled_file(name: str) -> Path:
    """Where a file of the assets is, or should be if it is missing."""
    places = [folder / name for folder in FOLDERS]
    return next((place for place in places if place.is_file()), places[-1])


NAME: Final = "mnist"
TITLE: Final = "MNIST handwritten digits"
SHA256: Final = "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64"
FILE_NAME: Final = "mnist.npz"
CLASS_NAMES: Final = tuple("0123456789")
SHAPE: Final = DataShape(28, 28, 1, 10)


def checksum() -> str:
    """SHA-256 of the bundled file."""
    return SHA256


def load(with_training: bool = True) -> Dataset:
    """The 60,000 training digits (none if ``with_training`` is false) and 10,000 test digits in their original order.

    Raises:
        DataError: The bundled file is missing or not the original, or cannot be read.
    """
    with reading_errors(f"The bundled data set {FILE_NAME}", "Install the project again."):
        path = _verified(bundled_file(FILE_NAME))
        with np.load(path, allow_pickle=False) as arrays:
            test = _split(arrays, "test")
            train = _split(arrays, "train") if with_training else test.first(0)
    return Dataset(NAME, TITLE, CLASS_NAMES, train, test, SHA256)


def _split(arrays: np.lib.npyio.NpzFile, part: str) -> Split:
    return Split(arrays[f"x_{part}"][..., np.newaxis], arrays[f"y_{part}"].astype(np.int64))


@lru_cache(maxsize=4)
def _verified(path: Path) -> Path:
    """The path itself, once its checksum is verified."""
    if not path.is_file():
        raise DataError(f"The bundled data set {path.name} is missing.", "Install the project again.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise DataError(
            f"The bundled data set {path.name} is damaged: expected SHA-256 {SHA256[:12]}..., got {found[:12]}....",
            "Install the project again.",
        )
    return path
