"""An ended run may begin to live again: another server, or the command line, resumes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import Overview, overview
from dashboard.components.pulse import pulse

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
    pulse("ended_run_pulse", _POLL_SECONDS)


def _changed(drawn: Overview) -> bool:
    now = overview(drawn.run)
    return (now.state, now.status) != (drawn.state, drawn.status)
