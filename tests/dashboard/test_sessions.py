"""Sessions are closed after their browser has gone, and the log stays short when no descriptor is left."""

from __future__ import annotations

import asyncio
import errno
import logging
from pathlib import Path

import pytest
from streamlit.runtime.caching import clear_session_resource_cache

from dashboard.streamlit_patches import sessions
from tests.dashboard.app import open_page

SESSION = "test session id"


class Server:
    """What the running Streamlit is asked for here."""

    def __init__(self, back: bool) -> None:
        self.back = back
        self.closed: list[str] = []

    def is_active_session(self, session: str) -> bool:
        return self.back

    def close_session(self, session: str) -> None:
        self.closed.append(session)


@pytest.mark.parametrize(("back", "closed"), [(False, [SESSION]), (True, [])])
def test_it_is_closed_unless_its_browser_is_back(
    back: bool, closed: list[str], runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_page()
    server = Server(back)
    monkeypatch.setattr(sessions, "RETURN_SECONDS", 0.01)
    monkeypatch.setattr("streamlit.runtime.get_instance", lambda: server)

    async def disconnect() -> None:
        clear_session_resource_cache(SESSION)  # as Streamlit does when a browser has gone
        assert server.closed == []
        await asyncio.sleep(0.05)

    asyncio.run(disconnect())
    assert server.closed == closed


def test_it_is_closed_before_streamlit_loses_sight_of_it() -> None:
    from streamlit import config

    assert config.get_option("server.disconnectedSessionTTL") > sessions.RETURN_SECONDS


def test_one_line_says_that_no_descriptor_is_left(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("descriptors of a test")
    logger.addFilter(sessions.FewWords())
    for error in (OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENFILE, "x")) * 1000:
        logger.error("socket.accept() out of system resource", exc_info=error)
    logger.error("something else", exc_info=OSError(errno.EIO, "x"))
    first, other = caplog.records
    assert "ulimit -n" in first.getMessage()
    assert first.exc_info is None
    assert other.getMessage() == "something else"
