"""Networks and pictures of all snapshots are kept once for all sessions, and within a bound."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from cvae_core.analysis.network import Network
from cvae_core.config.run import RunConfig
from cvae_core.runs.run import Run, delete_run
from dashboard.cache import networks, run_data
from dashboard.cache.networks import SharedCache
from dashboard.components.packing import unpack
from tests.dashboard.app import open_page
from tests.dashboard.run_states import make_run
from tests.runs.examples import run_in

EPOCHS = (0, 1, 2, 3)


@pytest.fixture
def run(runs_folder: Path) -> Run:
    return make_run(runs_folder, "done", "finished", epochs=3)


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Epochs whose snapshot is read from disk, in order."""
    found: list[int] = []
    load = networks.load_network

    def note(run: Run, config: RunConfig, epoch: int) -> Network:
        found.append(epoch)
        return load(run, config, epoch)

    monkeypatch.setattr(networks, "load_network", note)
    return found


def ask(app: AppTest, page: str, epochs: Sequence[int] = EPOCHS) -> dict[str, Any]:
    """What the player of a page is sent once its browser has asked for some epochs."""
    (blob,) = (element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes)
    view = unpack(blob)[0]["view"]
    app.session_state[f"{page}_player"] = {"ask": {"id": 1, "view": view, "epochs": list(epochs)}}
    app.run()
    assert not app.exception
    (blob,) = (element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes)
    return unpack(blob)[1]


def cache() -> SharedCache:
    return networks._of_all()


def kept(run: Run) -> list[int]:
    """Epochs whose network the server holds."""
    key = run_data.run_key(run)
    return [epoch for epoch in EPOCHS if cache().holds(("network", key, epoch))]


def test_all_snapshots_are_read_once_for_all_pages_and_sessions(run: Run, loaded: list[int]) -> None:
    app = open_page("manifold", run="done")
    ask(app, "manifold")
    assert sorted(loaded) == list(EPOCHS)
    assert kept(run) == list(EPOCHS)
    for page in ("samples", "latent"):
        app.switch_page(f"pages/{page}.py").run()
        ask(app, page)
    other = open_page("manifold", run="done")
    ask(other, "manifold")
    assert sorted(loaded) == list(EPOCHS)


def test_a_session_keeps_them_in_its_state_until_its_browser_goes(run: Run, loaded: list[int]) -> None:
    app = open_page("manifold", run="done")
    ask(app, "manifold")
    models = app.session_state[networks.TRAINED_MODELS]
    key = run_data.run_key(run)
    assert all(("network", key, epoch) in models for epoch in EPOCHS)
    clear_session_resource_cache("test session id")  # as Streamlit does when a browser disconnects
    assert not kept(run)
    ask(app, "manifold")  # it was only its connection that was lost
    assert app.session_state[networks.TRAINED_MODELS] is not models
    assert kept(run) == list(EPOCHS)
    assert sorted(loaded) == sorted(EPOCHS * 2)


@pytest.mark.parametrize("page", ["manifold", "samples"])
def test_pictures_that_were_drawn_are_not_drawn_again(run: Run, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page(page, run="done", label="4")
    before = ask(app, page)
    ask(app, page, [0])

    def refuse(*arguments: object, **settings: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(networks, "compute", refuse)
    after = ask(app, page)
    for name, tiles in before.items():
        assert (after[name] == tiles).all()


def test_what_is_held_stays_within_its_bound(run: Run, loaded: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    network = 4 * (8 * (784 + 10 + 1) + 2 * 2 * (8 + 1) + 8 * (2 + 10 + 1) + 784 * (8 + 1))
    bound = 5 * network // 2
    monkeypatch.setattr(networks, "CACHE_BYTES", bound)
    app = open_page("samples", run="done", columns="1", count="1")
    arrays = ask(app, "samples")
    assert len(arrays["frame/tiles_samples"]) == len(EPOCHS)
    assert 0 < cache().bytes <= bound
    assert len(kept(run)) <= 2
    ask(app, "samples", [0])
    assert cache().bytes <= bound


def test_a_run_is_the_same_for_the_caches_until_it_is_made_anew(runs_folder: Path) -> None:
    first = run_in(runs_folder, "again")
    key = run_data.run_key(first)
    os.utime(first.config_file, (10**9, 10**9))
    assert run_data.run_key(first) == key
    moments = first.config_file.stat()
    delete_run(first)
    second = run_in(runs_folder, "again")
    os.utime(second.config_file, ns=(moments.st_atime_ns, moments.st_mtime_ns))
    assert run_data.run_key(second) != key
