"""Small elements of a page: the diagram of a CVAE, the guard that reloads a lost page, and the automatic refresh."""

from __future__ import annotations

import time

import streamlit as st

from dashboard.components import FOLDER

_mount_diagram = FOLDER.component("diagram", html=FOLDER.read("page/diagram.svg"))


def cvae_diagram() -> None:
    """An image and its label become a code; the code and any label become an image."""
    _mount_diagram(key="cvae_diagram")


_guard = FOLDER.component("reload_guard", "page/reload_guard.js")


def page_frame() -> None:
    """Draw it, after the page. It must be drawn by the first script, whose elements Streamlit never clears."""
    with st.container(key="page_frame"):
        st.markdown(FOLDER.read("page/page.html"), unsafe_allow_html=True)
        _guard(key="page_guard", on_lost_change=lambda: None)


_mount_refresh = FOLDER.component("auto_refresh", "page/auto_refresh.js")


def auto_refresh(key: str, seconds: float) -> None:
    """Renew the surrounding fragment (or the page, outside of one) after a while, and again after each renewal.

    Args:
        key: Identifies the auto_refresh on the page.
        seconds: From the arrival of one renewal to the request for the next.
    """
    # What is sent must differ each time, or the browser is not told that the answer has come.
    _mount_refresh(key=key, data={"seconds": seconds, "drawn_at": time.time_ns()}, on_beat_change=lambda: None)
