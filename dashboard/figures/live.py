"""Charts that change while a run trains: Vega-Lite descriptions without data.

Describing a chart takes Altair far longer than drawing new points takes the browser, and the training needs that time.
So each description is made once, and a page sends the points that belong to it. Colours and fonts come from the page's
theme, in ``.streamlit/config.toml``.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import altair as alt
import pandas as pd

from dashboard.figures.tables import ACTIVE, COLLAPSED, QUANTITY_TITLES, TEST, TRAIN, Quantity, dimension_name

CHART_HEIGHT: Final = 240
NATS: Final = "nats per image"
FADED: Final = 0.35
MOST_COLOURS: Final = 10
# Readable on light and dark; Vega's own colour for subtitles does not follow the page's theme.
_QUIET_GREY: Final = "#7a858c"


@cache
def loss_description(quantity: Quantity) -> dict[str, Any]:
    """Training and test loss over epochs; the data are those of ``loss_points``."""
    base = _chart().encode(
        x=_epoch_axis(),
        y=_nats_axis(zero=False, padding=4),
        color=alt.Color("series:N", title=None, scale=alt.Scale(domain=[TRAIN, TEST]), legend=_line_legend()),
        tooltip=[
            alt.Tooltip("series:N", title="loss"),
            alt.Tooltip("epoch:Q", format=".4~"),
            alt.Tooltip("nats:Q", format=".2f"),
        ],
    )
    lines = base.mark_line(strokeWidth=2, interpolate="linear", clip=True)
    # Wide invisible points make the thin lines easy to hover.
    targets = base.mark_point(size=120, opacity=0, filled=True)
    return _described(alt.LayerChart(layer=[lines, targets]), QUANTITY_TITLES[quantity])


@cache
def kl_bars_description(latent_dim: int) -> dict[str, Any]:
    """A bar for each latent dimension, pale if collapsed; the data are those of ``bar_table``."""
    axis = alt.Axis(
        labelAngle=0, labelOverlap=True, ticks=False, grid=False, labelFontSize=11 if latent_dim > 16 else 12
    )
    states = alt.Scale(domain=[ACTIVE, COLLAPSED], range=[1.0, FADED])
    bars = (
        _chart()
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X("dimension:N", sort=_names(latent_dim), title=None, axis=axis),
            y=_nats_axis(),
            opacity=alt.Opacity("state:N", scale=states, legend=None),
            tooltip=["dimension:N", alt.Tooltip("nats:Q", format=".3f"), "state:N"],
        )
    )
    return _described(bars, "KL of each latent dimension")


@cache
def kl_over_epochs_description(latent_dim: int) -> dict[str, Any]:
    """A line for each latent dimension; the data are those of ``kl_points``."""
    names, few = _names(latent_dim), latent_dim <= MOST_COLOURS
    # More lines than colours cannot be told apart by colour; their tooltips name them.
    legend = _line_legend(columns=5) if few else None
    lines = (
        _chart()
        .mark_line(strokeWidth=2, opacity=0.9 if few else 0.5)
        .encode(
            x=_epoch_axis(),
            y=_nats_axis(),
            color=alt.Color("dimension:N", title=None, sort=names, scale=alt.Scale(domain=names), legend=legend),
            tooltip=["dimension:N", alt.Tooltip("epoch:Q", format=".4~"), alt.Tooltip("nats:Q", format=".3f")],
        )
    )
    return _described(lines, "KL over epochs")


def _names(latent_dim: int) -> list[str]:
    return [dimension_name(dimension) for dimension in range(latent_dim)]


def _chart() -> alt.Chart:
    return alt.Chart(pd.DataFrame())


def _described(chart: alt.Chart | alt.LayerChart, title: str) -> dict[str, Any]:
    """The chart with its size and title, without the place of its data."""
    words = alt.TitleParams(
        title,
        subtitle=NATS,
        anchor="start",
        offset=10,
        fontSize=15,
        fontWeight=600,
        subtitleColor=_QUIET_GREY,
        subtitleFontSize=12,
        subtitlePadding=2,
        subtitleFontWeight="normal",
    )
    description: dict[str, Any] = chart.properties(height=CHART_HEIGHT, title=words).to_dict()
    return {name: part for name, part in description.items() if name not in ("data", "datasets")}


def _epoch_axis() -> alt.X:
    axis = alt.Axis(
        format="d", tickMinStep=1, tickCount=6, grid=False, titlePadding=4, labelPadding=4, labelFlush=False
    )
    return alt.X("epoch:Q", title="epoch", axis=axis, scale=alt.Scale(nice=False))


def _nats_axis(**scale: Any) -> alt.Y:
    return alt.Y("nats:Q", title=None, axis=alt.Axis(tickCount=5, labelPadding=6), scale=alt.Scale(**scale))


def _line_legend(columns: int = 0) -> alt.Legend:
    """Below the chart, where no curve can run into it; ``columns`` entries in a row, 0 for all."""
    return alt.Legend(
        orient="bottom",
        direction="horizontal",
        columns=columns,
        symbolType="stroke",
        symbolStrokeWidth=3,
        offset=6,
        labelFontSize=12,
        labelOffset=3,
        symbolSize=70,
        columnPadding=8,
        rowPadding=2,
        padding=0,
    )
