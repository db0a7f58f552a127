"""Watch a run: redraw the page when it changes, and show its progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from cvae_core.records import EpochRecord
from cvae_core.remaining_time import duration, time_left
from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import Overview, overview
from dashboard.cache import run_data
from dashboard.components.page_elements import auto_refresh
from dashboard.shared.widgets import plain

_POLL_SECONDS: Final = 4.0
_DRAWN: Final = "runs_as_drawn"


def note_drawn(items: Sequence[Overview]) -> None:
    """Remember the runs that a page shows, as it shows them."""
    st.session_state[_DRAWN] = tuple(items)


def watch_ended() -> None:
    """Draw the page anew once an ended run that it shows is another than was drawn.

    It is a fragment that shows nothing itself, beside all others: its renewals touch nothing that can be seen, no
    field that somebody writes in, and no dialog.
    """
    st.fragment(_watch)()


def _watch() -> None:
    drawn: tuple[Overview, ...] = st.session_state.get(_DRAWN, ())
    if not drawn:
        return
    # While one lives, they are watched where they are drawn.
    if not any(item.state in ALIVE for item in drawn) and any(map(_changed, drawn)):
        st.rerun()
    auto_refresh("ended_run_refresh", _POLL_SECONDS)


def _changed(drawn: Overview) -> bool:
    now = overview(drawn.run)
    return (now.state, now.status) != (drawn.state, drawn.status)


def progress_bar(item: Overview) -> None:
    """How far a run is that has not ended."""
    if item.status is not None and item.state != "finished":
        st.progress(item.status.progress, text=_words(item))


def progress_view(item: Overview) -> None:
    """Draw the progress of a run that can be read."""
    if item.status is None:
        return
    progress_bar(item)
    epochs = run_data.history(item.run)[0].epochs
    with st.container(horizontal=True, gap="medium", key="figures_of_merit"):
        _figures(item, epochs[-1] if epochs else None)


def _words(item: Overview) -> str:
    status = item.status
    assert status is not None
    words = [f"Epoch {status.epoch:,} of {status.epochs:,}"]
    if item.state == "queued":
        words.append(f"waiting for {' and '.join(map(plain, item.ahead))}")
    if item.state == "starting":
        words.append("starting: loading the data and compiling the network")
    if item.state == "running":
        words += [time_left(status.remaining_seconds), f"{status.images_per_second:,.0f} {_things(item)}/s"]
    return "  ·  ".join(filter(None, words))


def _things(item: Overview) -> str:
    """What a run learns from."""
    return "points" if item.config is not None and item.config.learns_points else "images"


def _figures(item: Overview, newest: EpochRecord | None) -> None:
    status = item.status
    assert status is not None
    st.metric("Epochs", f"{status.epoch:,}", help="Completed passes through all training images.", width="content")
    if newest:
        losses, after = newest.test, f" after epoch {newest.epoch:,}"
        st.metric(
            "Negative ELBO",
            f"{losses.loss:.1f}",
            help=f"Reconstruction + KL on the test set{after}, in nats per image (1.44 bits). Lower is better.",
            width="content",
        )
        st.metric(
            "Reconstruction",
            f"{losses.reconstruction:.1f}",
            help=f"Binary cross-entropy summed over pixels, on the test set{after}, in nats per image.",
            width="content",
        )
        st.metric(
            "KL",
            f"{losses.kl:.1f}",
            help=f"KL divergence between posterior and prior on the test set{after}, in nats per image.",
            width="content",
        )
    st.metric(
        "Time", duration(status.seconds), help="Spent training; loading and pauses are left out.", width="content"
    )
