"""The head of a run: its name and state, what went wrong if anything did, and what can be done with it now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import streamlit as st

from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import ALIVE, RESUMABLE
from cvae_core.runs.summary import Overview
from dashboard import actions, state
from dashboard.controls import STATE_WIDTH, attempt, kept_message, plain, state_badge
from dashboard.markdown import without_links
from dashboard.views import housekeeping

# It keeps its width as its word changes, lest a button move away under the pointer that presses it.
_PAUSE_WIDTH: Final = 116
_ENDED_WITHOUT_A_WORD: Final = (
    "Training stopped without a reason. It may have been killed or run out of memory, or the machine was switched off; "
    "`worker.log` in its folder may say more."
)


def run_header(item: Overview) -> None:
    """Draw the name, the state and the buttons, and what the last press of one failed with."""
    if item.about.name:
        st.subheader(plain(item.about.name))
    with st.container(horizontal=True, vertical_alignment="center", key="run_header"):
        with st.container(width=STATE_WIDTH):
            state_badge(item.state)
        if not actions.is_read_only():
            _buttons(item)
    if item.about.note:
        st.caption("  \n".join(map(plain, item.about.note.splitlines())))
    if item.about_problem:
        st.warning(without_links(item.about_problem), icon=":material/edit_off:")
    if item.damage:
        st.warning(without_links(item.damage), icon=":material/broken_image:")
    kept_message()
    _explanation(item)


def _explanation(item: Overview) -> None:
    """Why the run is in its state, where that needs saying."""
    if item.state in ("failed", "broken"):
        st.error(without_links(f"{item.problem} {item.advice}"), icon=":material/error:")
    elif item.state == "interrupted":
        why = without_links(f"{item.problem} {item.advice}") if item.problem else _ENDED_WITHOUT_A_WORD
        st.warning(
            f"{why} What was saved is kept"
            + ("." if actions.is_read_only() else "; **Resume** goes on from the newest checkpoint."),
            icon=":material/power_off:",
        )
    elif item.state == "queued":
        others = " and ".join(f"**{plain(title)}**" for title in item.ahead)
        st.info(
            f"Waiting for {others}. This run starts by itself when its turn comes.", icon=":material/hourglass_empty:"
        )


def _buttons(item: Overview) -> None:
    run = item.run
    # One button: two of them would stand beside each other for a moment, and push Stop away.
    if item.state in ("running", "starting", "queued"):
        words = "Wait until you let it go on; another run may train meanwhile."
        _button("Pause", "pause", words, actions.pause, f"pause_{run.id}", run, _PAUSE_WIDTH)
    if item.state == "paused":
        words = "Go on with the training."
        _button("Continue", "play_arrow", words, actions.unpause, f"pause_{run.id}", run, _PAUSE_WIDTH)
    if item.state in ALIVE:
        words = "End after the step under way and keep what was learnt. It can be resumed."
        _button("Stop", "stop", words, actions.stop, f"stop_{run.id}", run)
    if item.state in RESUMABLE:
        _button("Resume", "resume", "Go on from where it was.", actions.resume, f"resume_{run.id}", run)
    housekeeping.edit_about(item)
    if item.state not in ALIVE:
        _tidying(item)


def _tidying(item: Overview) -> None:
    """What can be done with a run that no worker is busy with."""
    if len(snapshot_epochs(item.run.snapshots_folder)) > housekeeping.FEWEST and st.button(
        "Thin out", icon=":material/filter_list:", help="Keep fewer of its snapshots, so that it takes less room."
    ):
        housekeeping.thin_out(item)
    if st.button("Delete", icon=":material/delete:", help="Delete this run and all its snapshots, after a question."):
        housekeeping.confirm_deletion(item.title, item.run, lambda: state.select_run(None))


def _button(
    label: str,
    icon: str,
    explanation: str,
    act: Callable[..., None],
    key: str,
    run: Run,
    width: int | Literal["content"] = "content",
) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        help=explanation,
        key=key,
        on_click=attempt,
        args=(act, run),
        width=width,
    )
