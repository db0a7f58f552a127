"""The curves of a training: the negative ELBO, its two parts, and the KL of each latent dimension."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cvae_core.runs.metrics import History
from dashboard.figures.kl import kl_bars, kl_over_epochs
from dashboard.figures.losses import Quantity, loss_curve

_QUANTITIES: Final[tuple[Quantity, ...]] = ("negative_elbo", "reconstruction", "kl")


def loss_view(history: History) -> None:
    """Draw the curves; Altair's charts stay in place when drawn again with more points."""
    if not history.steps and not history.epochs:
        st.caption("The curve begins with the first training steps.")
        return
    for column, quantity in zip(st.columns(3, gap="medium"), _QUANTITIES, strict=True):
        with column:
            st.altair_chart(
                loss_curve(history.epochs, history.steps, quantity), key=f"loss_{quantity}", width="stretch"
            )
    if history.epochs:
        now, over_time = st.columns(2, gap="medium")
        with now:
            st.altair_chart(kl_bars(history.epochs[-1].test.kl_per_dimension), key="kl_now", width="stretch")
        with over_time:
            st.altair_chart(kl_over_epochs(history.epochs), key="kl_over_epochs", width="stretch")
