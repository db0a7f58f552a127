"""Watch a run: redraw the page when it changes, and show its progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from cvae_core.metrics import LOSS_METRICS, NATS
from cvae_core.records import EpochRecord
from cvae_core.remaining_time import duration, time_left
from cvae_core.runs.status import ALIVE, Status
from cvae_core.runs.summary import Overview, overview
from dashboard.cache import run_data
from dashboard.components.page_elements import auto_refresh
from dashboard.shared.widgets import plain

_POLL_SECONDS: Final = 4.0
_DRAWN: Final = "runs_as_drawn"


def note_drawn(items: Sequence[Overview]) -> None:
    """Remember the runs and their states as the page shows them."""
    st.session_state[_DRAWN] = tuple(items)


def watch_ended() -> None:
    """Redraw the page when an ended run that it shows changes, for instance because it is resumed elsewhere.

    The fragment shows nothing, so its refreshes disturb no text field and no dialog.
    """
    st.fragment(_watch)()


def _watch() -> None:
    drawn: tuple[Overview, ...] = st.session_state.get(_DRAWN, ())
    if not drawn:
        return
    if not any(item.state in ALIVE for item in drawn):  # those are refreshed where they are drawn
        now = [overview(item.run) for item in drawn]
        if [(item.state, item.status) for item in now] != [(item.state, item.status) for item in drawn]:
            st.rerun()
    auto_refresh("ended_run_refresh", _POLL_SECONDS)


def progress_bar(item: Overview) -> None:
    """The progress of a run that has not finished."""
    if item.status is not None and item.state != "finished":
        st.progress(item.status.progress, text=_words(item))


def progress_view(item: Overview) -> None:
    """Draw the progress of a run that can be read."""
    if item.status is None:
        return
    progress_bar(item)
    epochs = run_data.history(item.run)[0].epochs
    with st.container(horizontal=True, gap="medium", key="figures_of_merit"):
        _figures(item.status, epochs[-1] if epochs else None)


def _words(item: Overview) -> str:
    status = item.status
    assert status is not None
    words = [f"Epoch {status.epoch:,} of {status.epochs:,}"]
    if item.state == "queued":
        words.append(f"waiting for {' and '.join(map(plain, item.ahead))}")
    if item.state == "starting":
        words.append("starting: loading the data and compiling the network")
    if item.state == "running":
        unit = "points" if item.config is not None and item.config.learns_points else "images"
        words += [time_left(status.remaining_seconds), f"{status.images_per_second:,.0f} {unit}/s"]
    return "  ·  ".join(filter(None, words))


def _figures(status: Status, newest: EpochRecord | None) -> None:
    st.metric("Epochs", f"{status.epoch:,}", help="Completed passes through all training images.", width="content")
    if newest is not None:
        is_older = status.state not in ALIVE and newest.epoch < status.epoch
        for metric in LOSS_METRICS.values():
            st.metric(
                f"{metric.title}, epoch {newest.epoch:,}" if is_older else metric.title,
                f"{metric.value(newest.test):.1f}",
                help=f"{metric.help} Test set, after epoch {newest.epoch:,}, in {NATS}.",
                width="content",
            )
    if status.seconds:
        st.metric("Time", duration(status.seconds), help="Training time without loading and pauses.", width="content")
