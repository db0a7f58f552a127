"""Samples: digits from random codes, and reconstructions of real ones, at every epoch."""

from __future__ import annotations

from dashboard.address.parameters import SAMPLES
from dashboard.views.samples_view import samples_view
from dashboard.views.time_machine import time_machine

time_machine(
    "Samples and reconstructions",
    "Digits decoded from random codes, and real test digits over what the model makes of them, as the model learns.",
    SAMPLES,
    samples_view,
)
