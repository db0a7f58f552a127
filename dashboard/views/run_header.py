"""The head of a run: its name and state, what went wrong if anything did, and what can be done with it now."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cvae_core import jobs
from cvae_core.errors import CvaeError
from cvae_core.runs.directory import Run, delete_run
from cvae_core.runs.overview import Overview
from cvae_core.runs.status import ALIVE, RESUMABLE
from dashboard import services, state
from dashboard.controls import state_badge


def run_header(item: Overview) -> None:
    """Draw the state and the buttons, and what the last press of one failed with."""
    with st.container(horizontal=True, vertical_alignment="center", key="run_header"):
        state_badge(item.state)
        _buttons(item)
    message = state.take_message()
    if message:
        st.error(message, icon=":material/error:")
    _explanation(item)


def _explanation(item: Overview) -> None:
    """Why the run is in its state, where that needs saying."""
    if item.state in ("failed", "broken"):
        st.error(f"{item.problem} {item.advice}", icon=":material/error:")
    elif item.state == "interrupted":
        st.warning(
            "The process that trained this run is gone: it was killed, or the machine was switched off. "
            "Nothing that was kept is lost; **Resume** goes on from the newest checkpoint.",
            icon=":material/power_off:",
        )
    elif item.state == "queued":
        st.info(
            "Another run is being trained. This one starts by itself when its turn comes.",
            icon=":material/hourglass_empty:",
        )


def _buttons(item: Overview) -> None:
    run = item.run
    if item.state in ("running", "queued"):
        _button("Pause", "pause", "Wait until you let it go on; another run may train meanwhile.", jobs.pause, run)
    if item.state == "paused":
        _button("Continue", "play_arrow", "Go on with the training.", jobs.unpause, run)
    if item.state in ALIVE:
        _button("Stop", "stop", "End within a second and keep what was learnt. It can be resumed.", jobs.stop, run)
    if item.state in RESUMABLE:
        _button("Resume", "resume", "Go on from where it was.", services.launcher().resume, run)
    if item.state not in ALIVE and st.button(
        "Delete", icon=":material/delete:", help="Delete this run and all its snapshots, after a question."
    ):
        _confirm_deletion(run)


def _button(label: str, icon: str, explanation: str, act: Callable[[Run], None], run: Run) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        help=explanation,
        key=f"{label}_{run.id}",
        on_click=_attempt,
        args=(act, run),
    )


def _attempt(act: Callable[[Run], None], run: Run) -> None:
    try:
        act(run)
    except CvaeError as error:
        state.keep_message(error)


@st.dialog("Delete this run?")
def _confirm_deletion(run: Run) -> None:
    st.markdown(f"**{run.id}** and all its snapshots will be deleted. This cannot be undone.")
    with st.container(horizontal=True):
        deleted = st.button(
            "Delete for good",
            type="primary",
            icon=":material/delete:",
            help="Delete it now.",
            on_click=_delete,
            args=(run,),
        )
        kept = st.button("Keep it", help="Leave everything as it is.")
    if deleted or kept:
        st.rerun()


def _delete(run: Run) -> None:
    _attempt(delete_run, run)
    if not run.path.exists():
        state.select_run(None)
