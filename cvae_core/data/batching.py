"""In which order, and how shifted, an epoch sees the images: pure functions of (seed, epoch)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from cvae_core.records import Bytes, Examples

_ORDER_STREAM: Final = 1
_SHIFT_STREAM: Final = 2


def batch_order(seed: int, epoch: int, count: int) -> npt.NDArray[np.int64]:
    """A random order of the training images.

    Args:
        seed: Of the training.
        epoch: Counted from 1.
        count: Number of images.

    Returns:
        int64 (count,), a permutation of 0 .. count - 1.
    """
    order: npt.NDArray[np.int64] = np.random.default_rng((seed, epoch, _ORDER_STREAM)).permutation(count)
    return order


def ordered_images(
    images: Examples, order: npt.NDArray[np.int64], seed: int, epoch: int, max_shift: int, shift_rate: float = 1.0
) -> Examples:
    """The images of an epoch, in its order, some of them moved, each by its own random number of pixels.

    Args:
        images: uint8 (n, height, width, channels); any other kind of numbers will do, too.
        order: Indices into ``images``, (m,).
        seed: Of the training.
        epoch: Counted from 1.
        max_shift: Largest shift in pixels, each direction by itself; what moves in is 0. 0 moves nothing.
        shift_rate: Share of the images that are moved, 0 to 1.

    Returns:
        (m, height, width, channels), a copy, of the same kind of numbers.
    """
    if max_shift == 0:
        return np.take(images, order, axis=0)
    span = 2 * max_shift + 1
    generator = np.random.default_rng((seed, epoch, _SHIFT_STREAM))
    corners = generator.integers(0, span, (len(order), 2))
    corners[generator.random(len(order)) >= shift_rate] = max_shift
    margin = (max_shift, max_shift)
    padded = np.pad(images, ((0, 0), margin, margin, (0, 0)))
    shifted = np.empty((len(order), *images.shape[1:]), images.dtype)
    height, width = images.shape[1:3]
    for top in range(span):
        for left in range(span):
            chosen = np.flatnonzero((corners[:, 0] == top) & (corners[:, 1] == left))
            shifted[chosen] = padded[order[chosen], top : top + height, left : left + width]
    return shifted


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
