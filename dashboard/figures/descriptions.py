"""The live charts without their points: what stays the same while a run trains.

Describing a chart takes Altair far longer than its new points take, and training needs that time more. So each
description is made once, and a page sends the points that belong to it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt

from cvae_core.records import EpochRecord, Losses
from dashboard.figures.kl import kl_bars, kl_over_epochs
from dashboard.figures.losses import Quantity, loss_curve


@cache
def loss_description(quantity: Quantity) -> dict[str, Any]:
    """The Vega-Lite description of ``loss_curve``; its points come from ``loss_points``."""
    return _without_data(loss_curve([], [], quantity))


@cache
def kl_bars_description(latent_dim: int) -> dict[str, Any]:
    """The Vega-Lite description of ``kl_bars``; its bars come from ``bar_table``."""
    return _without_data(kl_bars([0.0] * latent_dim))


@cache
def kl_over_epochs_description(latent_dim: int) -> dict[str, Any]:
    """The Vega-Lite description of ``kl_over_epochs``; its points come from ``kl_points``."""
    nothing = Losses(0.0, 0.0, 0.0, (0.0,) * latent_dim)
    return _without_data(kl_over_epochs([EpochRecord(1, nothing, nothing, 0.0, 0.0, 0.0)]))


def _without_data(chart: alt.Chart | alt.LayerChart) -> dict[str, Any]:
    description: dict[str, Any] = chart.to_dict()
    return {name: part for name, part in description.items() if name not in ("data", "datasets")}
