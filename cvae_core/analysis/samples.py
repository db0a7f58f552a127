"""Images decoded from codes drawn at random from the prior."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from cvae_core.analysis.network import Network, check_whole_number, conditions_of, decode_images
from cvae_core.analysis.records import SampleGrid
from cvae_core.config.run import SEED_LIMIT
from cvae_core.errors import ConfigError
from cvae_core.records import Floats

COLUMNS_LIMIT: Final = 100


def draw_codes(latent_dim: int, count: int, *, seed: int = 0, temperature: float = 1.0) -> Floats:
    """Draw codes from N(0, temperature^2 I).

    Args:
        latent_dim: Size of a code.
        count: How many, 1 to 100.
        seed: 0 to 2^31 - 1; the same seed gives the same first codes whatever the count.
        temperature: Standard deviation; 1 is the prior, less gives more typical images.

    Returns:
        float32 (count, latent_dim).

    Raises:
        ConfigError: The count, seed or temperature is out of range.
    """
    check_whole_number("number of samples", count, 1, COLUMNS_LIMIT)
    check_whole_number("seed", seed, 0, SEED_LIMIT)
    if not 0.0 <= temperature <= 10.0:
        raise ConfigError(f"The temperature should be from 0 to 10; it is {temperature}.")
    noise = np.random.default_rng(seed).standard_normal((count, latent_dim))
    return (temperature * noise).astype(np.float32)


def samples(
    network: Network,
    labels: Sequence[int] | None = None,
    *,
    columns: int = 10,
    seed: int = 0,
    temperature: float = 1.0,
) -> SampleGrid:
    """Decode the same random codes under each label.

    Args:
        network: The decoder.
        labels: The condition of each row; every label once if ``None``.
        columns: Codes, 1 to 100.
        seed: Of the codes.
        temperature: Standard deviation of the codes.

    Raises:
        ConfigError: A label, the count, the seed or the temperature is out of range, or no label is given.
    """
    architecture = network.architecture
    rows = conditions_of(network, labels)
    z = draw_codes(architecture.latent_dim, columns, seed=seed, temperature=temperature)
    conditions = np.repeat(rows, columns)
    images = decode_images(network, np.tile(z, (len(rows), 1)), conditions)
    tiles = images.reshape(len(rows), columns, *architecture.shape.image_shape)
    return SampleGrid(tiles, z, rows)
