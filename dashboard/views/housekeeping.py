"""Dialogs that keep the runs tidy: a name and a note, thinning out, deletion after a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from cvae_core.runs.about import NAME_LIMIT, NOTE_LIMIT
from cvae_core.runs.directory import Run
from cvae_core.runs.disk import size_words
from cvae_core.runs.overview import Overview
from cvae_core.runs.snapshots import snapshot_epochs
from dashboard import actions
from dashboard.controls import attempt, errors_shown, plain

FEWEST: Final = 2
_USUAL: Final = 20
_NAME: Final = "name_of_run"
_NOTE: Final = "note_of_run"
_KEEP: Final = "snapshots_to_keep"


@st.dialog("Name and note")
def edit_about(item: Overview) -> None:
    """Ask what a run is called and what there is to say of it."""
    run = item.run
    st.text_input(
        "Name",
        item.about.name,
        key=_NAME,
        max_chars=NAME_LIMIT,
        placeholder=run.id,
        help=f"Shown instead of {run.id}, which stays its folder and its place in addresses. Empty: none.",
    )
    st.text_area(
        "Note",
        item.about.note,
        key=_NOTE,
        max_chars=NOTE_LIMIT,
        placeholder="What it is for, what was tried, what came of it.",
        help="Whatever is worth remembering of this run.",
    )
    _answers("Save", "check", "Keep the name and the note.", lambda: _describe(run), "Cancel")


def _describe(run: Run) -> None:
    """With what stands in the fields at the moment of the press, which need not have been drawn since."""
    actions.describe(run, st.session_state[_NAME], st.session_state[_NOTE])


@st.dialog("Thin out the snapshots?")
def thin_out(item: Overview) -> None:
    """Ask how many snapshots to keep, and say what that frees."""
    run = item.run
    epochs = snapshot_epochs(run.snapshots_folder)
    if len(epochs) <= FEWEST:
        st.markdown("There is no snapshot left to drop: the first and the last stay.")
        return
    keep = _how_many(len(epochs) - 1)
    with errors_shown():
        found = actions.what_thinning_drops(run, keep)
        st.markdown(
            f"Of {len(epochs)} snapshots {len(found.kept)} stay; the other {len(found.dropped)} are deleted, which "
            f"frees **{size_words(found.freed_bytes)}**. This cannot be undone. The run can be resumed as before."
        )
    _answers(
        "Thin out",
        "filter_list",
        "Delete the others now.",
        lambda: _thin_out(run),
        "Keep them all",
    )


def _thin_out(run: Run) -> None:
    actions.thin_out(run, st.session_state.get(_KEEP, FEWEST))


def _how_many(most: int) -> int:
    if most == FEWEST:
        return FEWEST
    return st.slider(
        "Snapshots to keep",
        FEWEST,
        most,
        min(_USUAL, max(FEWEST, most // 2)),
        key=_KEEP,
        help="The first and the last stay; the others are spread over those that there are.",
    )


@st.dialog("Delete this?")
def confirm_deletion(title: str, runs: Sequence[Run], after: Callable[[], None]) -> None:
    """Ask whether to delete runs; ``after`` is called once they are."""

    def delete() -> None:
        actions.delete(*runs)
        after()

    st.markdown(
        f"**{plain(title)}** and all its snapshots will be deleted. You can undo that until you leave this page."
    )
    _answers("Delete", "delete", "Delete it now.", delete, "Keep it")


def _answers(label: str, icon: str, explanation: str, act: Callable[[], None], otherwise: str) -> None:
    """The two buttons of a question; either closes it."""
    with st.container(horizontal=True):
        done = st.button(
            label,
            type="primary",
            icon=f":material/{icon}:",
            key=f"answer_{label}",
            help=explanation,
            on_click=attempt,
            args=(act,),
        )
        left = st.button(otherwise, key=f"answer_not_{label}", help="Leave everything as it is.")
    if done or left:
        st.rerun()
