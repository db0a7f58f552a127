"""What an analysis asks of a network, whoever evaluates it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from cvae_core.architecture import Architecture
from cvae_core.config.fields import format_value
from cvae_core.errors import ConfigError
from cvae_core.records import Bytes, Floats, Labels

Progress = Callable[[int, int], None]


def no_progress(_done: int, _total: int) -> None:
    """Listens to what is done by now, and of how much; this one to nothing."""


class Network(Protocol):
    """A trained network at inference: no dropout, no sampling."""

    @property
    def architecture(self) -> Architecture:
        """Sizes of the data and the code."""
        ...

    def encode(self, images: Bytes, labels: Labels) -> tuple[Floats, Floats]:
        """Posterior of each image.

        Args:
            images: uint8 (n, height, width, channels).
            labels: int64 (n,).

        Returns:
            z_mean and z_log_var, both float32 (n, latent_dim).
        """
        ...

    def decode(self, z: Floats, labels: Labels) -> Floats:
        """Pixel probabilities of each code.

        Args:
            z: float32 (n, latent_dim).
            labels: int64 (n,).

        Returns:
            float32, 0 to 1, (n, height, width, channels) or flattened to (n, pixels).
        """
        ...


@runtime_checkable
class OffersOutputs(Protocol):
    """A network that also gives its decoder's outputs, such as logits, which keep what rounding to 0 or 1 loses."""

    def decode_outputs(self, z: Floats, labels: Labels) -> Floats:
        """Outputs for each code.

        Args:
            z: float32 (n, latent_dim).
            labels: int64 (n,).

        Returns:
            float32 (n, pixels * parameters_per_pixel of the likelihood).
        """
        ...


def decode_images(network: Network, z: Floats, labels: Labels) -> Bytes:
    """Decode codes into images.

    Args:
        network: The decoder.
        z: float32 (n, latent_dim).
        labels: int64 (n,).

    Returns:
        uint8 (n, height, width, channels), probabilities scaled to 0..255 and rounded.
    """
    probabilities = network.decode(z, labels)
    shape = (len(z), *network.architecture.shape.image_shape)
    images: Bytes = np.rint(np.clip(probabilities, 0.0, 1.0) * 255.0).astype(np.uint8).reshape(shape)
    return images


def decode_under_labels(network: Network, z: Floats, label: int | None = None) -> tuple[Bytes, Labels]:
    """Decode the same codes under every label, or under one of them.

    Args:
        network: The decoder.
        z: float32 (n, latent_dim).
        label: The only one to decode under; each of them if ``None``.

    Returns:
        uint8 (labels, n, height, width, channels), and the labels, int64 (labels,).

    Raises:
        ConfigError: The data do not have the label.
    """
    if label is not None:
        check_label(network, label)
    labels = np.arange(network.architecture.shape.n_classes) if label is None else np.array([label], np.int64)
    images = decode_images(network, np.tile(z, (len(labels), 1)), np.repeat(labels, len(z)))
    return images.reshape(len(labels), len(z), *network.architecture.shape.image_shape), labels


def check_label(network: Network, label: int) -> None:
    """Refuse a label that the data do not have.

    Raises:
        ConfigError: The label is negative, too large or no whole number.
    """
    check_whole_number("label", label, 0, network.architecture.shape.n_classes - 1)


def check_dimension(latent_dim: int, dimension: int) -> None:
    """Refuse a latent dimension that the code does not have.

    Raises:
        ConfigError: The dimension is negative, too large or no whole number.
    """
    check_whole_number("latent dimension", dimension, 0, latent_dim - 1)


def check_whole_number(what: str, value: int, low: int, high: int | None = None) -> None:
    """Refuse a setting that is out of range, or no whole number.

    Args:
        what: The setting, as it stands in the middle of a sentence.
        value: What came.
        low: The smallest that will do.
        high: The largest that will do, if there is one.

    Raises:
        ConfigError: It will not do.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if whole and low <= value and (high is None or value <= high):
        return
    span = f"of at least {low}" if high is None else f"from {low} to {high}"
    raise ConfigError(f"The {what} should be a whole number {span}; it is {format_value(value)}.")
