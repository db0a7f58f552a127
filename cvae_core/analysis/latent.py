"""Latent codes, and their plane of two dimensions or of two principal directions."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

import numpy as np
from pydantic import Field

from cvae_core.analysis.network import Network, check_dimension, check_label, check_whole_number
from cvae_core.analysis.reconstruction import indices_of
from cvae_core.analysis.records import Float64Array, LatentCodes, LatentPlane, PrincipalAxes, Projection
from cvae_core.analysis.views import POINTS_LIMIT, PlaneView, Records, View
from cvae_core.records import Dataset, Floats, Split


class CodesView(View):
    """The codes of the first 10,000 test images.

    Attributes:
        label: Only images of this label; all if ``None``.
    """

    kind: Literal["codes"] = "codes"
    label: int | None = Field(default=None, ge=0)

    def compute(self, network: Network, data: Dataset, _records: Records) -> LatentCodes:
        """Encode the images; see ``compute`` of the views."""
        split = data.test.first(POINTS_LIMIT)
        if self.label is None:
            return encode_split(network, split)
        check_label(network, self.label)
        chosen = indices_of(split, self.label)  # a tenth of the work of encoding all
        return replace(encode_split(network, Split(split.images[chosen], split.labels[chosen])), indices=chosen)


class LatentView(PlaneView):
    """The codes of the first 10,000 test images in a plane.

    Attributes:
        label: Only images of this label; all if ``None``.
        principal_epoch: The axes are the first two principal directions of all codes of this epoch, whatever epoch is
            shown; ``None`` if they are ``dimensions``.
    """

    kind: Literal["latent"] = "latent"
    label: int | None = Field(default=None, ge=0)
    principal_epoch: int | None = Field(default=None, ge=0)

    @property
    def file_stem(self) -> str:
        """The tutorial's name, with the label and the plane."""
        usual = self if self.principal_epoch is None else self.model_copy(update={"dimensions": (0, 1)})
        stem = super(LatentView, usual).file_stem.replace("latent", "z_distr")
        return stem if self.principal_epoch is None else f"{stem}_pc"

    def projection(self, latent_dim: int, records: Records) -> Projection:
        """From codes to the plane.

        Raises:
            ConfigError: The code does not have one of the dimensions.
            RunError: The snapshot of the principal directions is missing or damaged.
        """
        if latent_dim == 1:
            return onto_dimensions(1, (0, 0))
        if self.principal_epoch is None:
            return onto_dimensions(latent_dim, self.dimensions)
        return onto_principal(principal_axes(records(CodesView(), self.principal_epoch)), epoch=self.principal_epoch)

    def compute(self, network: Network, data: Dataset, records: Records) -> LatentPlane:
        """Encode the images and project their codes; see ``compute`` of the views."""
        projection = self.projection(network.architecture.latent_dim, records)
        return plane(records(CodesView(label=self.label)), data.shape.n_classes, projection)


def principal_axes(codes: LatentCodes) -> PrincipalAxes:
    """Principal component analysis of z_mean over the examples (Hotelling 1933).

    The directions of codes that do not vary are the latent dimensions.
    """
    z = codes.z_mean.astype(np.float64)
    mean = codes.mean_per_dimension
    if not len(z) or np.all(z == z[0]):
        zeros = np.zeros(codes.latent_dim)
        return PrincipalAxes(mean, np.eye(codes.latent_dim), zeros, zeros)
    centred = z - mean
    variances, columns = np.linalg.eigh(centred.T @ centred / len(z))
    variances, directions = np.maximum(variances[::-1], 0.0), columns.T[::-1]
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    return PrincipalAxes(mean, directions * signs[:, None], variances, variances / variances.sum())


def onto_dimensions(latent_dim: int, dimensions: tuple[int, int] = (0, 1)) -> Projection:
    """The plane of two latent dimensions, counted from 0.

    Raises:
        ConfigError: The code does not have one of the dimensions.
    """
    for dimension in dimensions:
        check_dimension(latent_dim, dimension)
    return Projection(np.eye(latent_dim)[list(dimensions)], np.zeros(2), dimensions)


