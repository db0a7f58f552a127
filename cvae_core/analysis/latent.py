"""Where images lie in latent space, and how much each of its dimensions says."""

from __future__ import annotations

import numpy as np

from cvae_core.analysis.network import Network, check_dimension
from cvae_core.analysis.records import Doubles, LatentCodes, LatentPlane
from cvae_core.records import Floats, Labels, Split

_LANES_RANGE = 4.5
_LANE_FILL = 0.7
_GOLDEN_STEP = 0.6180339887498949


def encode_split(network: Network, split: Split, limit: int | None = None) -> LatentCodes:
    """Encode the first images of a split.

    Args:
        network: The encoder.
        split: Images and labels.
        limit: Use only the first so many; all if ``None``.
    """
    part = split.first(limit)
    z_mean, z_log_var = network.encode(part.images, part.labels)
    return _codes(z_mean, z_log_var, part.labels, np.arange(len(part), dtype=np.int64))


def of_label(codes: LatentCodes, label: int) -> LatentCodes:
    """The codes of one label, with KL, mean and variance over that label alone."""
    kept = codes.labels == label
    return _codes(codes.z_mean[kept], codes.z_log_var[kept], codes.labels[kept], codes.indices[kept])


def kl_per_dimension(z_mean: Floats, z_log_var: Floats) -> Doubles:
    """KL(q(z|x) || N(0, I)) of each latent dimension, averaged over images.

    Kingma and Welling 2014, appendix B: (mean^2 + variance - log variance - 1) / 2.

    Args:
        z_mean: float32 (n, latent_dim).
        z_log_var: float32 (n, latent_dim).

    Returns:
        float64 (latent_dim,), nats, never negative; zeros where there are no images.
    """
    if len(z_mean) == 0:
        return np.zeros(z_mean.shape[1], np.float64)
    mean, log_var = z_mean.astype(np.float64), z_log_var.astype(np.float64)
    # expm1 keeps the digits of a collapsed dimension, whose log variance is close to 0.
    nats: Doubles = np.mean(0.5 * (np.square(mean) + np.expm1(log_var) - log_var), axis=0)
    return nats


def plane(codes: LatentCodes, n_classes: int, dimensions: tuple[int, int] = (0, 1)) -> LatentPlane:
    """Put codes into the plane of two latent dimensions.

    A one-dimensional code has no plane: its labels get a lane each, in which the points are spread evenly
    so that their density shows.

    Args:
        codes: The codes.
        n_classes: Number of labels.
        dimensions: The dimensions along x and y, counted from 0; not used for a one-dimensional code.

    Raises:
        ConfigError: The code does not have one of the dimensions.
    """
    if codes.latent_dim == 1:
        height = _lanes(codes.labels, n_classes)
        return LatentPlane(codes.z_mean[:, 0], height, codes.labels, codes.indices, (0, None))
    for dimension in dimensions:
        check_dimension(codes.latent_dim, dimension)
    x, y = (np.ascontiguousarray(codes.z_mean[:, dimension]) for dimension in dimensions)
    return LatentPlane(x, y, codes.labels, codes.indices, dimensions)


def _codes(z_mean: Floats, z_log_var: Floats, labels: Labels, indices: Labels) -> LatentCodes:
    wide = z_mean.astype(np.float64)
    empty = np.zeros(z_mean.shape[1], np.float64)
    return LatentCodes(
        z_mean=z_mean,
        z_log_var=z_log_var,
        labels=labels,
        indices=indices,
        kl_per_dimension=kl_per_dimension(z_mean, z_log_var),
        mean_per_dimension=wide.mean(axis=0) if len(wide) else empty,
        variance_per_dimension=wide.var(axis=0) if len(wide) else empty,
    )


def _lanes(labels: Labels, n_classes: int) -> Floats:
    """A height for each point: its label's lane, the first on top, and a place in it that fills it evenly."""
    lane_height = 2 * _LANES_RANGE / n_classes
    centre = _LANES_RANGE - lane_height * (labels + 0.5)
    place = (np.arange(len(labels)) * _GOLDEN_STEP) % 1.0 - 0.5
    return (centre + place * lane_height * _LANE_FILL).astype(np.float32)
