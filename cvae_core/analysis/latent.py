"""Where images lie in latent space, and how much each of its dimensions says."""

from __future__ import annotations

from typing import Final

import numpy as np

from cvae_core.analysis.network import Network, check_whole_number
from cvae_core.analysis.projection import onto_dimensions, project
from cvae_core.analysis.records import DimensionStatistics, Doubles, LatentCodes, LatentPlane, Projection
from cvae_core.records import Floats, Labels, Split

COLLAPSED_KL: Final = 0.01

_LANES_RANGE = 4.5
_LANE_FILL = 0.7
_GOLDEN_STEP = 0.6180339887498949


def encode_split(network: Network, split: Split, limit: int | None = None) -> LatentCodes:
    """Encode the first images of a split.

    Args:
        network: The encoder.
        split: Images and labels.
        limit: Use only the first so many; all if ``None``.

    Raises:
        ConfigError: The limit is negative or no whole number.
    """
    if limit is not None:
        check_whole_number("number of images", limit, 0)
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


def dimension_statistics(codes: LatentCodes) -> DimensionStatistics:
    """How each latent dimension is used, and which are not.

    The variance of z over all examples is that of its mean and the mean of its variance (law of total variance).
    """
    posterior = np.exp(codes.z_log_var.astype(np.float64))
    posterior_variance = posterior.mean(axis=0) if len(codes) else np.zeros(codes.latent_dim)
    return DimensionStatistics(
        kl=codes.kl_per_dimension,
        mean=codes.mean_per_dimension,
        variance=codes.variance_per_dimension,
        posterior_variance=posterior_variance,
        aggregate_variance=codes.variance_per_dimension + posterior_variance,
        collapsed=(codes.kl_per_dimension < COLLAPSED_KL) & (len(codes) > 0),
    )


def plane(codes: LatentCodes, n_classes: int, projection: Projection | None = None) -> LatentPlane:
    """Put codes into the plane of a picture.

    A one-dimensional code has no plane: its labels get a lane each, in which the points are spread evenly
    so that their density shows.

    Args:
        codes: The codes.
        n_classes: Number of labels.
        projection: From latent space to the plane; the first two dimensions if ``None``. Not used for a
            one-dimensional code.
    """
    if codes.latent_dim == 1:
        height = _lanes(codes.labels, n_classes)
        return LatentPlane(codes.z_mean[:, 0], height, codes.labels, codes.indices, (0, None))
    projection = projection or onto_dimensions(codes.latent_dim)
    x, y = np.ascontiguousarray(project(projection, codes.z_mean).T)
    return LatentPlane(x, y, codes.labels, codes.indices, projection.axes, projection.kind == "principal")


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
