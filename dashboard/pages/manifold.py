"""Manifold: what the decoder draws over a plane of codes, at every epoch."""

from __future__ import annotations

from dashboard.address.parameters import MANIFOLD
from dashboard.views.manifold_view import manifold_view
from dashboard.views.time_machine import time_machine

time_machine(
    "Manifold",
    "Each tile is decoded from one code of a plane. Move over the picture: every label is decoded at that place.",
    MANIFOLD,
    manifold_view,
)
