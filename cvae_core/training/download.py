"""Downloads that a person asked for by choosing a data set that is not bundled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cvae_core.data import fashion_mnist
from cvae_core.errors import DataUnavailableError


def _download_fashion_mnist() -> None:
    if fashion_mnist.is_downloaded():
        return
    from cvae_core.models.keras_tensorflow import keras

    try:
        keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # Keras raises whatever its transport did
        raise DataUnavailableError(
            "Fashion-MNIST is not on this machine and could not be downloaded.",
            "Connect to the internet once, or train on mnist, which is bundled.",
        ) from error
    if not fashion_mnist.is_downloaded():  # Keras then kept it in a temporary folder
        raise DataUnavailableError(
            f"Fashion-MNIST was downloaded and could not be kept in {fashion_mnist.folder()}.",
            "Make that folder writable, or name another one by the environment variable KERAS_HOME.",
        )


def needed_download(name: str) -> str:
    """What training on a data set would download first, as a sentence; empty if nothing."""
    if name != "fashion_mnist" or fashion_mnist.is_downloaded():
        return ""
    return "Fashion-MNIST is not on this machine yet: the training downloads it first."


_DOWNLOADS: Final[dict[str, Callable[[], None]]] = {"fashion_mnist": _download_fashion_mnist}


def ensure_downloaded(name: str) -> None:
    """Download a data set if it is not bundled and not on this machine yet.

    Raises:
        DataUnavailableError: It could not be downloaded.
    """
    if name in _DOWNLOADS:
        _DOWNLOADS[name]()
