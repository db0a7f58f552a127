"""Charts of a training: tables of at most 600 rows, Altair for a running run, Plotly for a finished one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import altair as alt
import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from cvae_core.analysis.latent import COLLAPSED_KL
from cvae_core.metrics import NATS, LossMetric
from cvae_core.records import EpochRecord, StepRecord

Float64Array = npt.NDArray[np.float64]
TRAIN: Final = "training"
TEST: Final = "test"
ACTIVE: Final = "in use"
COLLAPSED: Final = "collapsed"
MAX_POINTS: Final = 600
# The first steps fall so far that the rest looks flat beside them; they are shown only while there is little else.
_EPOCHS_WITH_FIRST_STEPS: Final = 2


def dimension_name(dimension: int) -> str:
    """The name of a latent dimension: z1 is the first.

    Args:
        dimension: Counted from 0.
    """
    return f"z{dimension + 1}"


def decimate(x: Float64Array, y: Float64Array, limit: int) -> tuple[Float64Array, Float64Array]:
    """Average neighbouring points until at most ``limit`` are left.

    The last point stays as it is, so that a growing curve ends at its newest value.

    Args:
        x: (n,), rising.
        y: (n, ...), the values at each x.
        limit: At least 2.

    Returns:
        x and y of the remaining points; unchanged if there were no more than ``limit``.
    """
    if len(x) <= limit:
        return x, y
    starts = np.linspace(0, len(x) - 1, limit).astype(np.int64)[:-1]
    sizes = np.diff([*starts, len(x) - 1])
    means = np.add.reduceat(y[:-1], starts, axis=0) / sizes.reshape(-1, *(1,) * (y.ndim - 1))
    centres = np.add.reduceat(x[:-1], starts) / sizes
    return np.append(centres, x[-1:]), np.concatenate([means, y[-1:]])


def loss_points(epochs: Sequence[EpochRecord], steps: Sequence[StepRecord], metric: LossMetric) -> pd.DataFrame:
    """The points of a loss curve, at most 600.

    Args:
        epochs: Finished epochs, in order.
        steps: Training steps, in order. They replace the epochs' averages in the training curve from the first of them
            on; those of the first epoch are left out once there are more epochs.
        metric: Which loss.

    Returns:
        Columns ``epoch`` (float, completed epochs), ``nats`` (per image) and ``series`` ("training" or "test").
    """
    if len(epochs) >= _EPOCHS_WITH_FIRST_STEPS:
        steps = [record for record in steps if record.epoch > 1]
    early = [record for record in epochs if not steps or record.epoch < steps[0].epoch]
    progress = [record.epoch - 1 + record.step / record.steps_per_epoch for record in steps]
    series = {
        TRAIN: (
            [record.epoch for record in early] + progress,
            [metric.value(of) for of in [record.train for record in early] + [record.train for record in steps]],
        ),
        TEST: ([record.epoch for record in epochs], [metric.value(record.test) for record in epochs]),
    }
    tables = []
    for name, (x, y) in series.items():
        kept_x, kept_y = decimate(np.array(x, np.float64), np.array(y, np.float64), MAX_POINTS // 2)
        tables.append(pd.DataFrame({"epoch": kept_x, "nats": kept_y, "series": [name] * len(kept_x)}))
    return pd.concat(tables, ignore_index=True)


def bar_table(kl_per_dimension: Sequence[float] | Float64Array) -> pd.DataFrame:
    """The KL of each latent dimension.

    Args:
        kl_per_dimension: (latent_dim,), nats per image.

    Returns:
        Columns ``dimension`` ("z1", ...), ``nats`` and ``state`` ("in use" or "collapsed").
    """
    nats = np.asarray(kl_per_dimension, np.float64)
    return pd.DataFrame(
        {"dimension": _names(len(nats)), "nats": nats, "state": np.where(nats < COLLAPSED_KL, COLLAPSED, ACTIVE)}
    )


def kl_points(epochs: Sequence[EpochRecord]) -> pd.DataFrame:
    """The KL of each latent dimension over the epochs, on the test set; at most 600 rows.

    Args:
        epochs: Finished epochs, in order.

    Returns:
        Columns ``epoch``, ``nats`` and ``dimension``.
    """
    if not epochs:
        return pd.DataFrame({"epoch": [], "nats": [], "dimension": []})
    values = np.array([record.test.kl_per_dimension for record in epochs], np.float64)
    latent_dim = values.shape[1]
    limit = max(2, MAX_POINTS // max(1, latent_dim))
    x, y = decimate(np.array([record.epoch for record in epochs], np.float64), values, limit)
    return pd.DataFrame(
        {"epoch": np.repeat(x, latent_dim), "nats": y.ravel(), "dimension": _names(latent_dim) * len(x)}
    )


def _names(latent_dim: int) -> list[str]:
    return [dimension_name(dimension) for dimension in range(latent_dim)]


CHART_HEIGHT: Final = 240
FADED: Final = 0.35
MOST_COLOURS: Final = 10
# Readable on light and dark; Vega's own colour for subtitles does not follow the page's theme.
_QUIET_GREY: Final = "#7a858c"


@cache
def loss_description(title: str) -> dict[str, Any]:
    """Training and test loss over epochs; the data are those of ``loss_points``."""
    base = alt.Chart(pd.DataFrame()).encode(
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
    return _described(alt.LayerChart(layer=[lines, targets]), title)


@cache
def kl_bars_description(latent_dim: int) -> dict[str, Any]:
    """A bar for each latent dimension, pale if collapsed; the data are those of ``bar_table``."""
    axis = alt.Axis(
        labelAngle=0, labelOverlap=True, ticks=False, grid=False, labelFontSize=11 if latent_dim > 16 else 12
    )
    states = alt.Scale(domain=[ACTIVE, COLLAPSED], range=[1.0, FADED])
    bars = (
        alt.Chart(pd.DataFrame())
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
        alt.Chart(pd.DataFrame())
        .mark_line(strokeWidth=2, opacity=0.9 if few else 0.5)
        .encode(
            x=_epoch_axis(),
            y=_nats_axis(),
            color=alt.Color("dimension:N", title=None, sort=names, scale=alt.Scale(domain=names), legend=legend),
            tooltip=["dimension:N", alt.Tooltip("epoch:Q", format=".4~"), alt.Tooltip("nats:Q", format=".3f")],
        )
    )
    return _described(lines, "KL over epochs")


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


# Room for the legend, which Plotly puts inside the height and Vega outside.
_HEIGHT: Final = CHART_HEIGHT + 80
_LEGEND_ROOM: Final = 76
_LEGEND: Final = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
# From no correlation to a perfect one: light enough for dark numbers on each cell, in both themes.
_CORRELATIONS: Final = ((0.0, "#f0f4f6"), (1.0, "#4fa9c7"))
_NUMBERS: Final = "#11181c"
# What `st.plotly_chart` is given as its configuration.
CONFIG: Final[dict[str, Any]] = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d"]}


def loss_figure(points: pd.DataFrame, title: str, *, log: bool = False) -> go.Figure:
    """Training and test loss over epochs.

    Args:
        points: As from ``loss_points``.
        title: Of the loss.
        log: Whether the axis of the loss is logarithmic.
    """
    figure = go.Figure([_line(points[points["series"] == name], name, 2) for name in (TRAIN, TEST)])
    return _over_epochs(figure, title, log)


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
