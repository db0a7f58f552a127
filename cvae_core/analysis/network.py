"""What an analysis asks of a network, whoever evaluates it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from cvae_core.architecture import Architecture
from cvae_core.errors import ConfigError
from cvae_core.records import Bytes, Floats, Labels


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


def check_label(network: Network, label: int) -> None:
    """Refuse a label that the data do not have.

    Raises:
        ConfigError: The label is negative or too large.
    """
    n_classes = network.architecture.shape.n_classes
    if not 0 <= label < n_classes:
        raise ConfigError(f"The label should be from 0 to {n_classes - 1}; it is {label}.")


def check_dimension(latent_dim: int, dimension: int) -> None:
    """Refuse a latent dimension that the code does not have.

    Raises:
        ConfigError: The dimension is negative or too large.
    """
    if not 0 <= dimension < latent_dim:
        raise ConfigError(f"The latent dimension should be from 0 to {latent_dim - 1}; it is {dimension}.")
