"""Codes that are put where a test wants them."""

from __future__ import annotations

import numpy as np

from cvae_core.analysis.latent import encode_split
from cvae_core.analysis.records import LatentCodes
from cvae_core.records import Bytes, Floats, Labels, Split
from tests.analysis.toy_network import ToyNetwork


class _Planted(ToyNetwork):
    def __init__(self, z_mean: Floats, z_log_var: Floats) -> None:
        super().__init__(latent_dim=z_mean.shape[1])
        self.posteriors = z_mean.astype(np.float32), z_log_var.astype(np.float32)

    def encode(self, images: Bytes, labels: Labels) -> tuple[Floats, Floats]:
        return self.posteriors


def planted_codes(z_mean: np.ndarray, z_log_var: np.ndarray | None = None) -> LatentCodes:
    """Codes of the given posteriors, labelled 0, 1, 2, 3, 0, ...; of variance 1 unless told."""
    network = _Planted(z_mean, np.zeros_like(z_mean) if z_log_var is None else z_log_var)
    n = len(z_mean)
    images = np.zeros((n, *network.architecture.shape.image_shape), np.uint8)
    return encode_split(network, Split(images, np.arange(n, dtype=np.int64) % 4))
