"""A session ends a while after its browser has gone, and all that it held goes with it.

Streamlit keeps the session of a browser that has gone for two minutes, in case only its connection was lost; then it
forgets the session when another browser goes, whenever that may be, and files that were uploaded in it never. So it
is closed here shortly before.
"""

from __future__ import annotations

import asyncio
from typing import Final

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.memory import give_back

RETURN_SECONDS: Final = 110.0  # less than server.disconnectedSessionTTL, after which it cannot be found any more


def end_with_the_browser() -> None:
    """Make sure that this session will be closed when its browser has gone."""
    context = get_script_run_ctx()
    if context is not None:
        _while_connected(context.session_id)


def _farewell(session: str) -> None:
    """The browser has gone; Streamlit says so in its event loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # caches are being emptied for another reason
        return
    loop.call_later(RETURN_SECONDS, _close_unless_back, session)


def _close_unless_back(session: str) -> None:
    server = runtime.get_instance()
    if not server.is_active_session(session):
        server.close_session(session)
        give_back()


@st.cache_resource(scope="session", on_release=_farewell, show_spinner=False)
def _while_connected(session: str) -> str:
    """Kept for as long as the browser is there."""
    return session
