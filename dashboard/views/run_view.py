"""A run as it is now, renewed in place while it trains: the page that watches it is also its record."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cvae_core.data import dataset_title
from cvae_core.runs.run import Run
from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import Overview, overview
from dashboard import services, state
from dashboard.address.parameters import LABEL
from dashboard.address.view import read_address, write_address
from dashboard.components.pulse import pulse
from dashboard.controls import errors_shown, plain
from dashboard.views.ended_run import note_drawn, watch_ended
from dashboard.views.loss_view import loss_view
from dashboard.views.progress_view import progress_bar, progress_view
from dashboard.views.run_header import run_header
from dashboard.views.snapshot_view import label_choice, snapshot_view
from dashboard.views.take_away import take_away

_POLL_SECONDS: Final = 0.6


def run_view(item: Overview) -> None:
    """Draw all of a run."""
    st.fragment(_watched)(item.run, item.state in ALIVE)
    if item.config is not None:
        take_away(item.run)
    _settings(item)
    if item.state not in ALIVE:
        watch_ended()


def _watched(run: Run, was_alive: bool) -> None:
    """All that changes while a run lives; the whole page is drawn anew when that life begins or ends."""
    now = overview(run)
    alive = now.state in ALIVE
    if alive != was_alive:
        st.rerun()
    note_drawn([now])
    run_header(now)
    if now.state == "broken":
        return
    if now.config is not None and now.config.model.kind == "autoencoder":
        _torn_manifold(now)
    else:
        _images(run, now)
    if alive:
        pulse("run_pulse", _POLL_SECONDS)


def _torn_manifold(now: Overview) -> None:
    """A run of the toy: its pictures stand on a page of their own."""
    progress_bar(now)
    st.caption("This run learns the torn manifold.")
    st.page_link("pages/why.py", label="Look at it on the page “Why condition?”", icon=":material/call_split:")


def _images(run: Run, now: Overview) -> None:
    with errors_shown():
        progress_view(now)
        history, lost = services.history(run)
        if lost:
            st.warning(lost, icon=":material/broken_image:")
        loss_view(history)
    for problem in state.keep_problems(read_address((LABEL,))):
        st.warning(problem, icon=":material/link_off:")
    label = label_choice(now)
    write_address((LABEL,))
    with errors_shown():
        snapshot_view(now, label)


def _settings(item: Overview) -> None:
    """What the run was started with."""
    if item.config is None:
        return
    with st.expander("Settings of this run", icon=":material/tune:"):
        words = f"{dataset_title(item.config.data.dataset)}, preset {item.config.preset or 'none'}"
        st.caption(plain(words))
        sections = (item.config.data, item.config.model, item.config.train)
        values = {name: value for part in sections for name, value in part.model_dump().items()}
        st.dataframe(
            {"setting": list(values), "value": [_shown(value) for value in values.values()]},
            hide_index=True,
            width="stretch",
            height="content",
        )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "all" if value is None else str(value)
