"""Networks that the browser evaluates in the tests: every activation, condition, size of the code and colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from cvae_core.architecture import DataShape
from cvae_core.config.run import Activation, ModelConfig
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Floats
from tests.networks import random_weights

GREY = DataShape(5, 4, 1, 3)
COLOUR = DataShape(4, 6, 3, 10)
MNIST = DataShape(28, 28, 1, 10)


@dataclass(frozen=True)
class Case:
    """A network, a code for its decoder, and an image for its encoder."""

    name: str
    network: FoldedNetwork
    z: Floats
    image: Floats


def cases() -> dict[str, Case]:
    """The same ones at each call, by name."""
    made = [
        _case(f"{activation} {latent_dim}", latent_dim, (70, 9), conditional=True, activation=activation, shape=shape)
        for latent_dim, shape in ((1, GREY), (2, COLOUR), (8, GREY), (64, COLOUR))
        for activation in get_args(Activation)
    ]
    made += [
        _case(f"unconditional {latent_dim}", latent_dim, (7,), conditional=False, activation="gelu", shape=shape)
        for latent_dim, shape in ((1, COLOUR), (64, GREY))
    ]
    made.append(_case("tutorial", 8, (256,), conditional=True, activation="leaky_relu", shape=MNIST))
    made.append(_case("two wide layers", 8, (512, 512), conditional=True, activation="leaky_relu", shape=MNIST))
    return {case.name: case for case in made}


def _case(
    name: str, latent_dim: int, widths: tuple[int, ...], *, conditional: bool, activation: Activation, shape: DataShape
) -> Case:
    model = ModelConfig(
        latent_dim=latent_dim,
        hidden_widths=widths,
        conditional=conditional,
        encoder_activation=activation,
        decoder_activation=activation,
    )
    rng = np.random.default_rng(len(name))
    image = rng.uniform(0, 1, shape.pixels).astype(np.float32)
    # Most of a digit is black.
    image[rng.uniform(0, 1, shape.pixels) < 0.6] = 0.0
    network = FoldedNetwork(model, shape, random_weights(model, shape))
    return Case(name, network, rng.normal(0, 1.5, latent_dim).astype(np.float32), image)
