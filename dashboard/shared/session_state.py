"""Sentences of ours that may quote a file or an address, ready for a place where Streamlit reads Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import streamlit as st

from cvae_core.errors import CvaeError
from dashboard.url_state.session import news, write_texts


def without_links(text: str) -> str:
    r"""The text with nothing in it taken for a link, a picture that the browser would fetch, or a colour.

    Each of these needs an opening bracket, so that and the backslash, which would take away the meaning of another
    one, are escaped; emphasis and code stay, for our own words use them.
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
    """The run in the address, else the one looked at last; the address then names it again."""
    name = news(_RUN) or st.session_state.get(_RUN)
    if name is not None:
        select_run(name)
    return name


def select_run(name: str | None) -> None:
    """Look at another run, or at none."""
    st.session_state[_RUN] = name
    write_texts({_RUN: name})


class _Choice(NamedTuple):
    """What a widget shows, the version of its key, and the texts of its options as they were last drawn."""

    value: object
    version: int = 0
    texts: Mapping[Any, str] = {}


def key_of_choice(name: str, value: object, texts: Mapping[Any, str] | None = None) -> str:
    """The key of the widget that shows a value; the widget is given the value as its default.

    A value that was chosen elsewhere gets a widget of its own: the browser may just be sending what the last one
    held, which would count as a choice. What was chosen with the widget is never written back to it: the person may
    have gone on by the time of the answer.

    The browser names an option by its text. A value whose text has changed gets a widget of its own, too: the last
    one would go on sending the old text, which is no option any more.

    Args:
        name: Of the choice.
        value: What the widget shows.
        texts: Option -> what people read, if the widget has options.
    """
    now = {} if texts is None else texts
    before = _choices().get(name, _Choice(value, texts=now))
    is_new = value != before.value or now.get(value) != before.texts.get(value)
    _choices()[name] = _Choice(value, before.version + is_new, now)
    return _versioned(name, before.version + is_new)


def chosen_value(name: str) -> Any:
    """What was chosen with the widget of ``key_of_choice``; it goes on to show that.

    An option that is not there any more is no choice: what the widget showed holds. The same is true of a widget that
    Streamlit has already removed, as it does when a late request of the last page is served after the page changed.
    The browser still reports its value, so the choice gets a new widget, which shows what holds.
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
    """Keep an error of a callback for the page that is drawn after it."""
    st.session_state[_MESSAGE] = None if error is None else error.on_page


def take_message() -> str | None:
    """The message that was kept, once."""
    message: str | None = st.session_state.pop(_MESSAGE, None)
    return message


def keep_problems(new: list[str]) -> list[str]:
    """Add to what is wrong with the address; gives all of it as Markdown. ``forget_problems`` ends that."""
    kept: list[str] = st.session_state.setdefault(_PROBLEMS, [])
    kept += [problem for problem in new if problem not in kept]
    return [without_links(problem) for problem in kept]


def forget_problems() -> None:
    """Something was chosen, or another page is shown: what was wrong with the address is past."""
    st.session_state.pop(_PROBLEMS, None)


def enter_page(name: str) -> None:
    """Note which page is shown; what was wrong with the address of another is past."""
    if st.session_state.get(_PAGE) != name:
        forget_problems()
    st.session_state[_PAGE] = name


def is_another_run(name: str) -> bool:
    """Whether the pages over snapshots showed another run, or none, until now."""
    before = st.session_state.get(_SHOWN_RUN)
    st.session_state[_SHOWN_RUN] = name
    return bool(before != name)
