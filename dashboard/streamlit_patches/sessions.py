"""Memory that is free goes back to the system."""

from __future__ import annotations

import asyncio
import ctypes
import gc
from typing import Final

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

_M_ARENA_MAX: Final = -8  # of glibc's malloc.h
_HEAPS: Final = 2


def use_few_heaps() -> None:
    """Have the threads of visitors share heaps. Called as early as possible: heaps that exist stay.

    glibc would give them eight for each core; what is left in each after a visit cannot be given back.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Free what only refers to itself, as a closed session does, and give back what is kept for reuse.

    With glibc that is most of what a session took; it takes some tens of milliseconds. Where the C library has no such
    function the memory stays with the process, which uses it again.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


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
