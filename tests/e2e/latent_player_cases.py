"""Known clusters that move over forty epochs, for the latent player's gallery and its tests."""

from __future__ import annotations

import numpy as np

from cvae_core.records import Bytes, Floats, Labels
from dashboard.components.latent_player import PinnedPath

EPOCHS = tuple(range(40))
CLASS_NAMES = tuple(str(label) for label in range(10))
LATENT_DIM = 8
MANY_DIMENSIONS = 64
COLLAPSED_DIMENSION = 7
SIDE = 28
SPREAD = 0.35
PINNED_LABEL = 3


def labels_and_indices(mode: str) -> tuple[Labels, Labels]:
    """1,000 images of a 7 ("label"), or 10,000 of ten labels ("all"); indices leave gaps."""
    if mode == "label":
        return np.full(1000, 7), 10 * np.arange(1000) + 7
    return np.arange(10_000) % 10, np.arange(10_000)


def centre(label: int, epoch: int) -> tuple[float, float]:
    """Clusters start at the prior's mean and go outwards on straight lines."""
    angle, radius = 2 * np.pi * label / 10, 2.6 * epoch / EPOCHS[-1]
    return radius * np.cos(angle), radius * np.sin(angle)


def points(mode: str, epoch: int) -> tuple[Floats, Floats]:
    """Each label's cluster around its centre; the first point of each label stands at its outer end, alone."""
    labels, _ = labels_and_indices(mode)
    centres = np.array([centre(label, epoch) for label in range(10)])[labels]
    noise = np.clip(np.random.default_rng(1).standard_normal((len(labels), 2)), -2.5, 2.5)
    noise[: 10 if mode == "all" else 1] = 0.0
    x, y = (centres + SPREAD * noise).T
    lone = lone_place(epoch)
    x[0], y[0] = lone
    return x.astype(np.float32), y.astype(np.float32)


def lone_place(epoch: int) -> tuple[float, float]:
    """Where the first point goes, far from all others: from the lower left corner to the right."""
    return -4.5 + 8.0 * epoch / EPOCHS[-1], -4.5


def figures(epoch: int, latent_dim: int = LATENT_DIM) -> dict[str, Floats]:
    """KL, mean and variance of each dimension, as plain functions of the epoch; the eighth one is collapsed."""
    share = epoch / EPOCHS[-1]
    dimension = np.arange(latent_dim)
    kl = 2.5 * share / (1 + dimension)
    kl[COLLAPSED_DIMENSION] = 0.004
    mean = 0.5 * np.cos(dimension) * (1 - share)
    variance = np.full(latent_dim, share)
    variance[COLLAPSED_DIMENSION] = 0.0
    return {name: values.astype(np.float32) for name, values in (("kl", kl), ("mean", mean), ("variance", variance))}


def pin_place(index: int, epoch: int) -> tuple[float, float]:
    """A pinned image goes up and to the left on a parabola, clear of the clusters at its end."""
    share = epoch / EPOCHS[-1]
    return -4.0 * share, 4.0 * share**2


def pin_covariance(epoch: int) -> Floats:
    """Standard deviations of 0.6 and 0.2 along axes turned by 30 degrees."""
    cosine, sine = np.cos(np.pi / 6), np.sin(np.pi / 6)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    covariance: Floats = turn @ np.diag([0.6**2, 0.2**2]) @ turn.T
    return covariance


def picture_of(index: int, epoch: int) -> Bytes:
    """An image whose upper half tells the index, and a reconstruction whose grey tells the epoch."""
    original = np.full((SIDE, SIDE, 1), 40, np.uint8)
    original[: SIDE // 2] = index % 200 + 40
    return np.stack([original, np.full((SIDE, SIDE, 1), 4 * epoch, np.uint8)])


def pinned_path(index: int, label: int) -> PinnedPath:
    """The path of a pinned image, with a reconstruction for each epoch."""
    x, y = np.array([pin_place(index, epoch) for epoch in EPOCHS], np.float32).T
    covariance = np.array([pin_covariance(epoch) for epoch in EPOCHS], np.float32)
    tiles = np.stack([picture_of(index, 0)[0], *(picture_of(index, epoch)[1] for epoch in EPOCHS)])
    return PinnedPath(index, label, x, y, covariance, tiles)
