"""Widgets and signs of several pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple

import streamlit as st

from cvae_core.errors import CvaeError
from cvae_core.runs.status import State
from cvae_core.runs.summary import Overview
from dashboard.shared import actions, session_state
from dashboard.shared.session_state import without_links

Colour = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]
NEW_RUN: Final = ""
# Pages over snapshots and their icons.
EPOCH_PAGES: Final = {
    "latent": ":material/scatter_plot:",
    "manifold": ":material/grid_view:",
    "samples": ":material/casino:",
    "style": ":material/brush:",
}
# Fixed, so that nothing beside a state moves when the state changes.
STATE_WIDTH: Final = 104
_MARKS: Final = re.compile(r"[!-/:-@\[-`{-~]")  # ASCII punctuation, all of which a backslash makes plain
# Places in addresses where an invisible word joiner keeps the browser's Markdown from making a link of them.
_LINK_STARTS: Final = re.compile(r"(?<=http:)(?=//)|(?<=https:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)


class Sign(NamedTuple):
    """How a state looks."""

    word: str
    icon: str
    colour: Colour
    meaning: str


SIGNS: Final[dict[State, Sign]] = {
    "queued": Sign("Queued", ":material/hourglass_empty:", "blue", "Waits for other runs, then starts automatically."),
    "starting": Sign("Starting", ":material/hourglass_empty:", "green", "Loads the data and compiles the network."),
    "running": Sign("Running", ":material/play_circle:", "green", "Training now."),
    "paused": Sign("Paused", ":material/pause_circle:", "orange", "Paused until you continue it."),
    "finished": Sign("Finished", ":material/check_circle:", "gray", "All epochs are trained."),
    "stopped": Sign("Stopped", ":material/stop_circle:", "gray", "Stopped on request. You can resume it."),
    "failed": Sign("Failed", ":material/error:", "red", "Ended with an error, which is shown."),
    "interrupted": Sign(
        "Interrupted", ":material/power_off:", "orange", "The training process is gone. You can resume the run."
    ),
    "broken": Sign("Broken", ":material/broken_image:", "red", "A file of the run cannot be read."),
}


@contextmanager
def show_errors() -> Iterator[None]:
    """Show a ``CvaeError`` as one message."""
    try:
        yield
    except CvaeError as error:
        st.error(without_links(error.on_page), icon=":material/error:")


def page_title(title: str) -> None:
    """The title of a page, with a badge on a read-only server."""
    if not actions.is_read_only():
        st.title(title)
        return
    with st.container(horizontal=True, vertical_alignment="center", key="page_title"):
        st.title(title, width="content")
        st.badge(
            "Read-only",
            icon=":material/visibility:",
            color="gray",
            help="You can view everything, but not train, rename or delete.",
        )


def plain(text: str) -> str:
    """Escape all Markdown in text that visitors wrote. Web and mail addresses in it do not become links."""
    return _MARKS.sub(r"\\\g<0>", _LINK_STARTS.sub("\u2060", " ".join(text.split())))


def deleted_notices() -> None:
    """A notice for each deletion on this page, with a button to undo it."""
    for deletion in actions.deletions():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/delete: Deleted **{plain(deletion.title)}**.", width="content")
            st.button(
                "Undo",
                icon=":material/undo:",
                key=f"undo_{deletion.runs[0].path.name}",
                on_click=_undo,
                args=(deletion,),
                help="Restore. Leaving the page deletes it permanently.",
            )


def _undo(deletion: actions.Deletion) -> None:
    attempt(actions.undo, deletion)
    (first, *others) = (deleted.run for deleted in deletion.runs)
    if not others and first.path.exists():
        session_state.select_run(first.id)


def show_message() -> str | None:
    """Show the error of the last click on a button, once; returns it."""
    message = session_state.take_message()
    if message:
        st.error(without_links(message), icon=":material/error:")
    return message


def show_limits() -> None:
    """Show the limits of this server for one training, if there are any."""
    limits = actions.limits()
    sizes = [
        f"{most:,} {what}"
        for most, what in (
            (limits.max_epochs, "epochs"),
            (limits.max_images, "training images or points"),
            (limits.max_parameters, "parameters"),
            (limits.max_storage, "MB of disk"),
        )
        if most is not None
    ]
    *first, last = sizes or [""]
    size = f" Limits for one training: {', '.join(first)}{' and ' if first else ''}{last}." if sizes else ""
    room = f" Up to {limits.max_queued:,} may be queued." if limits.max_queued is not None else ""
    if size or room:
        st.caption(f":material/groups: This server is shared.{size}{room}")


def attempt(act: Callable[..., object], *arguments: object) -> None:
    """Call a function; a ``CvaeError`` is kept for the next drawing of the page."""
    try:
        act(*arguments)
    except CvaeError as error:
        session_state.keep_message(error)


def state_badge(of: State) -> None:
    """A run's state as a coloured badge."""
    sign = SIGNS[of]
    st.badge(sign.word, icon=sign.icon, color=sign.colour, help=sign.meaning)


def run_picker(found: Sequence[Overview], selected: str | None) -> None:
    """Choose a run, or a new one; the choice is written to the address.

    Args:
        found: All runs.
        selected: The name of the chosen run; ``None`` for a new one.
    """
    may_start = not actions.is_read_only()
    texts = ({NEW_RUN: "New run"} if may_start else {}) | {item.run.id: _option(item) for item in found}
    shown = selected if selected in texts else (NEW_RUN if may_start else None)
    with st.container(horizontal=True, vertical_alignment="bottom", key="run_choice"):
        st.selectbox(
            "Run",
            list(texts),
            None if shown is None else list(texts).index(shown),
            key=session_state.key_of_choice(session_state.RUN_PICKER, shown, texts),
            format_func=lambda name: texts.get(name, name),
            on_change=_pick,
            placeholder="Choose a run",
            help="Choose a run to view" + (", or choose “New run” to set one up." if may_start else "."),
        )
        if may_start:
            st.button(
                "New run",
                icon=":material/add:",
                disabled=selected is None,
                on_click=session_state.select_run,
                args=(None,),
                help="Set up another training. This run stays as it is.",
            )


def snapshot_run_picker(found: Sequence[Overview], selected: str) -> None:
    """Choose among runs that have snapshots; the choice is written to the address.

    Args:
        found: The runs.
        selected: The name of the chosen run, which may be gone.
    """
    texts = {item.run.id: _option(item) for item in found}
    shown = selected if selected in texts else None
    st.selectbox(
        "Run",
        list(texts),
        None if shown is None else list(texts).index(shown),
        key=session_state.key_of_choice(session_state.SNAPSHOT_RUN_PICKER, shown, texts),
        format_func=lambda name: texts.get(name, name),
        on_change=lambda: session_state.select_run(session_state.chosen_value(session_state.SNAPSHOT_RUN_PICKER)),
        placeholder="Choose a run",
        width=336,  # the name that a run is given by default, and its state
        help="The run to show. It may still be training.",
    )


def _option(item: Overview) -> str:
    """A run in a list to choose from."""
    named = f"{item.about.name}  ·  " if item.about.name else ""
    return f"{named}{item.run.id}  ·  {_word(item.state)}"


def _word(of: State) -> str:
    """A state in the list of runs, which is not refreshed when a queued run starts."""
    return "under way" if of in ("queued", "starting", "running") else SIGNS[of].word.lower()


def _pick() -> None:
    session_state.select_run(session_state.chosen_value(session_state.RUN_PICKER) or None)
