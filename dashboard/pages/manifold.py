"""Manifold: what the decoder draws over a plane of codes, at every epoch."""

from __future__ import annotations

from dashboard.sections.manifold import manifold_view
from dashboard.shared.snapshot_page import snapshot_page
from dashboard.url_state.parameters import MANIFOLD

snapshot_page(
    "Manifold",
    "Each tile is decoded from one code of a plane. Move over the picture: every label is decoded at that place.",
    MANIFOLD,
    manifold_view,
)
