"""A run as it is now, renewed in place while it trains: the page that watches it is also its record."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cvae_core.data import dataset_title
from cvae_core.runs.directory import Run
from cvae_core.runs.overview import Overview, overview
from cvae_core.runs.status import ALIVE
from dashboard import services
from dashboard.controls import errors_shown
from dashboard.views.loss_view import loss_view
from dashboard.views.progress_view import progress_view
from dashboard.views.run_header import run_header, run_sign, stage
from dashboard.views.snapshot_view import label_choice, snapshot_view

_POLL_SECONDS: Final = 0.7


def run_view(item: Overview) -> None:
    """Draw all of a run; its controls stand outside what is renewed, so that they keep value and focus."""
    run_header(item)
    if item.state == "broken":
        return
    polling = _POLL_SECONDS if item.state in ALIVE else None
    st.fragment(run_every=polling)(_learning)(item.run, stage(item.state))
    label = label_choice(item)
    st.fragment(run_every=polling)(_pictures)(item.run, label)
    _settings(item)


def _learning(run: Run, drawn_for: str) -> None:
    """State, progress and losses; draws the whole page anew when other buttons are due."""
    now = overview(run)
    if stage(now.state) != drawn_for:
        st.rerun()
    run_sign(now)
    with errors_shown():
        progress_view(now)
        loss_view(services.history(run))


def _pictures(run: Run, label: int) -> None:
    with errors_shown():
        snapshot_view(run, label)


def _settings(item: Overview) -> None:
    """What the run was started with."""
    if item.config is None:
        return
    with st.expander("Settings of this run", icon=":material/tune:"):
        st.caption(f"{dataset_title(item.config.data.dataset)}, preset {item.config.preset or 'none'}")
        sections = (item.config.data, item.config.model, item.config.train)
        values = {name: value for part in sections for name, value in part.model_dump().items()}
        st.dataframe(
            {"setting": list(values), "value": [_shown(value) for value in values.values()]},
            hide_index=True,
            width="stretch",
        )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "all" if value is None else str(value)
