"""Latent space as a picture shows it: in the plane of two dimensions, or of two principal directions."""

from __future__ import annotations

from typing import Final

import numpy as np

from cvae_core.analysis.network import Network, check_dimension, check_whole_number
from cvae_core.analysis.records import (
    DimensionStatistics,
    Float64Array,
    LatentCodes,
    LatentPlane,
    PrincipalAxes,
    Projection,
)
from cvae_core.records import Floats, Labels, Split


def principal_axes(codes: LatentCodes) -> PrincipalAxes:
    """Principal component analysis of z_mean over the examples (Hotelling 1933).

    Codes that do not vary, for instance a single one or none, have the latent dimensions themselves as directions.

    Args:
        codes: The codes.
    """
    z = codes.z_mean.astype(np.float64)
    mean = codes.mean_per_dimension
    if not _vary(z):
        nothing = np.zeros(codes.latent_dim)
        return PrincipalAxes(mean, np.eye(codes.latent_dim), nothing, nothing)
    centred = z - mean
    variances, columns = np.linalg.eigh(centred.T @ centred / len(z))
    variances = np.maximum(variances[::-1], 0.0)
    return PrincipalAxes(mean, _with_fixed_signs(columns.T[::-1]), variances, variances / variances.sum())


def onto_dimensions(latent_dim: int, dimensions: tuple[int, int] = (0, 1)) -> Projection:
    """The plane of two latent dimensions.

    Args:
        latent_dim: Size of the code.
        dimensions: Along x and y, counted from 0.

    Raises:
        ConfigError: The code does not have one of the dimensions.
    """
    for dimension in dimensions:
        check_dimension(latent_dim, dimension)
    return Projection(np.eye(latent_dim)[list(dimensions)], np.zeros(2), "dimensions", dimensions)


def onto_principal(axes: PrincipalAxes, directions: tuple[int, int] = (0, 1)) -> Projection:
    """The plane of two principal directions, whose origin is the mean of the codes.

    Args:
        axes: The directions; they need not be those of the codes that will be projected.
        directions: Along x and y, counted from 0, the one of largest variance first.

    Raises:
        ConfigError: There is no such direction.
    """
    for direction in directions:
        check_whole_number("principal direction", direction, 0, len(axes.directions) - 1)
    matrix = axes.directions[list(directions)]
    return Projection(matrix, -matrix @ axes.mean, "principal", directions)


def project(projection: Projection, z: Floats) -> Floats:
    """Put codes into the plane.

    Args:
        projection: The map.
        z: float32 (n, latent_dim).

    Returns:
        float32 (n, 2), x and y of each.
    """
    points: Floats = (z @ projection.matrix.T + projection.offset).astype(np.float32)
    return points


def projected_covariances(projection: Projection, z_log_var: Floats) -> Float64Array:
    """What Gaussian posteriors with independent dimensions look like in the plane: ellipses.

    Args:
        projection: The map.
        z_log_var: float32 (n, latent_dim), natural logarithm of the variance.

    Returns:
        float64 (n, 2, 2), matrix @ diag(exp(z_log_var)) @ matrix.T of each; its eigenvectors are the ellipse's axes
        and the roots of its eigenvalues their standard deviations.
    """
    spread = np.exp(z_log_var.astype(np.float64))[:, None, :] * projection.matrix
    covariances: Float64Array = spread @ projection.matrix.T
    return covariances


def _vary(z: Float64Array) -> bool:
    return len(z) > 0 and bool(np.any(z != z[0]))


def _with_fixed_signs(directions: Float64Array) -> Float64Array:
    """Rows turned so that their largest entry is positive; the first of them if two are equally large."""
    largest = np.argmax(np.abs(directions), axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    turned: Float64Array = directions * signs[:, None]
    return turned


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


def kl_per_dimension(z_mean: Floats, z_log_var: Floats) -> Float64Array:
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
    nats: Float64Array = np.mean(0.5 * (np.square(mean) + np.expm1(log_var) - log_var), axis=0)
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
