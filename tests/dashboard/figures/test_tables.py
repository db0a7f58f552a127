import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.metrics import LOSS_METRICS
from dashboard.figures.training import TEST, TRAIN, bar_table, decimate, dimension_name, kl_points, loss_points


def _series(points, name):
    part = points[points["series"] == name]
    return part["epoch"].to_numpy(), part["nats"].to_numpy()


def test_the_negative_elbo_is_reconstruction_plus_kl_whatever_beta_is(make_epochs):
    points = loss_points(make_epochs(3), [], LOSS_METRICS["negative_elbo"])
    epoch, train = _series(points, TRAIN)
    assert epoch.tolist() == [1, 2, 3]
    assert train == pytest.approx(100 + 50 / epoch + 3.001)
    assert _series(points, TEST)[1] == pytest.approx(110 + 50 / epoch + 3.001)


@pytest.mark.parametrize(("quantity", "value"), [("reconstruction", 160.0), ("kl", 3.001)])
def test_the_parts_are_shown_apart(make_epochs, quantity, value):
    assert _series(loss_points(make_epochs(1), [], LOSS_METRICS[quantity]), TEST)[1] == pytest.approx([value])


def test_steps_draw_the_training_curve_where_there_are_any(make_epochs, make_steps):
    points = loss_points(make_epochs(4), make_steps(3, 5), LOSS_METRICS["reconstruction"])
    epoch, nats = _series(points, TRAIN)
    assert epoch[:3] == pytest.approx([1, 2, 2.1])
    assert epoch[-1] == 5 and nats[-1] == pytest.approx(105)
    assert len(_series(points, TEST)[0]) == 4


def test_the_first_steps_are_shown_until_there_is_more_to_see(make_epochs, make_steps):
    assert _series(loss_points(make_epochs(1), make_steps(1, 2), LOSS_METRICS["kl"]), TRAIN)[0].min() == pytest.approx(
        0.1
    )
    assert _series(loss_points(make_epochs(2), make_steps(1, 3), LOSS_METRICS["kl"]), TRAIN)[0].min() == 1


def test_no_records_give_empty_tables():
    assert len(loss_points([], [], LOSS_METRICS["kl"])) == len(kl_points([])) == 0


def test_a_long_run_is_drawn_with_at_most_600_points_and_its_end(make_epochs):
    points = loss_points(make_epochs(5000), [], LOSS_METRICS["negative_elbo"])
    assert len(points) <= 600
    assert all(_series(points, name)[0][-1] == 5000 for name in (TRAIN, TEST))


def test_a_bar_for_each_dimension_and_collapsed_ones_are_marked():
    bars = bar_table([1.5, 0.01, 0.0099])
    assert bars["dimension"].tolist() == ["z1", "z2", "z3"]
    assert bars["nats"].tolist() == [1.5, 0.01, 0.0099]
    assert bars["state"].tolist() == ["in use", "in use", "collapsed"]


def test_a_row_for_each_dimension_and_epoch(make_epochs):
    points = kl_points(make_epochs(4))
    second = points[points["dimension"] == "z2"]
    assert second["epoch"].tolist() == [1, 2, 3, 4]
    assert second["nats"].tolist() == pytest.approx([1.0] * 4)
    assert len(kl_points(make_epochs(5000))) <= 600


def test_people_count_dimensions_from_one():
    assert dimension_name(0) == "z1"


@given(st.integers(0, 3000), st.integers(2, 400))
def test_at_most_the_limit_is_left_and_the_last_point_is_kept(count, limit):
    x = np.arange(count, dtype=np.float64)
    kept_x, kept_y = decimate(x, 3 * x, limit)
    assert len(kept_x) == len(kept_y) == min(count, limit)
    assert np.allclose(kept_y, 3 * kept_x)  # means of a straight line lie on it
    assert (np.diff(kept_x) > 0).all()
    if count:
        assert kept_x[-1] == x[-1]


def test_what_is_left_are_means_of_neighbours():
    x, y = decimate(np.arange(7.0), np.array([[0, 1], [2, 1], [4, 1], [1, 5], [3, 5], [5, 5], [9, 9]]), 3)
    assert x.tolist() == [1.0, 4.0, 6.0]
    assert y.tolist() == [[2, 1], [3, 5], [9, 9]]
