"""The picture of what a CVAE does, drawn in the colours of the page."""

from __future__ import annotations

import streamlit as st

from dashboard.components.packing import read_sources

_mount = st.components.v2.component("cvae_diagram", html=read_sources("diagram.svg"))


def cvae_diagram() -> None:
    """An image and its label become a code; the code and any label become an image."""
    _mount(key="cvae_diagram")
