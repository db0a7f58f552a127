"""Networks, codes and images on which the tests draw, pick and blend."""

from __future__ import annotations

import numpy as np

from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Bytes, Floats
from tests.networks import random_weights

MNIST = DataShape(28, 28, 1, 10)
COLOUR = DataShape(12, 9, 3, 4)
WIDTHS = {"tutorial": (256,), "wide": (512, 512)}
PICKER_SHAPE = (60, 14, 10, 1)
PICKER_LIMIT = 3
PICKER_FIRST_INDEX = 100


def network(name: str, epoch: int = 0) -> FoldedNetwork:
    """The tutorial's sizes, two wide layers, colour images, or one without a condition; another one each epoch."""
    if name == "colour":
        model, shape = ModelConfig(latent_dim=3, hidden_widths=(16,)), COLOUR
    elif name == "unconditional":
        model, shape = ModelConfig(conditional=False, latent_dim=4, hidden_widths=(32,)), MNIST
    elif name == "broad":
        model, shape = ModelConfig(latent_dim=64, hidden_widths=(64,)), MNIST
    else:
        model, shape = ModelConfig(hidden_widths=WIDTHS[name]), MNIST
    weights = random_weights(model, shape, seed=epoch)
    # Neighbouring pixels alike, so that a picture of it has something to see.
    y, x, c = np.indices(shape.image_shape).reshape(3, -1)
    waves = np.random.default_rng(5).uniform(0.1, 0.5, (weights["output/kernel"].shape[0], 3, 1))
    kernel = np.sin(waves[:, 0] * x + waves[:, 1] * y + 6 * waves[:, 2] * (c + 1) + 20 * waves[:, 2])
    weights["output/kernel"] = (6 * kernel / np.sqrt(len(kernel))).astype(np.float32)
    return FoldedNetwork(model, shape, weights)


def class_names(shape: DataShape) -> tuple[str, ...]:
    return tuple(f"class {label}" if shape == COLOUR else str(label) for label in range(shape.n_classes))


def codes(latent_dim: int, count: int, epoch: int = 0) -> Floats:
    """Codes of so many sources."""
    return np.random.default_rng(epoch + 7).normal(0, 1.2, (count, latent_dim)).astype(np.float32)


def picker_images() -> Bytes:
    """Small gradients, each of its own."""
    count, height, width, _ = PICKER_SHAPE
    ramp = np.indices((height, width)).sum(axis=0) * 9
    return ((ramp + 37 * np.arange(count)[:, None, None]) % 256).astype(np.uint8)[..., None]
