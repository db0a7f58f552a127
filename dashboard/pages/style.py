"""Style transfer: digits redrawn as every other digit in their own hand, at every epoch."""

from __future__ import annotations

from dashboard.sections.style import style_view
from dashboard.shared.snapshot_page import snapshot_page
from dashboard.url_state.parameters import STYLE

snapshot_page(
    "Style transfer",
    "Each column shows one handwriting: a digit is encoded with its label and decoded with every other label.",
    STYLE,
    style_view,
)
