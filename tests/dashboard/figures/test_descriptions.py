"""Descriptions hold no points, and with points they are the chart."""

from __future__ import annotations

import pytest

from dashboard.figures.descriptions import kl_bars_description, kl_over_epochs_description, loss_description
from dashboard.figures.kl import kl_bars, kl_over_epochs
from dashboard.figures.losses import loss_curve


@pytest.mark.parametrize("name", ["loss", "bars", "lines"])
def test_a_description_is_its_chart_without_points(name: str, make_epochs, make_steps) -> None:
    description, chart = {
        "loss": (loss_description("kl"), loss_curve(make_epochs(3), make_steps(1, 3), "kl")),
        "bars": (kl_bars_description(3), kl_bars([1.0, 0.5, 0.001])),
        "lines": (kl_over_epochs_description(3), kl_over_epochs(make_epochs(4))),
    }[name]
    whole = chart.to_dict()
    assert whole.pop("datasets")
    whole.pop("data")
    assert description == whole
