"""Images redrawn under other labels in their own style, and the ways between two styles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from cvae_core.analysis.network import Network, check_whole_number, conditions_of, decode_images
from cvae_core.analysis.records import Blend, StyleTransfer
from cvae_core.errors import ConfigError
from cvae_core.records import Bytes, Floats, Labels

STEPS_LIMIT: Final = 100


def transfer(network: Network, images: Bytes, labels: Labels, targets: Sequence[int] | None = None) -> StyleTransfer:
    """Encode images with their own label to z_mean, and decode that with every label.

    What the label says is no longer in the code, so the code holds the style (Kingma et al. 2014, "Semi-supervised
    learning with deep generative models", section 4.2).

    Args:
        network: Encoder and decoder.
        images: uint8 (sources, height, width, channels).
        labels: int64 (sources,), 0 to n_classes - 1.
        targets: The labels to decode with; every label once if ``None``.

    Raises:
        ConfigError: A target is out of range, or there is none.
        DataError: Images or labels do not fit the network.
    """
    rows = conditions_of(network, targets)
    z_mean, _ = network.encode(images, labels)
    return StyleTransfer(images, labels, z_mean, _under_labels(network, z_mean, rows), rows)


def blend(
    network: Network,
    z_a: Sequence[float] | Floats,
    z_b: Sequence[float] | Floats,
    steps: int = 10,
    targets: Sequence[int] | None = None,
) -> Blend:
    """Go straight from one code to another, and decode the codes on the way with every label.

    Args:
        network: The decoder.
        z_a: float (latent_dim,), where the way begins.
        z_b: float (latent_dim,), where it ends.
        steps: Codes on the way, both ends counted, 2 to 100.
        targets: The labels to decode with; every label once if ``None``.

    Raises:
        ConfigError: A code, the number of steps or a target is out of range, or there is no target.
    """
    check_whole_number("number of steps", steps, 2, STEPS_LIMIT)
    rows = conditions_of(network, targets)
    begin, end = (_checked_code(z, network.architecture.latent_dim) for z in (z_a, z_b))
    share = np.linspace(0.0, 1.0, steps)[:, None]
    z = ((1.0 - share) * begin + share * end).astype(np.float32)
    return Blend(_under_labels(network, z, rows), z, rows)


def _under_labels(network: Network, z: Floats, rows: Labels) -> Bytes:
    """Every code under every label: uint8 (labels, codes, height, width, channels)."""
    images = decode_images(network, np.tile(z, (len(rows), 1)), np.repeat(rows, len(z)))
    return images.reshape(len(rows), len(z), *network.architecture.shape.image_shape)


def _checked_code(z: Sequence[float] | Floats, latent_dim: int) -> Floats:
    code = np.array(z, np.float32)
    if code.shape != (latent_dim,) or not np.isfinite(code).all():
        raise ConfigError(f"A code should be {latent_dim} finite numbers.")
    return code
