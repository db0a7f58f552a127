"""File descriptors and memory of sessions: what Streamlit keeps of a session, and when it is released.

Streamlit 1.67 makes an event loop for each session (three descriptors) and keeps it while it keeps the session, up to
two minutes after the browser has gone. Nothing here uses these loops.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import gc
import logging
import resource
import time
from contextlib import suppress
from typing import Any, Final

import streamlit as st
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.app_session import AppSession, _close_script_event_loop
from streamlit.runtime.scriptrunner import get_script_run_ctx

_MOST: Final = 65_536
_MOST_OF_MACOS: Final = 10_240  # a hard limit of "unlimited" is not granted there
_CLOSE_SECONDS: Final = 1.0
_QUIET_SECONDS: Final = 60.0
_M_ARENA_MAX: Final = -8  # of glibc's malloc.h
_HEAPS: Final = 2
RETURN_SECONDS: Final = 110.0  # less than server.disconnectedSessionTTL, after which Streamlit forgets the session


class DescriptorRelease:
    """ASGI middleware: what a session holds open is closed soon after its browser has gone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; when a browser goes, look at the sessions that are left behind."""
        try:
            await self._app(scope, receive, send)
        finally:
            if scope["type"] == "websocket":
                asyncio.get_running_loop().call_later(_CLOSE_SECONDS, _close_idle_loops)


def prepare() -> None:
    """Raise the limit, and keep the log short when no descriptor is left. Called once, before the server starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in (_MOST, _MOST_OF_MACOS):
        limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        if soft == resource.RLIM_INFINITY or limit <= soft:
            break
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            break
    AppSession._create_scriptrunner = _with_open_loop(AppSession._create_scriptrunner)  # type: ignore[method-assign]
    for name in ("asyncio", "uvicorn.error"):
        logging.getLogger(name).addFilter(FewWords())


class FewWords(logging.Filter):
    """Logs at most one line a minute when no descriptor is left; Python would log one for each connection."""

    def __init__(self) -> None:
        super().__init__()
        self._quiet_until = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        error = record.exc_info[1] if record.exc_info else None
        if not (isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)):
            return True
        if time.monotonic() < self._quiet_until:
            return False
        self._quiet_until = time.monotonic() + _QUIET_SECONDS
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        record.msg = f"Visitors wait: all {limit} file descriptors are in use. Start the server after `ulimit -n 4096`."
        record.args, record.exc_info, record.exc_text = None, None, None
        return True


def _close_idle_loops() -> None:
    """Close the event loops of sessions without a browser."""
    server = runtime.get_instance()
    idle = [
        info.session for info in server._session_mgr.list_sessions() if not server.is_active_session(info.session.id)
    ]
    for session in idle:
        if session._scriptrunner is None:
            _close_script_event_loop(session._script_event_loop)
    if any(session._scriptrunner is not None for session in idle):  # a script still ends
        asyncio.get_running_loop().call_later(_CLOSE_SECONDS, _close_idle_loops)


def _with_open_loop(create: Any) -> Any:
    """Give a returning session a new loop; Streamlit would do the same with a warning."""

    def create_scriptrunner(session: AppSession, *arguments: Any) -> None:
        if session._script_event_loop.is_closed():
            session._script_event_loop = asyncio.new_event_loop()
        create(session, *arguments)

    return create_scriptrunner


def use_few_heaps() -> None:
    """Limit glibc to two heaps for all threads. Call it early: existing heaps stay.

    The default is eight for each core, and what remains in each after a visit cannot be given back.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Collect garbage, such as closed sessions, and give free memory back to the system.

    With glibc that is most of a session's memory, in some tens of milliseconds. Other C libraries keep the memory for
    reuse.
    """
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def end_with_the_browser() -> None:
    """Close this session soon after its browser has gone."""
    context = get_script_run_ctx()
    if context is not None:
        _while_connected(context.session_id)


def _farewell(session: str) -> None:
    """Called in Streamlit's event loop when the browser has gone."""
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
