"""Dialogs to name, describe, thin out and delete runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import NAME_LIMIT, NOTE_LIMIT, RESUMABLE
from cvae_core.runs.summary import Overview, size_words
from dashboard.shared import actions
from dashboard.shared.widgets import attempt, plain, show_errors

FEWEST: Final = 2
_USUAL: Final = 20
_ABOUT: Final = "about_"
_NAME: Final = "name_of_"
_NOTE: Final = "note_of_"
_KEEP: Final = "snapshots_to_keep"


def edit_about(item: Overview) -> None:
    """A popover with the name and the note of a run.

    It is no dialog, because the refreshes of a training run would close that.
    """
    with st.popover(
        "Name and note",
        icon=":material/edit:",
        help="Name and describe this run.",
        key=f"{_ABOUT}{item.run.id}",
        on_change="rerun",
    ):
        _about_fields(item)


def _about_fields(item: Overview) -> None:
    run, about = item.run, item.about
    # The keys contain the saved texts, so that changes of another session appear here.
    name_key, note_key = f"{_NAME}{run.id}/{about.name}", f"{_NOTE}{run.id}/{about.note}"
    st.text_input(
        "Name",
        about.name,
        key=name_key,
        max_chars=NAME_LIMIT,
        placeholder=run.id,
        help=f"Display name. The folder {run.id} and links stay the same. Leave empty for none.",
    )
    st.text_area(
        "Note",
        about.note,
        key=note_key,
        max_chars=NOTE_LIMIT,
        placeholder="Purpose, settings tried, results.",
        help="Notes about this run.",
    )
    if st.button(
        "Save",
        type="primary",
        icon=":material/check:",
        key=f"save_{run.id}",
        help="Save the name and the note.",
        on_click=_save,
        args=(run, name_key, note_key),
    ):
        st.rerun()  # the list of runs, outside this fragment, names the run as well


def _save(run: Run, name_key: str, note_key: str) -> None:
    """Save what the fields hold when the button is pressed."""
    attempt(actions.describe, run, st.session_state[name_key], st.session_state[note_key])
    st.session_state[_ABOUT + run.id] = False


@st.dialog("Thin out the snapshots?")
def thin_out(item: Overview) -> None:
    """Ask how many snapshots to keep, and show how much disk space that frees."""
    run = item.run
    epochs = snapshot_epochs(run.snapshots_folder)
    if len(epochs) <= FEWEST:
        st.markdown("No snapshot can be deleted: the first and the last are always kept.")
        return
    keep = _how_many(len(epochs) - 1)
    with show_errors():
        found = actions.pruning_plan(run, keep)
        st.markdown(
            f"{len(found.kept)} of {len(epochs)} snapshots are kept. The other {len(found.dropped)} are deleted, which "
            f"frees **{size_words(found.freed_bytes)}**. This cannot be undone."
            + (" The run can be resumed as before." if item.state in RESUMABLE else "")
        )
    _answers(
        "Thin out",
        "filter_list",
        "Delete the others now.",
        lambda: _thin_out(run),
        "Keep them all",
    )


def _thin_out(run: Run) -> None:
    actions.prune(run, st.session_state.get(_KEEP, FEWEST))


def _how_many(most: int) -> int:
    if most == FEWEST:
        return FEWEST
    return st.slider(
        "Snapshots to keep",
        FEWEST,
        most,
        min(_USUAL, max(FEWEST, most // 2)),
        key=_KEEP,
        help="The first and the last are kept, the rest evenly spaced.",
    )


def confirm_deletion(title: str, run: Run, after: Callable[[], None]) -> None:
    """Ask whether to delete a run; ``after`` is called once it is."""
    words = f"**{plain(title)}** and all its snapshots will be deleted."
    st.dialog("Delete this run?")(_ask_to_delete)(words, [run], after, ("Delete it now.", "Keep it"))


def confirm_deletion_of_both(runs: Sequence[Run], after: Callable[[], None]) -> None:
    """Ask whether to delete a pair of runs; ``after`` is called once they are."""
    words = "Both runs and all their snapshots will be deleted."
    st.dialog("Delete both runs?")(_ask_to_delete)(words, runs, after, ("Delete both now.", "Keep both"))


def _ask_to_delete(words: str, runs: Sequence[Run], after: Callable[[], None], answers: tuple[str, str]) -> None:
    def delete() -> None:
        actions.delete(*runs)
        after()

    st.markdown(f"{words} You can undo this until you leave the page.")
    explanation, otherwise = answers
    _answers("Delete", "delete", explanation, delete, otherwise)


def _answers(label: str, icon: str, explanation: str, act: Callable[[], None], otherwise: str) -> None:
    """The two buttons of a dialog; both close it."""
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
        left = st.button(otherwise, key=f"answer_not_{label}", help="Cancel without changes.")
    if done or left:
        st.rerun()
