"""Widgets and signs that pages share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple

import streamlit as st

from cvae_core.errors import CvaeError
from cvae_core.runs.overview import Overview
from cvae_core.runs.status import State
from dashboard import state

Colour = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]
NEW_RUN: Final = ""


class Sign(NamedTuple):
    """How a state looks."""

    word: str
    icon: str
    colour: Colour
    meaning: str


SIGNS: Final[dict[State, Sign]] = {
    "queued": Sign("Queued", ":material/hourglass_empty:", "blue", "Waits for its turn and starts by itself."),
    "running": Sign("Running", ":material/play_circle:", "green", "Learning now."),
    "paused": Sign("Paused", ":material/pause_circle:", "orange", "Waits until you let it go on."),
    "finished": Sign("Finished", ":material/check_circle:", "gray", "Trained to its end."),
    "stopped": Sign("Stopped", ":material/stop_circle:", "gray", "Stopped on request; it can be resumed."),
    "failed": Sign("Failed", ":material/error:", "red", "Ended with an error; it says which."),
    "interrupted": Sign("Interrupted", ":material/power_off:", "orange", "Its worker is gone; it can be resumed."),
    "broken": Sign("Broken", ":material/broken_image:", "red", "A file of it cannot be read."),
}


@contextmanager
def errors_shown() -> Iterator[None]:
    """Show an expected failure as one message in its place on the page."""
    try:
        yield
    except CvaeError as error:
        st.error(str(error), icon=":material/error:")


def state_badge(of: State) -> None:
    """A run's state, as a coloured word."""
    sign = SIGNS[of]
    st.badge(sign.word, icon=sign.icon, color=sign.colour, help=sign.meaning)


def run_picker(found: Sequence[Overview], selected: str | None) -> None:
    """Choose a run, or none in order to start a new one; the choice goes into the address.

    Args:
        found: The runs that there are.
        selected: The name of the chosen one; ``None`` for a new run.
    """
    words = {item.run.id: f"{item.run.id}  ·  {_word(item.state)}" for item in found}
    options = [NEW_RUN, *words]
    st.session_state[state.RUN_PICKER] = selected if selected in words else NEW_RUN
    with st.container(horizontal=True, vertical_alignment="bottom", key="run_choice"):
        st.selectbox(
            "Run",
            options,
            key=state.RUN_PICKER,
            format_func=lambda name: words.get(name, "New run"),
            on_change=_pick,
            help="Look at a run, finished or under way, or choose “New run” to set one up.",
        )
        st.button(
            "New run",
            icon=":material/add:",
            disabled=selected is None,
            on_click=state.select_run,
            args=(None,),
            help="Set up another training; this run stays as it is.",
        )


def snapshot_run_picker(found: Sequence[Overview], selected: str) -> None:
    """Choose among runs that have snapshots; the choice goes into the address.

    Args:
        found: The runs that there are.
        selected: The name of the chosen one, which may have gone.
    """
    words = {item.run.id: f"{item.run.id}  ·  {_word(item.state)}" for item in found}
    st.session_state[state.SNAPSHOT_RUN_PICKER] = selected if selected in words else None
    st.selectbox(
        "Run",
        list(words),
        key=state.SNAPSHOT_RUN_PICKER,
        format_func=lambda name: words.get(name, name),
        on_change=lambda: state.select_run(st.session_state[state.SNAPSHOT_RUN_PICKER]),
        placeholder="Choose a run",
        width=336,  # the name that a run is given by default, and its state
        help="Whose snapshots to look at. A run that still trains can be looked at, too.",
    )


def _word(of: State) -> str:
    """A state in the list of runs, which is not renewed while a run goes from waiting to training."""
    return "under way" if of in ("queued", "running") else SIGNS[of].word.lower()


def _pick() -> None:
    state.select_run(st.session_state[state.RUN_PICKER] or None)


def duration(seconds: float | None) -> str:
    """A time span in words that fit beside a progress bar; a dash if unknown."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"
