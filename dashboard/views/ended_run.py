"""An ended run may begin to live again: another server, or the command line, resumes it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cvae_core.runs.overview import Overview, overview
from cvae_core.runs.status import ALIVE
from dashboard.components.pulse import pulse

_POLL_SECONDS: Final = 4.0
_DRAWN: Final = "run_as_drawn"


def note_drawn(item: Overview | None) -> None:
    """Remember the run that a page shows, as it shows it."""
    st.session_state[_DRAWN] = item


def watch_ended() -> None:
    """Draw the page anew once the ended run that it shows is another than was drawn.

    It is a fragment that shows nothing itself, beside all others: its renewals touch nothing that can be seen, no
    field that somebody writes in, and no dialog.
    """
    st.fragment(_watch)()


def _watch() -> None:
    drawn: Overview | None = st.session_state.get(_DRAWN)
    if drawn is None:
        return
    # One that lives is watched where it is drawn.
    if drawn.state not in ALIVE and _changed(drawn):
        st.rerun()
    pulse("ended_run_pulse", _POLL_SECONDS)


def _changed(drawn: Overview) -> bool:
    now = overview(drawn.run)
    return (now.state, now.status) != (drawn.state, drawn.status)
