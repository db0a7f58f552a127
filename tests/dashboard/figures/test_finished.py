"""Charts of runs that have ended: every point of the table, one hover for all curves, and a logarithmic axis."""

from __future__ import annotations

import numpy as np
import pytest

from cvae_core.metrics import LOSS_METRICS
from dashboard.figures.training import (
    TEST,
    TRAIN,
    bar_table,
    kl_bars_figure,
    kl_over_epochs_figure,
    kl_points,
    loss_figure,
    loss_points,
    style_heat_map,
)


def test_the_loss_has_both_curves_and_one_hover(make_epochs, make_steps) -> None:
    points = loss_points(make_epochs(4), make_steps(3, 4), LOSS_METRICS["reconstruction"])
    figure = loss_figure(points, "reconstruction")
    assert [curve.name for curve in figure.data] == [TRAIN, TEST]
    assert np.concatenate([curve.y for curve in figure.data]) == pytest.approx(points["nats"].to_numpy())
    assert (figure.layout.hovermode, figure.layout.yaxis.type) == ("x unified", "linear")
    assert loss_figure(points, "kl", log=True).layout.yaxis.type == "log"


def test_a_single_epoch_is_a_visible_point(make_epochs) -> None:
    assert [curve.mode for curve in loss_figure(loss_points(make_epochs(1), [], LOSS_METRICS["kl"]), "kl").data] == [
        "markers"
    ] * 2


def test_a_line_for_each_dimension_and_no_legend_of_more_than_ten(make_epochs) -> None:
    figure = kl_over_epochs_figure(kl_points(make_epochs(4)))
    assert [line.name for line in figure.data] == ["z1", "z2", "z3"]
    assert figure.layout.showlegend
    many = kl_points(make_epochs(2))
    wide = many.loc[many.index.repeat(5)].assign(dimension=[f"z{n % 15 + 1}" for n in range(30)])
    assert not kl_over_epochs_figure(wide).layout.showlegend


def test_collapsed_dimensions_are_pale() -> None:
    (bar,) = kl_bars_figure(bar_table([1.5, 0.001])).data
    assert list(bar.x) == ["z1", "z2"]
    assert bar.marker.opacity[0] == 1.0 > bar.marker.opacity[1]


def test_a_heat_map_has_a_cell_for_each_pair_of_labels() -> None:
    table = np.array([[0.9, np.nan], [0.4, 0.8]])
    figure = style_heat_map(table, ["zero", "one"], "Slant")
    np.testing.assert_array_equal(figure.data[0].z, table)
    assert figure.layout.yaxis.autorange == "reversed"  # the first label on top
    assert figure.layout.title.text == "Slant"
