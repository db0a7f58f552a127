"""Batch order and random shifts of the training images: pure functions of (seed, epoch)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from cvae_core.records import Bytes, Examples

_ORDER_STREAM: Final = 1
_SHIFT_STREAM: Final = 2


def batch_order(seed: int, epoch: int, count: int) -> npt.NDArray[np.int64]:
    """A random permutation of 0 .. count - 1, int64 (count,); epochs are counted from 1."""
    order: npt.NDArray[np.int64] = np.random.default_rng((seed, epoch, _ORDER_STREAM)).permutation(count)
    return order


def ordered_images(
    images: Examples, order: npt.NDArray[np.int64], seed: int, epoch: int, max_shift: int, shift_rate: float = 1.0
) -> Examples:
    """The images of an epoch in its order, some of them shifted at random (data augmentation).

    Args:
        images: (n, height, width, channels) of any dtype.
        order: Indices into ``images``, (m,).
        seed: Of the training.
        epoch: Counted from 1.
        max_shift: Largest shift in pixels, in each direction; uncovered pixels become 0. 0: no shifts.
        shift_rate: Share of the images that are shifted, 0 to 1.

    Returns:
        (m, height, width, channels), a copy, of the same dtype.
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
    """Shift each image by a random whole number of pixels, -most to most down and to the right; uncovered pixels are 0.

    Args:
        images: uint8 (n, height, width, channels).
        most: 0 or more, and less than height and width.
        seed: The same seed gives the same shifts.

    Returns:
        uint8, same shape.
    """
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)))
    shifts = np.random.default_rng(seed).integers(-most, most + 1, (len(images), 2))
    moved = np.empty_like(images)
    for image, source, (top, left) in zip(moved, padded, most - shifts, strict=True):
        image[...] = source[top : top + height, left : left + width]
    return moved
