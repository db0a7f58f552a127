"""Manifold: what the decoder draws over a plane of codes, at every epoch."""

from __future__ import annotations

from dashboard.sections.manifold import manifold_view
from dashboard.shared.snapshot_page import snapshot_page
from dashboard.url_state.parameters import MANIFOLD

snapshot_page(
    "Manifold",
    "Each tile is decoded from one code of a plane. Move the mouse over it to decode every label at that point.",
    MANIFOLD,
    manifold_view,
)
