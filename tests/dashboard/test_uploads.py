"""Uploaded files wait in memory: for how many there is room, in a session and in all."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from dashboard.access.rules import UploadBound

MEGABYTE = 2**20
FRAMING = 200


class Server:
    """Stands for Streamlit: keeps what is sent, as much as was announced."""

    def __init__(self) -> None:
        self.files = MemoryUploadedFileManager("/_stcore/upload_file")
        self.headers: list[Any] = []
        self.bound = UploadBound(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, _, session, name = scope["path"].strip("/").split("/")
        self.headers = [key for key, _ in scope["headers"]]
        size = int((await receive())["size"])
        await asyncio.sleep(0)  # others may begin meanwhile
        self.files.add_file(session, UploadedFileRec(name, name, "", bytes(size)))
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def put(self, session: str, name: str, megabytes: float, length: str | None = None) -> int:
        """The status of an upload."""
        size = int(megabytes * MEGABYTE)
        length = str(size + FRAMING) if length is None else length
        headers = [(b"content-length", length.encode())] if length else []
        path = f"/_stcore/upload_file/{session}/{name}"
        scope = {"type": "http", "method": "PUT", "path": path, "headers": headers}
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "size": size}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.bound(scope, receive, send)
        return int(sent[0]["status"])

    def held(self, session: str) -> list[str]:
        return list(self.files.file_storage[session])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that shows and takes pictures, and no archives."""
    monkeypatch.setenv("CVAE_READ_ONLY", "1")
    made = Server()
    monkeypatch.setattr("streamlit.runtime.get_instance", lambda: SimpleNamespace(uploaded_file_mgr=made.files))
    return made


def test_a_session_keeps_its_newest_files(server: Server) -> None:
    statuses = [asyncio.run(server.put("session", str(number), 19)) for number in range(60)]
    assert statuses == [204] * 60
    assert server.held("session") == ["57", "58", "59"]


def test_all_sessions_together_have_a_bound(server: Server) -> None:
    statuses = [asyncio.run(server.put(f"session {number}", "picture", 19)) for number in range(60)]
    assert statuses.count(204) == 8
    assert set(statuses) == {204, 507}
    server.files.remove_session_files("session 0")
    assert asyncio.run(server.put("another", "picture", 19)) == 204


def test_uploads_at_the_same_time_count(server: Server) -> None:
    async def at_once() -> list[int]:
        return list(await asyncio.gather(*(server.put(f"session {number}", "picture", 19) for number in range(20))))

    assert asyncio.run(at_once()).count(204) == 8


def test_a_file_of_exactly_the_largest_size_is_taken(server: Server) -> None:
    assert asyncio.run(server.put("session", "picture", 20)) == 204
    assert b"content-length" not in server.headers  # Streamlit would refuse it for its framing
    assert asyncio.run(server.put("session", "picture", 20.1)) == 413


@pytest.mark.parametrize("length", ["", "-1", "1e3"])
def test_an_upload_says_how_long_it_is(length: str, server: Server) -> None:
    assert asyncio.run(server.put("session", "picture", 1, length)) == 411
