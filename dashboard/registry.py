"""Keeps a page from running without the registry of pages.

Streamlit takes a folder named `pages` for its older kind of app until `st.navigation` was called for the first time.
So the very first visitor of a server, if sent to a page by a link, gets that page alone: no configuration, no theme
of ours, no navigation.
"""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager


def forget_pages_directory() -> None:
    """Spare the first visitor that, before the server starts."""
    PagesManager.uses_pages_directory = False


def require_registry() -> None:
    """Start the page again as a part of the whole app, if it was run alone."""
    if PagesManager.uses_pages_directory:
        forget_pages_directory()
        st.rerun()
