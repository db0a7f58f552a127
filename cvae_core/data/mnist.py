"""The complete MNIST set, bundled with the project (LeCun, Cortes and Burges; CC BY-SA 3.0)."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from cvae_core.architecture import DataShape
from cvae_core.bundled import bundled_file
from cvae_core.errors import DataError
from cvae_core.records import Dataset, Split
from cvae_core.system_errors import reading_errors

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
    """The 60,000 training and 10,000 test digits in their original order.

    Args:
        with_training: Whether to read the training part as well.

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
    """The path itself, once its checksum was found right."""
    if not path.is_file():
        raise DataError(f"The bundled data set {path.name} is missing.", "Install the project again.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise DataError(
            f"The bundled data set {path.name} is damaged: its SHA-256 should start with {SHA256[:12]}, "
            f"it starts with {found[:12]}.",
            "Install the project again.",
        )
    return path
