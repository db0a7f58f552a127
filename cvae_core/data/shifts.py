"""Images moved by whole pixels."""

from __future__ import annotations

import numpy as np

from cvae_core.records import Bytes


def shifted_at_random(images: Bytes, most: int, seed: int) -> Bytes:
    """Move each image by a random number of pixels.

    Args:
        images: uint8 (n, height, width, channels).
        most: Each image moves by a whole number of pixels down and another to the right, both evenly distributed from
            -most to most; 0 or more, and less than height and width.
        seed: The same seed gives the same shifts.

    Returns:
        uint8, same shape; what comes into sight is 0, what leaves it is lost.
    """
    moved = np.zeros_like(images)
    rng = np.random.default_rng(seed)
    for image, source, (down, right) in zip(
        moved, images, rng.integers(-most, most + 1, (len(images), 2)), strict=True
    ):
        image[_inner(down)][:, _inner(right)] = source[_inner(-down)][:, _inner(-right)]
    return moved


def _inner(shift: int) -> slice:
    """Where the part of an axis lands that stays in sight."""
    return slice(shift, None) if shift >= 0 else slice(None, shift)
