"""What the pages keep in the session: the selected run, choices of widgets, and messages; and text as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import streamlit as st

from cvae_core.errors import CvaeError
from dashboard.url_state.session import news, write_texts


def without_links(text: str) -> str:
    r"""Escape links, images and colours in Markdown text that may quote a file or an address.

    All of them need an opening bracket, so "[" and "\\" are escaped. Emphasis and code stay, as our own texts use them.
    """
    return text.replace("\\", "\\\\").replace("[", "\\[")


_RUN: Final = "run"
_MESSAGE: Final = "message"
_PROBLEMS: Final = "problems_of_address"
_PAGE: Final = "page"
_SHOWN_RUN: Final = "shown_run"
_SHOWN: Final = "shown_choices"
RUN_PICKER: Final = "run_picker"
SNAPSHOT_RUN_PICKER: Final = "snapshot_run_picker"
PRESET: Final = "preset"
RUN_NAME: Final = "run_name"
FORCE: Final = "force_training"
DATASET: Final = "dataset"
SETTING_PREFIX: Final = "setting_"


def selected_run() -> str | None:
    """The run in the address, or else the last one; the address then names it."""
    name = news(_RUN) or st.session_state.get(_RUN)
    if name is not None:
        select_run(name)
    return name


def select_run(name: str | None) -> None:
    """Select a run, or none."""
    st.session_state[_RUN] = name
    write_texts({_RUN: name})


class _Choice(NamedTuple):
    """The value that a widget shows, the version of its key, and the texts of its options."""

    value: object
    version: int = 0
    texts: Mapping[Any, str] = {}


def key_of_choice(name: str, value: object, texts: Mapping[Any, str] | None = None) -> str:
    """The key of a widget whose default is the value that holds.

    A value that was chosen elsewhere gets a new key, so a new widget: the browser may be sending the old widget's value
    at this moment, which would count as a choice. A value chosen with the widget itself keeps the key, and is never
    written back, as the visitor may have moved on.

    The browser identifies an option by its text, so a value whose text has changed gets a new key, too.

    Args:
        name: Of the choice.
        value: The value that holds.
        texts: Option -> displayed text, if the widget has options.
    """
    now = {} if texts is None else texts
    before = _choices().get(name, _Choice(value, texts=now))
    is_new = value != before.value or now.get(value) != before.texts.get(value)
    _choices()[name] = _Choice(value, before.version + is_new, now)
    return _versioned(name, before.version + is_new)


def chosen_value(name: str) -> Any:
    """The value chosen with the widget of ``key_of_choice``.

    If the option no longer exists, the value before is returned. The same holds for a widget that Streamlit has already
    removed because a late request of the last page is served after the page changed; the choice then gets a new key,
    as the browser still reports the old widget's value.
    """
    before = _choices()[name]
    key = _versioned(name, before.version)
    if key not in st.session_state:
        _choices()[name] = before._replace(version=before.version + 1)
        return before.value
    value = st.session_state[key]
    if before.texts and value is not None and value not in before.texts:
        return before.value
    _choices()[name] = before._replace(value=value)
    return value


def _choices() -> dict[str, _Choice]:
    found: dict[str, _Choice] = st.session_state.setdefault(_SHOWN, {})
    return found


def _versioned(name: str, version: int) -> str:
    return f"choice_{name}_{version}" if version else f"choice_{name}"


def keep_message(error: CvaeError | None) -> None:
    """Keep an error of a callback for the next drawing of the page."""
    st.session_state[_MESSAGE] = None if error is None else error.on_page


def take_message() -> str | None:
    """The kept message, once."""
    message: str | None = st.session_state.pop(_MESSAGE, None)
    return message


def keep_problems(new: list[str]) -> list[str]:
    """Add problems of the address; returns all of them as Markdown until ``forget_problems`` is called."""
    kept: list[str] = st.session_state.setdefault(_PROBLEMS, [])
    kept += [problem for problem in new if problem not in kept]
    return [without_links(problem) for problem in kept]


def forget_problems() -> None:
    """Drop the problems of the address, as something was chosen or another page is shown."""
    st.session_state.pop(_PROBLEMS, None)


def enter_page(name: str) -> None:
    """Note the current page; problems of another page's address are dropped."""
    if st.session_state.get(_PAGE) != name:
        forget_problems()
    st.session_state[_PAGE] = name


def is_another_run(name: str) -> bool:
    """Whether the pages over snapshots showed another run, or none, before."""
    before = st.session_state.get(_SHOWN_RUN)
    st.session_state[_SHOWN_RUN] = name
    return bool(before != name)
