"""The curves of a training: the negative ELBO, its two parts, and the KL of each latent dimension."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
import streamlit as st

from cvae_core.records import EpochRecord
from cvae_core.runs.metrics import History
from dashboard.figures.descriptions import kl_bars_description, kl_over_epochs_description, loss_description
from dashboard.figures.kl import bar_table, kl_points
from dashboard.figures.losses import Quantity, loss_points

_QUANTITIES: Final[tuple[Quantity, ...]] = ("negative_elbo", "reconstruction", "kl")


def loss_view(history: History) -> None:
    """Draw the curves. Their descriptions stay the same while their data grow, so that they are redrawn in place."""
    if not history.steps and not history.epochs:
        st.caption("The curve begins with the first training steps.")
        return
    for column, quantity in zip(st.columns(3, gap="medium"), _QUANTITIES, strict=True):
        with column:
            points = loss_points(history.epochs, history.steps, quantity)
            _draw(points, loss_description(quantity), f"loss_{quantity}")
    if history.epochs:
        _draw_kl(history.epochs)


def _draw_kl(epochs: list[EpochRecord]) -> None:
    kl = epochs[-1].test.kl_per_dimension
    now, over_time = st.columns(2, gap="medium")
    with now:
        _draw(bar_table(kl), kl_bars_description(len(kl)), "kl_now")
    with over_time:
        _draw(kl_points(epochs), kl_over_epochs_description(len(kl)), "kl_over_epochs")


def _draw(points: pd.DataFrame, description: dict[str, Any], key: str) -> None:
    st.vega_lite_chart(points, description, key=key, width="stretch")
