"""How Streamlit opens pages: where a visit came from, the script of each page, and settings at startup."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import net_util
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx


def went_through_history() -> bool:
    """Whether the person pressed Back or Forward.

    Streamlit 1.67 has no public name for this. Without it, an address that was gone back to cannot be told from one
    that a busy browser still has though it was written anew.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


_SCRIPT: Final = Path(__file__).with_suffix(".js")
# What would leave us without the text of the page: it as the browser has it already, a part of it, or it compressed.
_CONDITIONS: Final = {b"if-none-match", b"if-modified-since", b"if-range", b"range", b"accept-encoding"}
_OF_THE_FILE: Final = {b"content-length", b"etag", b"last-modified", b"accept-ranges"}
_BEFORE: Final = b"<head>"


class PageScript:
    """Middleware that writes ``pages.js`` into the head of each HTML page that is sent."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._head = _BEFORE + b"<script>" + _SCRIPT.read_bytes() + b"</script>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or not _asks_for_page(scope):
            await self._app(scope, receive, send)
            return
        unconditional = [pair for pair in scope["headers"] if pair[0] not in _CONDITIONS]
        await self._app({**scope, "headers": unconditional}, receive, _PageSender(send, self._head))


class _PageSender:
    """Passes on what an application sends; an HTML page as a whole, with our head in it."""

    def __init__(self, send: Send, head: bytes) -> None:
        self._send = send
        self._head = head
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_page(self._start)

    async def _send_page(self, start: Message) -> None:
        page = self._body.replace(_BEFORE, self._head, 1)
        headers = [pair for pair in start["headers"] if pair[0] not in _OF_THE_FILE]
        await self._send({**start, "headers": [*headers, (b"content-length", b"%d" % len(page))]})
        await self._send({"type": "http.response.body", "body": page})


def _asks_for_page(scope: Scope) -> bool:
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return scope["method"] == "GET" and b"text/html" in accepted


def _is_page(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name == b"content-type"]
    return bool(start["status"] == 200 and kinds and kinds[0].startswith(b"text/html"))


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
