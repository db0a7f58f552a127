"""The network as analyses see it, decoding with it, and checks of labels and dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from cvae_core.architecture import Architecture, Part
from cvae_core.config.fields import format_value
from cvae_core.errors import ConfigError
from cvae_core.records import Bytes, Floats, Labels

Progress = Callable[[int, int], None]


class DenseStep(Protocol):
    """``activation(x @ kernel + bias)``, with kernel float32 (inputs, outputs) and bias float32 (outputs,)."""

    @property
    def kernel(self) -> Floats: ...
    @property
    def bias(self) -> Floats: ...
    @property
    def activation(self) -> str: ...


def no_progress(_done: int, _total: int) -> None:
    """A ``Progress`` that reports nothing; its arguments are what is done, and of how much."""


class Network(Protocol):
    """A trained network at inference: no dropout, no sampling."""

    @property
    def architecture(self) -> Architecture:
        """Sizes of the data and the code."""

    def encode(self, images: Bytes, labels: Labels) -> tuple[Floats, Floats]:
        """Posterior of each image, uint8 (n, height, width, channels), with its label, int64 (n,).

        Returns:
            z_mean and z_log_var, both float32 (n, latent_dim).
        """

    def decode(self, z: Floats, labels: Labels) -> Floats:
        """Mean image of each code, float32 (n, latent_dim), under its label, int64 (n,).

        Returns:
            float32, 0 to 1, (n, height, width, channels) or flattened to (n, pixels).
        """


@runtime_checkable
class OffersOutputs(Protocol):
    """A network that also gives its decoder's outputs, such as logits, which are more precise near 0 and 1."""

    def decode_outputs(self, z: Floats, labels: Labels) -> Floats:
        """From codes and labels as in ``decode`` to float32 (n, pixels * parameters_per_pixel of the likelihood)."""


@runtime_checkable
class OffersLayers(Protocol):
    """A network whose parts can be given as layers of Dense alone, which the browser runs as well."""

    def dense_layers(self, part: Part) -> tuple[DenseStep, ...]:
        """The layers of a part, first to last; "decoder" ends with the parameters of the likelihood.

        Raises:
            ConfigError: The part has other operations.
        """


def decode_images(network: Network, z: Floats, labels: Labels) -> Bytes:
    """Decode codes, float32 (n, latent_dim), under labels, int64 (n,), into uint8 (n, height, width, channels)."""
    shape = (len(z), *network.architecture.shape.image_shape)
    images: Bytes = np.rint(np.clip(network.decode(z, labels), 0.0, 1.0) * 255.0).astype(np.uint8).reshape(shape)
    return images


def decode_under_labels(network: Network, z: Floats, label: int | None = None) -> tuple[Bytes, Labels]:
    """Decode codes, float32 (n, latent_dim), under one label, or under each of them if ``label`` is ``None``.

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
    """Raise a ``ConfigError`` for a label that the data do not have."""
    check_whole_number("label", label, 0, network.architecture.shape.n_classes - 1)


def check_dimension(latent_dim: int, dimension: int) -> None:
    """Raise a ``ConfigError`` for a latent dimension that the code does not have."""
    check_whole_number("latent dimension", dimension, 0, latent_dim - 1)


def check_whole_number(what: str, value: int, low: int, high: int | None = None) -> None:
    """Refuse a setting, named ``what`` in the error, that is not a whole number from ``low`` to ``high``.

    Raises:
        ConfigError: It is not one.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if whole and low <= value and (high is None or value <= high):
        return
    span = f"of at least {low}" if high is None else f"from {low} to {high}"
    raise ConfigError(f"The {what} should be a whole number {span}; it is {format_value(value)}.")
