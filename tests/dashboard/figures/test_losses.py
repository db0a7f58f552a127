import pytest

from dashboard.figures.losses import TEST, TRAIN, loss_curve, loss_points


def _series(points, name):
    part = points[points["series"] == name]
    return part["epoch"].to_numpy(), part["nats"].to_numpy()


def test_the_negative_elbo_is_reconstruction_plus_kl_whatever_beta_is(make_epochs):
    points = loss_points(make_epochs(3), [], "negative_elbo")
    epoch, train = _series(points, TRAIN)
    assert epoch.tolist() == [1, 2, 3]
    assert train == pytest.approx(100 + 50 / epoch + 3.001)
    assert _series(points, TEST)[1] == pytest.approx(110 + 50 / epoch + 3.001)


@pytest.mark.parametrize(("quantity", "value"), [("reconstruction", 160.0), ("kl", 3.001)])
def test_the_parts_are_shown_apart(make_epochs, quantity, value):
    assert _series(loss_points(make_epochs(1), [], quantity), TEST)[1] == pytest.approx([value])


def test_steps_draw_the_training_curve_where_there_are_any(make_epochs, make_steps):
    points = loss_points(make_epochs(4), make_steps(3, 5), "reconstruction")
    epoch, nats = _series(points, TRAIN)
    assert epoch[:3] == pytest.approx([1, 2, 2.1])
    assert epoch[-1] == 5 and nats[-1] == pytest.approx(105)
    assert len(_series(points, TEST)[0]) == 4


def test_the_first_steps_are_shown_until_there_is_more_to_see(make_epochs, make_steps):
    assert _series(loss_points(make_epochs(1), make_steps(1, 2), "kl"), TRAIN)[0].min() == pytest.approx(0.1)
    assert _series(loss_points(make_epochs(2), make_steps(1, 3), "kl"), TRAIN)[0].min() == 1


def test_no_records_give_an_empty_chart():
    assert len(loss_points([], [], "kl")) == 0
    assert loss_curve([]).to_dict()["layer"]


def test_a_long_run_is_drawn_with_at_most_600_points_and_its_end(make_epochs):
    points = loss_points(make_epochs(5000), [], "negative_elbo")
    assert len(points) <= 600
    assert all(_series(points, name)[0][-1] == 5000 for name in (TRAIN, TEST))


def test_new_data_leave_the_description_of_the_chart_as_it_was(make_epochs, make_steps):
    def description(count):
        chart = loss_curve(make_epochs(count), make_steps(1, count)).to_dict()
        chart.pop("datasets")
        text = str(chart)
        for part in (chart, *chart["layer"]):
            text = text.replace(part.get("data", {}).get("name", "-"), "data")
        return text

    assert description(3) == description(90)


def test_axes_and_colours(make_epochs):
    encoding = loss_curve(make_epochs(3), quantity="kl").to_dict()["layer"][0]["encoding"]
    assert encoding["x"]["title"] == "epoch"
    assert encoding["y"]["scale"]["zero"] is False
    assert encoding["color"]["scale"]["domain"] == [TRAIN, TEST]
