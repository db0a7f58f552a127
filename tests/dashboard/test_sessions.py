"""A session whose browser has gone is closed after a while, unless it comes back."""

from __future__ import annotations

import asyncio
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