def onto_principal(
    axes: PrincipalAxes, directions: tuple[int, int] = (0, 1), *, epoch: int | None = None
) -> Projection:
    """The plane of two principal directions, with its origin at the mean of the codes that gave the axes.

    Args:
        axes: All directions.
        directions: Along x and y, counted from 0 by falling variance.
        epoch: Whose codes gave the axes, for the names of the axes.

    Raises:
        ConfigError: There is no such direction.
    """
    for direction in directions:
        check_whole_number("principal direction", direction, 0, len(axes.directions) - 1)
    matrix = axes.directions[list(directions)]
    of = "" if epoch is None else f" of epoch {epoch}"
    x, y = (f"PC {direction + 1}{of} ({axes.explained[direction]:.0%})" for direction in directions)
    return Projection(matrix, -matrix @ axes.mean, directions, (x, y))


def project(projection: Projection, z: Floats) -> Floats:
    """Project codes, float32 (n, latent_dim), to x and y, float32 (n, 2)."""
    points: Floats = (z @ projection.matrix.T + projection.offset).astype(np.float32)
    return points


def projected_covariances(projection: Projection, z_log_var: Floats) -> Float64Array:
    """Covariances of the posteriors in the plane, from their log-variances, float32 (n, latent_dim).

    Returns:
        float64 (n, 2, 2): matrix @ diag(exp(z_log_var)) @ matrix.T of each.
    """
    spread = np.exp(z_log_var.astype(np.float64))[:, None, :] * projection.matrix
    covariances: Float64Array = spread @ projection.matrix.T
    return covariances


# A latent dimension with a smaller KL, in nats, counts as collapsed.
COLLAPSED_KL: Final = 0.01

_LANES_RANGE = 4.5
_LANE_FILL = 0.7
_GOLDEN_STEP = 0.6180339887498949


def encode_split(network: Network, split: Split) -> LatentCodes:
    """Encode the images of a split with their labels."""
    z_mean, z_log_var = network.encode(split.images, split.labels)
    wide = z_mean.astype(np.float64)
    empty = np.zeros(z_mean.shape[1], np.float64)
    return LatentCodes(
        z_mean=z_mean,
        z_log_var=z_log_var,
        labels=split.labels,
        indices=np.arange(len(split), dtype=np.int64),
        kl_per_dimension=kl_per_dimension(z_mean, z_log_var),
        mean_per_dimension=wide.mean(axis=0) if len(wide) else empty,
        variance_per_dimension=wide.var(axis=0) if len(wide) else empty,
    )


def kl_per_dimension(z_mean: Floats, z_log_var: Floats) -> Float64Array:
    """KL(q(z|x) || N(0, I)) of each latent dimension, averaged over images.

    Kingma and Welling 2014, appendix B: (mean^2 + variance - log variance - 1) / 2.

    Args:
        z_mean: float32 (n, latent_dim).
        z_log_var: float32 (n, latent_dim).

    Returns:
        float64 (latent_dim,), nats, never negative; zeros without images.
    """
    if len(z_mean) == 0:
        return np.zeros(z_mean.shape[1], np.float64)
    mean, log_var = z_mean.astype(np.float64), z_log_var.astype(np.float64)
    # expm1 keeps the digits of a collapsed dimension, whose log variance is close to 0.
    nats: Float64Array = np.mean(0.5 * (np.square(mean) + np.expm1(log_var) - log_var), axis=0)
    return nats


def plane(codes: LatentCodes, n_classes: int, projection: Projection | None = None) -> LatentPlane:
    """Project codes to the plane of a picture, by default that of the first two dimensions.

    A one-dimensional code has no plane: each label gets a horizontal lane, the first at the top, in which points are
    spread evenly so that their density shows.
    """
    if codes.latent_dim == 1:
        lane_height = 2 * _LANES_RANGE / n_classes
        centre = _LANES_RANGE - lane_height * (codes.labels + 0.5)
        place = (np.arange(len(codes)) * _GOLDEN_STEP) % 1.0 - 0.5
        height = (centre + place * lane_height * _LANE_FILL).astype(np.float32)
        return LatentPlane(codes.z_mean[:, 0], height, codes.labels, codes.indices, (0, None))
    projection = projection or onto_dimensions(codes.latent_dim)
    x, y = np.ascontiguousarray(project(projection, codes.z_mean).T)
    return LatentPlane(x, y, codes.labels, codes.indices, projection.axes, projection.names)
