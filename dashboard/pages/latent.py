"""Latent space: where the test images lie in it, and what each dimension is used for, at every epoch."""

from __future__ import annotations

from dashboard.sections.latent import latent_view
from dashboard.shared.snapshot_page import snapshot_page
from dashboard.url_state.parameters import LATENT

snapshot_page(
    "Latent space",
    "Each point is the code of a test image. As the model learns, each label's codes come to fill the prior: the "
    "standard normal distribution N(0, I); the rings mark one, two and three standard deviations.",
    LATENT,
    latent_view,
)
