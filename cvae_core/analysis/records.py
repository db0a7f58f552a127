"""Results of analyses: frozen records of NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from cvae_core.records import Bytes, Floats, Labels
from cvae_core.text import short_repr

Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Reconstructions:
    """Images beside their reconstructions.

    Attributes:
        originals: uint8 (n, height, width, channels).
        reconstructions: uint8, same shape; decoded from z_mean, so without sampling noise.
        labels: int64 (n,).
        indices: int64 (n,), where each example stands in its split.
    """

    originals: Bytes
    reconstructions: Bytes
    labels: Labels
    indices: Labels

    __repr__ = short_repr

    def in_rows(self, columns: int = 10) -> Bytes:
        """Rows of originals, each above a row of its reconstructions; the rest of the last row is black.

        Returns:
            uint8 (2 * rows, columns, height, width, channels); at least one row of each, and no more columns than
            images.
        """
        columns = max(1, min(columns, len(self.labels)))
        rows = max(1, -(-len(self.labels) // columns))
        tiles = np.zeros((rows, 2, columns, *self.originals.shape[1:]), np.uint8)
        for part, images in enumerate((self.originals, self.reconstructions)):
            padded = np.zeros((rows * columns, *images.shape[1:]), np.uint8)
            padded[: len(images)] = images
            tiles[:, part] = padded.reshape(rows, columns, *images.shape[1:])
        return tiles.reshape(2 * rows, columns, *self.originals.shape[1:])


@dataclass(frozen=True)
class EncodedImage:
    """One image, its posterior and its reconstruction.

    Attributes:
        z_mean: float32 (latent_dim,).
        z_log_var: float32 (latent_dim,), natural logarithm of the variance.
        label: The image's own.
        images: uint8 (2, height, width, channels), the image and what is decoded from z_mean.
    """

    z_mean: Floats
    z_log_var: Floats
    label: int
    images: Bytes

    __repr__ = short_repr


@dataclass(frozen=True)
class ManifoldGrids:
    """A grid of codes over two latent dimensions, decoded under one or several labels.

    The first dimension grows to the right and the second downwards. With one latent dimension there is one row.

    Attributes:
        tiles: uint8 (labels, rows, columns, height, width, channels).
        x_values: float32 (columns,), z of ``dimensions[0]``.
        y_values: float32 (rows,), z of ``dimensions[1]``; of length 1 if there is no second dimension.
        dimensions: The two latent dimensions, counted from 0; the second is ``None`` if there is only one.
        labels: int64 (labels,), the condition of each grid.
    """

    tiles: Bytes
    x_values: Floats
    y_values: Floats
    dimensions: tuple[int, int | None]
    labels: Labels

    __repr__ = short_repr


@dataclass(frozen=True)
class LatentCodes:
    """Posteriors of some examples, and the statistics of each latent dimension.

    Attributes:
        z_mean: float32 (n, latent_dim).
        z_log_var: float32 (n, latent_dim), natural logarithm of the variance.
        labels: int64 (n,).
        indices: int64 (n,), where each example stands in its split.
        kl_per_dimension: float64 (latent_dim,), nats, averaged over the examples.
        mean_per_dimension: float64 (latent_dim,), of z_mean over the examples.
        variance_per_dimension: float64 (latent_dim,), of z_mean over the examples.
    """

    z_mean: Floats
    z_log_var: Floats
    labels: Labels
    indices: Labels
    kl_per_dimension: Float64Array
    mean_per_dimension: Float64Array
    variance_per_dimension: Float64Array

    __repr__ = short_repr

    @property
    def latent_dim(self) -> int:
        """Size of the code."""
        return int(self.z_mean.shape[1])

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class LatentPlane:
    """Points of the latent space in the plane of a picture.

    Attributes:
        x: float32 (n,), z of the first dimension.
        y: float32 (n,), z of the second; for a one-dimensional code a height that separates labels.
        labels: int64 (n,).
        indices: int64 (n,), where each example stands in its split.
        dimensions: Latent dimensions along x and y, counted from 0, or principal directions; the second is ``None``
            for a one-dimensional code.
        names: Of the axes, if they are principal directions.
    """

    x: Floats
    y: Floats
    labels: Labels
    indices: Labels
    dimensions: tuple[int, int | None]
    names: tuple[str, str] | None = None

    __repr__ = short_repr

    @property
    def titles(self) -> tuple[str, str]:
        """Axis titles of x and y."""
        return self.names or _axis_titles(*self.dimensions)


def _axis_titles(x: int, y: int | None) -> tuple[str, str]:
    """Titles of latent dimensions, counted from 1."""
    return f"z{x + 1}", "one lane per label" if y is None else f"z{y + 1}"


@dataclass(frozen=True)
class PrincipalAxes:
    """The directions in which codes vary most, one for each latent dimension.

    Attributes:
        mean: float64 (latent_dim,), of the codes.
        directions: float64 (latent_dim, latent_dim), orthonormal rows, by falling variance. The entry of largest
            size in each row is positive, so that the directions are reproducible.
        variances: float64 (latent_dim,), of the codes along each direction, never negative.
        explained: float64 (latent_dim,), share of the whole variance, summing to 1; zeros if the codes do not vary.
    """

    mean: Float64Array
    directions: Float64Array
    variances: Float64Array
    explained: Float64Array

    __repr__ = short_repr


@dataclass(frozen=True)
class Projection:
    """A linear map from latent space to the plane of a picture: matrix @ z + offset.

    Attributes:
        matrix: float64 (2, latent_dim), orthonormal rows unless both are the same.
        offset: float64 (2,).
        axes: Latent dimensions or principal directions along x and y, counted from 0.
        names: Of the axes, if they are principal directions.
    """

    matrix: Float64Array
    offset: Float64Array
    axes: tuple[int, int]
    names: tuple[str, str] | None = None

    __repr__ = short_repr

    @property
    def titles(self) -> tuple[str, str]:
        """Axis titles of x and y."""
        return self.names or _axis_titles(self.axes[0], self.axes[1] if self.matrix.shape[1] > 1 else None)


@dataclass(frozen=True)
class SampleGrid:
    """Images decoded from random codes, each code under every label.

    Attributes:
        tiles: uint8 (labels, columns, height, width, channels); a column shares one code.
        z: float32 (columns, latent_dim).
        labels: int64 (labels,), the condition of each row.
    """

    tiles: Bytes
    z: Floats
    labels: Labels

    __repr__ = short_repr


@dataclass(frozen=True)
class StyleTransfer:
    """Images redrawn under other labels, each in its own style: one code a column, one label a row.

    Attributes:
        originals: uint8 (sources, height, width, channels).
        source_labels: int64 (sources,), the label that each original was encoded with.
        z_mean: float32 (sources, latent_dim).
        tiles: uint8 (targets, sources, height, width, channels), decoded from z_mean.
        target_labels: int64 (targets,), the label that each row was decoded with.
    """

    originals: Bytes
    source_labels: Labels
    z_mean: Floats
    tiles: Bytes
    target_labels: Labels

    __repr__ = short_repr

    def with_originals(self) -> Bytes:
        """The tutorial's figure: the same tiles, but the row of a source's own label shows the original."""
        own = self.target_labels[:, None] == self.source_labels[None, :]
        figure: Bytes = np.where(own[:, :, None, None, None], self.originals[None], self.tiles)
        return figure


@dataclass(frozen=True)
class Classification:
    """How well each label explains some images.

    Attributes:
        elbo: float64 (n, n_classes), nats; see ``classification.classify``.
        odds: float64 (n, n_classes), posterior of the labels; each row sums to 1.
        ranking: int64 (n, n_classes), labels of each image, the best first; of equal ones the lower first.
    """

    elbo: Float64Array
    odds: Float64Array
    ranking: Labels

    __repr__ = short_repr


@dataclass(frozen=True)
class Morphology:
    """Slant and thickness of the strokes of some images.

    Attributes:
        slant: float64 (n,), radians, positive where the upper part leans to the right; NaN for an even image.
        thickness: float64 (n,), pixels of the image; NaN for an even image.
    """

    slant: Float64Array
    thickness: Float64Array

    __repr__ = short_repr


@dataclass(frozen=True)
class StyleKept:
    """How slant and thickness of sources correlate with those of the images in their style under each label.

    Attributes:
        slant, thickness: float64 (n_classes, n_classes), source label by target label: Pearson's correlation over the
            sources of that label; NaN with fewer than three measurable sources, or if all are alike.
        sources: int64 (n_classes,), number of sources of each label.
        median_slant, median_thickness: Medians over pairs of different labels with a correlation; NaN without any.
        shuffled_slant, shuffled_thickness: Control: the same medians, expected near 0, with the codes of each label
            shuffled among its sources.
    """

    slant: Float64Array
    thickness: Float64Array
    sources: Labels
    median_slant: float
    median_thickness: float
    shuffled_slant: float
    shuffled_thickness: float

    __repr__ = short_repr

    def sentence(self) -> str:
        """The result in words, without a full stop."""
        return f"slant kept with {_r(self.median_slant)}, thickness with {_r(self.median_thickness)}"


def _r(correlation: float) -> str:
    return f"r = {correlation:.2f}".replace("-", "−") if isfinite(correlation) else "r undefined"
