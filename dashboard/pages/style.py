"""Style transfer: digits redrawn as every other digit in their own hand, at every epoch."""

from __future__ import annotations

from dashboard.address.parameters import STYLE
from dashboard.views.style_view import style_view
from dashboard.views.time_machine import time_machine

time_machine(
    "Style transfer",
    "Each column is one handwriting: a digit is encoded with its label and redrawn with every other label.",
    STYLE,
    style_view,
)
