"""What keeps the tests of the dashboard apart from each other, and from real workers."""

from __future__ import annotations

import runpy

import pytest
import streamlit as st


@pytest.fixture(autouse=True)
def no_spare_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages ask for a warm worker; these tests start no process."""
    monkeypatch.setattr("cvae_core.jobs.Launcher.keep_spare", lambda self: None)


@pytest.fixture(autouse=True)
def pages_run_in_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest forgets before every run that pages are registered, which a server forgets only when it starts."""
    monkeypatch.setattr(
        "streamlit.runtime.scriptrunner.script_runner._mpa_v1", lambda path: runpy.run_path(path, run_name="__main__")
    )


@pytest.fixture(autouse=True)
def fresh_caches() -> None:
    st.cache_resource.clear()
