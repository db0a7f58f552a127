"""How Streamlit opens pages: where a visit came from, the script of each page, and settings at startup."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import net_util
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

_SCRIPT: Final = Path(__file__).with_suffix(".js")
# They would lead to an answer without the page's text: not modified, a part, or compressed.
_CONDITIONS: Final = {b"if-none-match", b"if-modified-since", b"if-range", b"range", b"accept-encoding"}
_FILE_HEADERS: Final = {b"content-length", b"etag", b"last-modified", b"accept-ranges"}
_HEAD: Final = b"<head>"


def went_through_history() -> bool:
    """Whether the visitor pressed Back or Forward.

    Streamlit 1.67 has no public name for this. Without it, an address from the history looks like an old address that
    a busy browser has not updated yet.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


class PageScript:
    """ASGI middleware that inserts ``pages.js`` into the head of each HTML page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._head = _HEAD + b"<script>" + _SCRIPT.read_bytes() + b"</script>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = Headers(scope=scope) if scope["type"] == "http" else {}
        if "text/html" not in headers.get("accept", "") or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def send_page(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif not start or message["type"] != "http.response.body":
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    page = body.replace(_HEAD, self._head, 1)
                    kept = [pair for pair in start["headers"] if pair[0] not in _FILE_HEADERS]
                    await send({**start, "headers": [*kept, (b"content-length", b"%d" % len(page))]})
                    await send({"type": "http.response.body", "body": page})

        unconditional = [pair for pair in scope["headers"] if pair[0] not in _CONDITIONS]
        await self._app({**scope, "headers": unconditional}, receive, send_page)


def _is_page(start: Message) -> bool:
    return bool(
        start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
    )


def disable_address_lookup() -> None:
    """Keep Streamlit from looking up this machine's public address.

    It would ask a service of Amazon whenever a page of another origin tries to connect. Without an address that page is
    refused, as it should be.
    """
    net_util.get_external_ip = lambda: None
    net_util.get_internal_ip = lambda: None


def forget_pages_directory() -> None:
    """Before the server starts: do not use the folder pages/, as st.navigation lists the pages."""
    PagesManager.uses_pages_directory = False


def require_registry() -> None:
    """Restart a page as part of the whole app if it was run alone."""
    if PagesManager.uses_pages_directory:
        forget_pages_directory()
        st.rerun()
