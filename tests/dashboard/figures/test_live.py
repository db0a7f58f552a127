"""Live charts: descriptions that hold no data and never change."""

from __future__ import annotations

import pytest

from cvae_core.metrics import LOSS_METRICS
from dashboard.figures.training import (
    TEST,
    TRAIN,
    bar_table,
    kl_bars_description,
    kl_over_epochs_description,
    kl_points,
    loss_description,
    loss_points,
)


@pytest.mark.parametrize("name", ["loss", "bars", "lines"])
def test_a_description_has_no_data_and_names_the_columns_of_its_table(name: str, make_epochs) -> None:
    description, table = {
        "loss": (loss_description("KL"), loss_points(make_epochs(3), [], LOSS_METRICS["kl"])),
        "bars": (kl_bars_description(3), bar_table([1.0, 0.5, 0.001])),
        "lines": (kl_over_epochs_description(3), kl_points(make_epochs(4))),
    }[name]
    assert not {"data", "datasets"} & set(description)
    for part in description.get("layer", [description]):
        assert {channel["field"] for channel in part["encoding"].values() if "field" in channel} <= set(table.columns)


def test_bars_and_lines_keep_the_order_of_dimensions_beyond_nine() -> None:
    names = [f"z{dimension}" for dimension in range(1, 13)]
    assert kl_bars_description(12)["encoding"]["x"]["sort"] == names
    assert kl_over_epochs_description(12)["encoding"]["color"]["scale"]["domain"] == names


def test_axes_and_colours() -> None:
    encoding = loss_description("KL")["layer"][0]["encoding"]
    assert encoding["x"]["title"] == "epoch"
    assert encoding["y"]["scale"]["zero"] is False
    assert encoding["color"]["scale"]["domain"] == [TRAIN, TEST]
