"""The manifold of images that the decoder draws over a plane of codes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import numpy as np

from cvae_core.analysis.network import Network, check_dimension, check_whole_number, conditions_of, decode_images
from cvae_core.analysis.records import LabelManifolds, ManifoldGrid
from cvae_core.errors import ConfigError
from cvae_core.records import Floats, Labels

GRID_SIZE: Final = 15
GRID_SIZE_LIMIT: Final = 30
QUANTILES: Final = (0.05, 0.95)


def manifold(
    network: Network,
    label: int,
    *,
    size: int = GRID_SIZE,
    dimensions: tuple[int, int] = (0, 1),
    quantiles: tuple[float, float] = QUANTILES,
    others: Sequence[float] | Floats | None = None,
) -> ManifoldGrid:
    """Decode a grid of codes at equally spaced quantiles of the prior.

    Kingma and Welling 2014, appendix A: equal steps in probability, mapped through the inverse normal
    distribution function. Columns step through the first dimension and rows through the second, both
    growing from the upper left corner.

    Args:
        network: The decoder.
        label: The condition, 0 to n_classes - 1.
        size: Steps along each dimension, 2 to 30.
        dimensions: The two latent dimensions, counted from 0. A one-dimensional code uses only the first
            of the defaults and gives one row.
        quantiles: Of the prior, first to last; both strictly between 0 and 1.
        others: float (latent_dim,), what the other dimensions hold; zeros if not given. Its entries at the two
            dimensions are not used.

    Raises:
        ConfigError: A label, dimension, size, quantile or code is out of range.
    """
    grids = label_manifolds(network, [label], size=size, dimensions=dimensions, quantiles=quantiles, others=others)
    return ManifoldGrid(grids.tiles[0], grids.x_values, grids.y_values, grids.dimensions, label)


def label_manifolds(
    network: Network,
    labels: Sequence[int] | None = None,
    *,
    size: int = GRID_SIZE,
    dimensions: tuple[int, int] = (0, 1),
    quantiles: tuple[float, float] = QUANTILES,
    others: Sequence[float] | Floats | None = None,
) -> LabelManifolds:
    """Decode the grid of ``manifold`` under several labels, the same codes under each.

    Args:
        network: The decoder.
        labels: The condition of each grid; every label once if ``None``.
        size: As in ``manifold``.
        dimensions: As in ``manifold``.
        quantiles: As in ``manifold``.
        others: As in ``manifold``.

    Raises:
        ConfigError: A label, dimension, size, quantile or code is out of range, or no label is given.
    """
    conditions = conditions_of(network, labels)
    steps = quantile_steps(size, quantiles)
    latent_dim = network.architecture.latent_dim
    base = _base_code(others, latent_dim)
    if latent_dim == 1:
        return _grids(network, conditions, base, (0, None), steps, np.zeros(1, np.float32))
    for dimension in dimensions:
        check_dimension(latent_dim, dimension)
    if dimensions[0] == dimensions[1]:
        raise ConfigError("The two latent dimensions of the plane should differ.")
    return _grids(network, conditions, base, dimensions, steps, steps)


def quantile_steps(size: int, quantiles: tuple[float, float] = QUANTILES) -> Floats:
    """Values of z at equally spaced quantiles of N(0, 1).

    Args:
        size: How many, 2 to 30.
        quantiles: The first and the last.

    Returns:
        float32 (size,), rising.

    Raises:
        ConfigError: The size or the quantiles are out of range.
    """
    low, high = quantiles
    check_whole_number("number of steps along a side of the grid", size, 2, GRID_SIZE_LIMIT)
    if not 0.0 < low < high < 1.0:
        raise ConfigError(f"The quantiles should rise and lie between 0 and 1; they are {low} and {high}.")
    return np.array([NormalDist().inv_cdf(share) for share in np.linspace(low, high, size)], np.float32)


def _base_code(others: Sequence[float] | Floats | None, latent_dim: int) -> Floats:
    """The code that all cells of the grid start from."""
    if others is None:
        return np.zeros(latent_dim, np.float32)
    base = np.array(others, np.float32)
    if base.shape != (latent_dim,) or not np.isfinite(base).all():
        raise ConfigError(f"The code of the other dimensions should be {latent_dim} finite numbers.")
    return base


def _grids(
    network: Network, labels: Labels, base: Floats, dimensions: tuple[int, int | None], x: Floats, y: Floats
) -> LabelManifolds:
    """Decode the plane spanned by ``x`` and ``y`` under each label."""
    codes = np.tile(base, (len(y), len(x), 1))
    codes[:, :, dimensions[0]] = x[None, :]
    if dimensions[1] is not None:
        codes[:, :, dimensions[1]] = y[:, None]
    flat = np.tile(codes.reshape(-1, base.size), (len(labels), 1))
    images = decode_images(network, flat, np.repeat(labels, len(x) * len(y)))
    tiles = images.reshape(len(labels), len(y), len(x), *images.shape[1:])
    return LabelManifolds(tiles, x, y, dimensions, labels)
