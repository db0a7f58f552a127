"""Every key of the session state and every parameter of the address, with typed access."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cvae_core.errors import CvaeError

_RUN: Final = "run"
_MESSAGE: Final = "message"
RUN_PICKER: Final = "run_picker"
PRESET: Final = "preset"
RUN_NAME: Final = "run_name"
LABEL: Final = "label"
DATASET: Final = "dataset"
SETTING_PREFIX: Final = "setting_"


def selected_run() -> str | None:
    """The run in the address, else the one looked at last; the address then names it again."""
    name = st.query_params.get(_RUN) or st.session_state.get(_RUN)
    if name is not None:
        select_run(name)
    return name


def select_run(name: str | None) -> None:
    """Look at another run, or at none."""
    st.session_state[_RUN] = name
    if name is None:
        st.query_params.pop(_RUN, None)
    elif st.query_params.get(_RUN) != name:
        st.query_params[_RUN] = name


def keep_message(error: CvaeError | None) -> None:
    """Keep an error of a callback for the page that is drawn after it."""
    st.session_state[_MESSAGE] = None if error is None else str(error)


def take_message() -> str | None:
    """The message that was kept, once."""
    message: str | None = st.session_state.pop(_MESSAGE, None)
    return message
