"""What surrounds every page: its style, and a guard that asks for it anew should all of it be lost."""

from __future__ import annotations

import streamlit as st

from dashboard.components import FOLDER

_guard = FOLDER.component("reload_guard", "page/reload_guard.js")


def page_frame() -> None:
    """Draw it, after the page. It must be drawn by the first script, whose elements Streamlit never clears."""
    with st.container(key="page_frame"):
        st.markdown(FOLDER.read("page/page.html"), unsafe_allow_html=True)
        _guard(key="page_guard", on_lost_change=lambda: None)
