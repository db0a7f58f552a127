"""Long work that a page asked for, in a process of its own: how far it is, and a way to stop it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cvae_core.errands import Errand
from dashboard.components.pulse import pulse
from dashboard.controls import duration

_POLL_SECONDS: Final = 0.4


def errand_progress(errand: Errand, words: str, key: str) -> None:
    """Show how far some work is, and renew the surrounding fragment until it has ended.

    Args:
        errand: Under way.
        words: What it does, as the beginning of a sentence.
        key: Identifies the work on the page.
    """
    share = errand.done / errand.total if errand.total else 0.0
    left = errand.seconds_left
    eta = "" if left is None else f", about {duration(max(1.0, left))} left"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, text=f"{words}: {share:.0%}{eta}.")
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"stop_{key}",
            on_click=errand.stop,
            help="Ends the work; what was done so far is lost.",
        )
    pulse(f"pulse_{key}", _POLL_SECONDS)
