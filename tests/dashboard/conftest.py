"""What keeps the tests of the dashboard apart from each other, and from real workers."""

from __future__ import annotations

import runpy
import threading
from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from cvae_core.data import mnist
from cvae_core.records import Split

_SPLITS: dict[str, Split] = {}
_split = mnist._split
_scan_once = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(autouse=True)
def no_spare_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages ask for a warm worker; these tests start no process."""
    monkeypatch.setattr("cvae_core.workers.launcher.Launcher.keep_spare", lambda self: None)


@pytest.fixture(autouse=True)
def nothing_is_done_later() -> Iterator[None]:
    """What pages put off, such as to delete for good, would be done in the middle of some other test."""
    yield
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.cancel()
            thread.join(10)


@pytest.fixture(autouse=True)
def pages_run_in_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest forgets before every run that pages are registered, which a server forgets only when it starts."""
    monkeypatch.setattr(
        "streamlit.runtime.scriptrunner.script_runner._mpa_v1", lambda path: runpy.run_path(path, run_name="__main__")
    )


@pytest.fixture(autouse=True)
def fresh_caches() -> None:
    st.cache_resource.clear()


@pytest.fixture(autouse=True)
def digits_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unpacking the digits takes longer than most pages; nothing may write to them."""
    monkeypatch.setattr(mnist, "_split", _kept_split)


def _kept_split(arrays: np.lib.npyio.NpzFile, part: str) -> Split:
    if part not in _SPLITS:
        _SPLITS[part] = _split(arrays, part)
        _SPLITS[part].images.flags.writeable = _SPLITS[part].labels.flags.writeable = False
    return _SPLITS[part]


@pytest.fixture(autouse=True)
def packages_are_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each AppTest looks through all installed packages for components, a server only when it starts."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", _scan_once)
