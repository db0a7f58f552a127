"""A network so simple that every answer of an analysis can be computed by hand."""

from __future__ import annotations

import numpy as np

from cvae_core.architecture import Architecture, DataShape, plan
from cvae_core.config.run import ModelConfig
from cvae_core.records import Bytes, Floats, Labels


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
        brightness = images.reshape(len(images), -1).mean(axis=1) / 255.0
        z_mean = np.tile(brightness[:, None], (1, self.architecture.latent_dim)).astype(np.float32)
        return z_mean, np.tile(-labels[:, None], (1, self.architecture.latent_dim)).astype(np.float32)

    def decode(self, z: Floats, labels: Labels) -> Floats:
        probabilities = np.stack([self.probability(code, label) for code, label in zip(z, labels, strict=True)])
        return probabilities.reshape(len(z), -1) if self.flat else probabilities

    def probability(self, code: Floats, label: int) -> Floats:
        """Pixel p of the flattened image: a logistic function of the code's dot product with 1, 2, 3, ..."""
        weights = np.arange(1, len(code) + 1)
        value = 1.0 / (1.0 + np.exp(-(code @ weights) / 10.0 - label))
        shape = self.architecture.shape
        ramp = np.linspace(0.0, 1.0, shape.pixels).reshape(shape.image_shape)
        return (value * ramp).astype(np.float32)


class ToyNetworkWithLogits(ToyNetwork):
    """The same network with the logits of its probabilities, which are at least 0 and at most 1 exactly."""

    def decode_logits(self, z: Floats, labels: Labels) -> Floats:
        probabilities = self.decode(z, labels).astype(np.float64)
        with np.errstate(divide="ignore"):
            logits = np.log(probabilities) - np.log1p(-probabilities)
        return np.clip(logits, -1e3, 1e3).astype(np.float32)
