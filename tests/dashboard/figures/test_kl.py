import pytest

from dashboard.figures.kl import bar_table, kl_bars, kl_over_epochs, kl_points


def test_a_bar_for_each_dimension_and_collapsed_ones_are_marked():
    bars = bar_table([1.5, 0.01, 0.0099])
    assert bars["dimension"].tolist() == ["z1", "z2", "z3"]
    assert bars["nats"].tolist() == [1.5, 0.01, 0.0099]
    assert bars["state"].tolist() == ["in use", "in use", "collapsed"]


def test_bars_keep_the_order_of_dimensions_beyond_nine():
    sort = kl_bars([1.0] * 12).to_dict()["encoding"]["x"]["sort"]
    assert sort == [f"z{dimension}" for dimension in range(1, 13)]


def test_a_line_for_each_dimension(make_epochs):
    points = kl_points(make_epochs(4))
    second = points[points["dimension"] == "z2"]
    assert second["epoch"].tolist() == [1, 2, 3, 4]
    assert second["nats"].tolist() == pytest.approx([1.0] * 4)
    assert kl_over_epochs(make_epochs(4)).to_dict()["encoding"]["color"]["scale"]["domain"] == ["z1", "z2", "z3"]


def test_long_runs_are_decimated_and_no_run_is_empty(make_epochs):
    assert len(kl_points(make_epochs(5000))) <= 600
    assert len(kl_points([])) == 0
    assert kl_over_epochs([]).to_dict()["mark"]
