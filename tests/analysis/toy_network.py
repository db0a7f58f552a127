"""A network so simple that every answer of an analysis can be computed by hand."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from cvae_core.analysis.network import Network
from cvae_core.analysis.views import Computed, compute
from cvae_core.architecture import Architecture, DataShape, plan
from cvae_core.config.run import ModelConfig
from cvae_core.records import Bytes, Dataset, Floats, Labels, Split

R = TypeVar("R")


class ToyNetwork:
    """Encodes the mean brightness of an image and decodes a code to flat colours that tell its numbers."""

    def __init__(
        self,
        *,
        latent_dim: int = 3,
        height: int = 5,
        width: int = 4,
        channels: int = 3,
        n_classes: int = 4,
        flat: bool = True,
    ) -> None:
        model = ModelConfig(latent_dim=latent_dim, hidden_widths=(2,))
        self.architecture: Architecture = plan(model, DataShape(height, width, channels, n_classes))
        self.flat = flat

    def encode(self, images: Bytes, labels: Labels) -> tuple[Floats, Floats]:
        brightness = images.mean(axis=(1, 2, 3)) / 255.0
        z_mean = np.tile(brightness[:, None], (1, self.architecture.latent_dim)).astype(np.float32)
        return z_mean, np.tile(-labels[:, None], (1, self.architecture.latent_dim)).astype(np.float32)

    def decode(self, z: Floats, labels: Labels) -> Floats:
        shape = self.architecture.shape
        pixels = [self.probability(code, label) for code, label in zip(z, labels, strict=True)]
        probabilities = np.array(pixels, np.float32).reshape(len(z), *shape.image_shape)
        return probabilities.reshape(len(z), shape.pixels) if self.flat else probabilities

    def probability(self, code: Floats, label: int) -> Floats:
        """Pixel p of the flattened image: a logistic function of the code's dot product with 1, 2, 3, ..."""
        weights = np.arange(1, len(code) + 1)
        value = 1.0 / (1.0 + np.exp(-(code @ weights) / 10.0 - label))
        shape = self.architecture.shape
        ramp = np.linspace(0.0, 1.0, shape.pixels).reshape(shape.image_shape)
        return (value * ramp).astype(np.float32)


class ToyNetworkWithLogits(ToyNetwork):
    """The same network with the logits of its probabilities, which are at least 0 and at most 1 exactly."""

    def decode_outputs(self, z: Floats, labels: Labels) -> Floats:
        probabilities = self.decode(z, labels).astype(np.float64)
        with np.errstate(divide="ignore"):
            logits = np.log(probabilities) - np.log1p(-probabilities)
        return np.clip(logits, -1e3, 1e3).astype(np.float32).reshape(len(z), -1)


def computed(network: Network, view: Computed[R]) -> R:
    """What a view shows of a network, where the data do not matter."""
    shape = network.architecture.shape
    nothing = Split(np.zeros((0, *shape.image_shape), np.uint8), np.zeros(0, np.int64))
    names = tuple(map(str, range(shape.n_classes)))
    return compute(network, Dataset("none", "no data", names, nothing, nothing, "0" * 64), view)
