"""Samples: digits from random codes, and reconstructions of real ones, at every epoch."""

from __future__ import annotations

from dashboard.sections.samples import samples_view
from dashboard.shared.snapshot_page import snapshot_page
from dashboard.url_state.parameters import SAMPLES

snapshot_page(
    "Samples and reconstructions",
    "Digits decoded from random codes, and test digits with their reconstructions, at every epoch.",
    SAMPLES,
    samples_view,
)
