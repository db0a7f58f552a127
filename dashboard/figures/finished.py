"""Charts that stand still, of runs that have ended: Plotly figures to zoom, and to read with one hover.

Colours of lines and bars, and fonts, come from the page's theme, in light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboard.figures.live import CHART_HEIGHT, FADED, MOST_COLOURS, NATS
from dashboard.figures.tables import COLLAPSED, QUANTITY_TITLES, TEST, TRAIN, Float64Array, Quantity

# Room for the legend, which Plotly puts inside the height and Vega outside.
_HEIGHT: Final = CHART_HEIGHT + 80
_LEGEND_ROOM: Final = 76
_LEGEND: Final = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
# From no correlation to a perfect one: light enough for dark numbers on each cell, in both themes.
_CORRELATIONS: Final = ((0.0, "#f0f4f6"), (1.0, "#4fa9c7"))
_NUMBERS: Final = "#11181c"
# What `st.plotly_chart` is given as its configuration.
CONFIG: Final[dict[str, Any]] = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def loss_figure(points: pd.DataFrame, quantity: Quantity, *, log: bool = False) -> go.Figure:
    """Training and test loss over epochs.

    Args:
        points: As from ``loss_points``.
        quantity: Which loss.
        log: Whether the axis of the loss is logarithmic.
    """
    figure = go.Figure([_line(points[points["series"] == name], name, 2) for name in (TRAIN, TEST)])
    return _over_epochs(figure, QUANTITY_TITLES[quantity], log)


def kl_over_epochs_figure(points: pd.DataFrame, *, log: bool = False) -> go.Figure:
    """The KL of each latent dimension over epochs.

    Args:
        points: As from ``kl_points``.
        log: Whether the axis of the KL is logarithmic.
    """
    names = points["dimension"].unique()
    figure = go.Figure([_line(points[points["dimension"] == name], name, 3) for name in names])
    # More lines than colours cannot be told apart by colour; hovering names them.
    figure.update_layout(showlegend=len(names) <= MOST_COLOURS)
    return _over_epochs(figure, "KL over epochs", log)


def kl_bars_figure(bars: pd.DataFrame) -> go.Figure:
    """A bar for each latent dimension, pale if it is collapsed.

    Args:
        bars: As from ``bar_table``.
    """
    bar = go.Bar(
        x=bars["dimension"],
        y=bars["nats"],
        customdata=bars["state"],
        marker={"opacity": np.where(bars["state"] == COLLAPSED, FADED, 1.0), "cornerradius": 2},
        hovertemplate="%{x}: %{y:.3f} nats, %{customdata}<extra></extra>",
    )
    figure = _framed(go.Figure(bar), "KL of each latent dimension", NATS)
    return figure.update_xaxes(type="category", showgrid=False)


def style_heat_map(correlations: Float64Array, class_names: Sequence[str], title: str) -> go.Figure:
    """How well a measure of style is kept, for each pair of labels.

    Args:
        correlations: (n_classes, n_classes), Pearson's r from -1 to 1: source label by target label; NaN if undefined.
        class_names: Of the labels.
        title: The measure.
    """
    names = list(class_names)
    cells = go.Heatmap(
        x=names,
        y=names,
        z=correlations,
        zmin=0.0,
        zmax=1.0,
        colorscale=_CORRELATIONS,
        showscale=False,
        xgap=1,
        ygap=1,
        texttemplate="%{z:.2f}",
        textfont_color=_NUMBERS,
        hovertemplate="source %{y}, target %{x}: r = %{z:.2f}<extra></extra>",
        hoverongaps=False,
    )
    figure = _framed(go.Figure(cells), title, "correlation r: source label down, target label across")
    figure.update_xaxes(type="category", showgrid=False)
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    return figure.update_layout(height=_HEIGHT + 60)


def _line(part: pd.DataFrame, name: str, decimals: int) -> go.Scatter:
    """A single point makes no line: it is marked."""
    return go.Scatter(
        x=part["epoch"],
        y=part["nats"],
        name=name,
        mode="lines" if len(part) > 1 else "markers",
        hovertemplate=f"%{{y:.{decimals}f}}",
    )


def _over_epochs(figure: go.Figure, title: str, log: bool) -> go.Figure:
    _framed(figure, title, NATS)
    figure.update_layout(hovermode="x unified", legend=_LEGEND, margin_b=_LEGEND_ROOM)
    figure.update_xaxes(
        title={"text": "epoch", "standoff": 4}, showgrid=False, unifiedhovertitle={"text": "epoch %{x:.4~g}"}
    )
    return figure.update_yaxes(type="log" if log else "linear", nticks=6, minorloglabels="complete")


def _framed(figure: go.Figure, title: str, subtitle: str) -> go.Figure:
    return figure.update_layout(
        height=_HEIGHT,
        margin={"l": 0, "r": 0, "t": 64, "b": 0},
        title={"text": title, "subtitle": {"text": subtitle}, "font": {"size": 15}},
    )
