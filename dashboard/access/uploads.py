"""Bounds the memory that uploaded files take; Streamlit bounds a single file only."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config, runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from cvae_core.workers.quotas import PICTURE_MB, largest_upload_mb, read_limits

_MEGABYTE: Final = 2**20
_PICTURE: Final = PICTURE_MB * _MEGABYTE
_FRAMING: Final = 2**16  # what surrounds a file in a multipart form
_PATH: Final = re.compile(r".*/_stcore/upload_file/(?P<session>[^/]+)/[^/]+")


class UploadBound:
    """ASGI middleware: files that were uploaded wait in memory, and this bounds how many.

    A session keeps one file of the largest size and two pictures; what it uploaded first goes first, as a page shows
    its newest file. All sessions together have room for two of the largest files or eight pictures. Beyond that an
    upload is refused until another session has ended.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an upload on if there is room for it."""
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        session, size = found["session"], _announced(scope)
        refusal = self._refusal(session, size)
        if refusal is not None or size is None:
            await (refusal or PlainTextResponse("Expected a Content-Length.\n", 411))(scope, receive, send)
            return
        self._coming[session] += size
        try:
            # Streamlit would count the framing as a part of the file, and refuse one of exactly the largest size.
            headers = [header for header in scope["headers"] if header[0] != b"content-length"]
            await self._app({**scope, "headers": headers}, receive, send)
        finally:
            self._coming[session] -= size

    def _refusal(self, session: str, size: int | None) -> PlainTextResponse | None:
        largest, size = _largest(), size or 0
        if size > largest + _FRAMING:
            return PlainTextResponse("The file is too large.\n", 413)
        files = runtime.get_instance().uploaded_file_mgr
        if not isinstance(files, MemoryUploadedFileManager):
            return None
        _drop_oldest(files, session, largest + 2 * _PICTURE - size - self._coming[session])
        held = sum(_held(files, other) for other in list(files.file_storage))
        if held + self._coming.total() + size > max(2 * largest, 8 * _PICTURE):
            return PlainTextResponse(
                "The server has no memory for another file now. Try again in a few minutes.\n", 507
            )
        return None


def _announced(scope: Scope) -> int | None:
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isdecimal() else None


def _largest() -> int:
    """Bytes that the largest file may have that a page takes."""
    limits = read_limits()
    usual = PICTURE_MB if limits.read_only else config.get_option("server.maxUploadSize")
    return largest_upload_mb(limits, usual) * _MEGABYTE


def _held(files: MemoryUploadedFileManager, session: str) -> int:
    return sum(len(file.data) for file in list(files.file_storage.get(session, {}).values()))


def _drop_oldest(files: MemoryUploadedFileManager, session: str, room: int) -> None:
    """Let go of a session's files, the oldest first, until so many bytes are left."""
    for name in list(files.file_storage.get(session, {})):
        if _held(files, session) <= room:
            return
        files.remove_file(session, name)
