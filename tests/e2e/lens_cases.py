"""The manifolds over which the tests hold the lens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cvae_core.analysis.generation import ManifoldView
from cvae_core.analysis.records import ManifoldGrids
from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.inference import FoldedNetwork
from tests.analysis.toy_network import computed
from tests.networks import random_weights

QUANTILES = (0.05, 0.95)
LABEL = 4
EPOCHS = (0, 1, 2, 5, 9)
DAMAGED = 5
SHAPE = DataShape(28, 28, 1, 10)


@dataclass(frozen=True)
class Case:
    """A network, the plane of its codes, and how large an image pixel is drawn."""

    network: FoldedNetwork
    grid: ManifoldGrids
    base: tuple[float, ...]
    scale: float

    @property
    def tile(self) -> tuple[float, float]:
        """Width and height of a tile in CSS pixels."""
        height, width, _ = self.network.architecture.shape.image_shape
        return self.scale * width, self.scale * height


def grey() -> Case:
    """The tutorial's sizes; dimensions 3 and 1 of eight, the others not zero."""
    network = _network(ModelConfig(), DataShape(28, 28, 1, 10))
    base = tuple(np.linspace(-0.6, 0.5, 8).round(2).tolist())
    view = ManifoldView(label=LABEL, size=12, dimensions=(2, 0), others=base)
    return Case(network, computed(network, view), base, 1.0)


def colour() -> Case:
    """One dimension, colour, no condition."""
    network = _network(ModelConfig(conditional=False, latent_dim=1, hidden_widths=(16,)), DataShape(12, 9, 3, 4))
    return Case(network, computed(network, ManifoldView(size=10)), (0.0,), 3.0)


def _network(model: ModelConfig, shape: DataShape, seed: int = 3) -> FoldedNetwork:
    weights = random_weights(model, shape, seed)
    # Neighbouring pixels alike, so that a picture of it has something to see.
    y, x, c = np.indices(shape.image_shape).reshape(3, -1)
    rng = np.random.default_rng(5)
    waves = rng.uniform(0.1, 0.5, (weights["output/kernel"].shape[0], 3, 1))
    kernel = np.sin(waves[:, 0] * x + waves[:, 1] * y + 6 * waves[:, 2] * (c + 1) + 20 * waves[:, 2])
    weights["output/kernel"] = (6 * kernel / np.sqrt(len(kernel))).astype(np.float32)
    return FoldedNetwork(model, shape, weights)


def trained(epoch: int) -> FoldedNetwork:
    """A network that differs from epoch to epoch."""
    model = ModelConfig(latent_dim=3, hidden_widths=(64,), decoder_activation="silu")
    return _network(model, SHAPE, seed=epoch)
