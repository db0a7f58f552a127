"""Images decoded from codes: random samples of the prior, and the manifold on a grid."""

from __future__ import annotations

from statistics import NormalDist
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from cvae_core.analysis.network import Network, check_dimension, decode_under_labels
from cvae_core.analysis.reconstruction import TestImageView
from cvae_core.analysis.records import ManifoldGrids, SampleGrid
from cvae_core.analysis.views import PlaneView, Records, View
from cvae_core.config.fields import SEED_LIMIT
from cvae_core.errors import ConfigError
from cvae_core.records import Dataset, Floats


class SamplesView(View):
    """The same random codes under each label.

    Attributes:
        columns: Codes.
        seed: Of the codes; the same seed gives the same first codes whatever their number.
        temperature: Standard deviation of the codes; 1 is the prior, less gives more typical images.
    """

    kind: Literal["samples"] = "samples"
    columns: int = Field(default=10, ge=1, le=100)
    seed: int = Field(default=0, ge=0, le=SEED_LIMIT)
    temperature: float = Field(default=1.0, ge=0.0, le=3.0)

    def draw_codes(self, latent_dim: int) -> Floats:
        """Draw codes from N(0, temperature^2 I): float32 (columns, latent_dim)."""
        noise = np.random.default_rng(self.seed).standard_normal((self.columns, latent_dim))
        return (self.temperature * noise).astype(np.float32)

    def compute(self, network: Network, _data: Dataset, _records: Records) -> SampleGrid:
        """Decode the codes; see ``compute`` of the views."""
        z = self.draw_codes(network.architecture.latent_dim)
        tiles, labels = decode_under_labels(network, z)
        return SampleGrid(tiles, z, labels)


class ManifoldView(PlaneView):
    """A grid of codes at equally spaced quantiles of the prior, decoded under one label or under each.

    Kingma and Welling 2014, appendix A: equal steps in probability, mapped through the inverse normal distribution
    function. Columns step through the first dimension and rows through the second, both growing from the upper left
    corner. A one-dimensional code has one row, along its only dimension.

    Attributes:
        label: The condition; every label side by side if ``None``.
        size: Steps along each dimension.
        quantiles: Of the prior, first to last; both strictly between 0 and 1.
        others: What each dimension holds, but for the two of the plane; zeros if empty.
        pinned: The test image whose code they hold instead; ``None`` for none.
    """

    kind: Literal["manifold"] = "manifold"
    label: int | None = Field(default=0, ge=0)
    size: int = Field(default=15, ge=2, le=30)
    quantiles: tuple[float, float] = (0.05, 0.95)
    others: tuple[float, ...] = ()
    pinned: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _check_quantiles(self) -> Self:
        low, high = self.quantiles
        if not 0.0 < low < high < 1.0:
            raise ConfigError(f"The quantiles should rise and lie between 0 and 1; they are {low} and {high}.")
        return self

    @property
    def steps(self) -> Floats:
        """Values of z along each side of the grid: float32 (size,), rising."""
        normal = NormalDist()
        return np.array([normal.inv_cdf(share) for share in np.linspace(*self.quantiles, self.size)], np.float32)

    def base_code(self, latent_dim: int, records: Records) -> Floats:
        """The code that all cells of the grid share, but for the dimensions of the plane: float32 (latent_dim,).

        Raises:
            ConfigError: ``others`` is of another length, or there is no pinned image.
        """
        if self.pinned is not None:
            return records(TestImageView(index=self.pinned)).z_mean
        if self.others and len(self.others) != latent_dim:
            raise ConfigError(f"The code of the other dimensions should be {latent_dim} finite numbers.")
        return np.array(self.others or (0.0,) * latent_dim, np.float32)

    def compute(self, network: Network, _data: Dataset, records: Records) -> ManifoldGrids:
        """Decode the grid; see ``compute`` of the views."""
        latent_dim = network.architecture.latent_dim
        x = self.steps
        y = x if latent_dim > 1 else np.zeros(1, np.float32)
        codes = np.tile(self.base_code(latent_dim, records), (len(y), len(x), 1))
        across, down = self.dimensions if latent_dim > 1 else (0, None)
        for dimension in (across, down or 0):
            check_dimension(latent_dim, dimension)
        codes[:, :, across] = x[None, :]
        if down is not None:
            codes[:, :, down] = y[:, None]
        tiles, labels = decode_under_labels(network, codes.reshape(-1, latent_dim), self.label)
        grids = tiles.reshape(len(labels), len(y), len(x), *tiles.shape[2:])
        return ManifoldGrids(grids, x, y, (across, down), labels)
