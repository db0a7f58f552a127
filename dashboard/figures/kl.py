"""How much each latent dimension says: its KL now, and over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd

from cvae_core.records import EpochRecord
from dashboard.figures.losses import decimate
from dashboard.figures.theme import (
    CHART_HEIGHT,
    COLLAPSED_BELOW_NATS,
    MAX_POINTS,
    chart_title,
    dimension_name,
    epoch_axis,
    line_legend,
    nats_axis,
)

ACTIVE: Final = "in use"
COLLAPSED: Final = "collapsed"
_FADED: Final = 0.35
_COLOURS: Final = 10


def kl_bars(kl_per_dimension: Sequence[float] | npt.NDArray[np.float64]) -> alt.Chart:
    """A bar for each latent dimension; collapsed ones are pale and say so when hovered.

    Args:
        kl_per_dimension: (latent_dim,), nats per image.
    """
    bars = bar_table(kl_per_dimension)
    chart: alt.Chart = (
        alt.Chart(bars)
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X("dimension:N", sort=list(bars["dimension"]), title=None, axis=_dimension_axis(len(bars))),
            y=nats_axis("nats"),
            opacity=alt.Opacity(
                "state:N", scale=alt.Scale(domain=[ACTIVE, COLLAPSED], range=[1.0, _FADED]), legend=None
            ),
            tooltip=["dimension:N", alt.Tooltip("nats:Q", format=".3f"), "state:N"],
        )
        .properties(height=CHART_HEIGHT, title=chart_title("KL of each latent dimension"))
    )
    return chart


def bar_table(kl_per_dimension: Sequence[float] | npt.NDArray[np.float64]) -> pd.DataFrame:
    """The bars: columns ``dimension`` ("z1", ...), ``nats`` and ``state`` ("in use" or "collapsed").

    Args:
        kl_per_dimension: (latent_dim,), nats per image.
    """
    nats = np.asarray(kl_per_dimension, np.float64)
    return pd.DataFrame(
        {
            "dimension": [dimension_name(dimension) for dimension in range(len(nats))],
            "nats": nats,
            "state": np.where(nats < COLLAPSED_BELOW_NATS, COLLAPSED, ACTIVE),
        }
    )


def kl_over_epochs(epochs: Sequence[EpochRecord]) -> alt.Chart:
    """A line for each latent dimension, on the test set.

    Args:
        epochs: Finished epochs, in order.
    """
    latent_dim = len(epochs[-1].test.kl_per_dimension) if epochs else 0
    names = [dimension_name(dimension) for dimension in range(latent_dim)]
    # More lines than colours cannot be told apart by colour; their tooltips tell.
    legend = line_legend(columns=5) if latent_dim <= _COLOURS else None
    chart: alt.Chart = (
        alt.Chart(kl_points(epochs))
        .mark_line(strokeWidth=2, opacity=0.9 if latent_dim <= _COLOURS else 0.5)
        .encode(
            x=epoch_axis("epoch"),
            y=nats_axis("nats"),
            color=alt.Color("dimension:N", title=None, sort=names, scale=alt.Scale(domain=names), legend=legend),
            tooltip=["dimension:N", alt.Tooltip("epoch:Q", format=".4~"), alt.Tooltip("nats:Q", format=".3f")],
        )
        .properties(height=CHART_HEIGHT, title=chart_title("KL over epochs"))
    )
    return chart


def kl_points(epochs: Sequence[EpochRecord]) -> pd.DataFrame:
    """The points of ``kl_over_epochs``: columns ``epoch``, ``nats`` and ``dimension``; at most 600 rows.

    Args:
        epochs: Finished epochs, in order.
    """
    if not epochs:
        return pd.DataFrame({"epoch": [], "nats": [], "dimension": []})
    values = np.array([record.test.kl_per_dimension for record in epochs], np.float64)
    latent_dim = values.shape[1]
    limit = max(2, MAX_POINTS // max(1, latent_dim))
    x, y = decimate(np.array([record.epoch for record in epochs], np.float64), values, limit)
    return pd.DataFrame(
        {
            "epoch": np.repeat(x, latent_dim),
            "nats": y.ravel(),
            "dimension": [dimension_name(dimension) for _ in x for dimension in range(latent_dim)],
        }
    )


def _dimension_axis(latent_dim: int) -> alt.Axis:
    return alt.Axis(
        labelAngle=0, labelOverlap=True, ticks=False, grid=False, labelFontSize=11 if latent_dim > 16 else 12
    )
