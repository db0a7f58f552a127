"""Keeps Streamlit from asking the world outside for the address of this machine."""

from __future__ import annotations

import streamlit as st
from streamlit import net_util
from streamlit.runtime.pages_manager import PagesManager


def ask_nobody() -> None:
    """Leave Streamlit without its outside address, with which it would judge a page of another origin.

    It would ask a service of Amazon's, whenever any such page that is open in the browser tries to connect. Without an
    answer the page is refused, as it should be.
    """
    net_util.get_external_ip = _unknown
    net_util.get_internal_ip = _unknown


def _unknown() -> str | None:
    return None


def forget_pages_directory() -> None:
    """Spare the first visitor that, before the server starts."""
    PagesManager.uses_pages_directory = False


def require_registry() -> None:
    """Start the page again as a part of the whole app, if it was run alone."""
    if PagesManager.uses_pages_directory:
        forget_pages_directory()
        st.rerun()
