"""Pictures as people draw or upload them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cvae_core.records import Bytes

# Corners of a four, a seven and an L in a unit square, x and y from the upper left.
STROKES = {
    "four": [[(0.3, 0.2), (0.25, 0.55), (0.7, 0.52)], [(0.62, 0.25), (0.6, 0.85)]],
    "seven": [[(0.2, 0.25), (0.75, 0.22), (0.45, 0.85)]],
    "L": [[(0.2, 0.1), (0.2, 0.9), (0.9, 0.9)]],
}


def drawn(name: str, height: int = 280, width: int = 280, pen: float = 0.035) -> Bytes:
    """What a soft round pen leaves: uint8 (height, width), light ink on dark."""
    y, x = np.mgrid[:height, :width] + 0.5
    nearest = np.full((height, width), np.inf)
    for line in STROKES[name]:
        for begin, end in pairwise(line):
            nearest = np.minimum(nearest, _distance(x / width, y / height, begin, end))
    soft = 1.5 / min(height, width)
    return np.rint(255 * np.clip((pen - nearest) / soft + 0.5, 0.0, 1.0)).astype(np.uint8)


def _distance(x: np.ndarray, y: np.ndarray, begin: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    """From each point to a line between two."""
    along = np.subtract(end, begin)
    share = ((x - begin[0]) * along[0] + (y - begin[1]) * along[1]) / (along @ along)
    share = np.clip(share, 0.0, 1.0)
    return np.hypot(x - begin[0] - share * along[0], y - begin[1] - share * along[1])


def on_transparent(ink: Bytes, colour: tuple[int, int, int]) -> Bytes:
    """RGBA (height, width, 4), as a canvas holds it on which nothing but the ink was drawn."""
    return np.dstack([*(np.full_like(ink, level) for level in colour), ink])


def on_colour(ink: Bytes, colour: tuple[int, int, int], background: tuple[int, int, int]) -> Bytes:
    """RGB (height, width, 3)."""
    share = ink[..., None] / 255
    return np.rint(share * np.array(colour) + (1 - share) * np.array(background)).astype(np.uint8)


def photographed(ink: Bytes, seed: int = 0) -> Bytes:
    """Dark ink on paper that is lit from one side, with the noise of a camera: RGB (height, width, 3)."""
    height, width = ink.shape
    light = np.linspace(0.85, 1.0, width)[None, :] * np.linspace(0.93, 1.0, height)[:, None]
    paper = 225 * light * (1 - 0.85 * ink / 255)
    noise = np.random.default_rng(seed).normal(0, 3, (height, width, 3))
    return np.clip(np.rint(paper[..., None] + noise), 0, 255).astype(np.uint8)
