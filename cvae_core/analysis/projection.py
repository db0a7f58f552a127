"""Latent space as a picture shows it: in the plane of two dimensions, or of two principal directions."""

from __future__ import annotations

import numpy as np

from cvae_core.analysis.network import check_dimension, check_whole_number
from cvae_core.analysis.records import Doubles, LatentCodes, PrincipalAxes, Projection
from cvae_core.records import Floats


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


def projected_covariances(projection: Projection, z_log_var: Floats) -> Doubles:
    """What Gaussian posteriors with independent dimensions look like in the plane: ellipses.

    Args:
        projection: The map.
        z_log_var: float32 (n, latent_dim), natural logarithm of the variance.

    Returns:
        float64 (n, 2, 2), matrix @ diag(exp(z_log_var)) @ matrix.T of each; its eigenvectors are the ellipse's axes
        and the roots of its eigenvalues their standard deviations.
    """
    spread = np.exp(z_log_var.astype(np.float64))[:, None, :] * projection.matrix
    covariances: Doubles = spread @ projection.matrix.T
    return covariances


def _vary(z: Doubles) -> bool:
    return len(z) > 0 and bool(np.any(z != z[0]))


def _with_fixed_signs(directions: Doubles) -> Doubles:
    """Rows turned so that their largest entry is positive; the first of them if two are equally large."""
    largest = np.argmax(np.abs(directions), axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    turned: Doubles = directions * signs[:, None]
    return turned
