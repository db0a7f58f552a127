"""Images decoded from codes drawn at random from the prior."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from cvae_core.analysis.network import Network, decode_under_labels
from cvae_core.analysis.records import SampleGrid
from cvae_core.analysis.views import Records, View
from cvae_core.config.fields import SEED_LIMIT
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
