"""Links out of bounds, and snapshots that break while a page over them is open: a sentence each, and no trace."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import WEIGHTS_FILE, load_snapshot, publish_snapshot, snapshot_folder
from dashboard.components.packing import unpack
from tests.dashboard.app import open_page
from tests.dashboard.run_states import living_worker, make_run

PAGES = ("latent", "manifold", "samples")
EVERY_PAGE = pytest.mark.parametrize("page", PAGES)


@pytest.fixture
def run(runs_folder: Path) -> Run:
    return make_run(runs_folder, "done", "finished", epochs=3)


def player(app: AppTest) -> dict[str, Any]:
    """What the page's player was told."""
    (blob,) = (element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes)
    return unpack(blob)[0]


def ask(app: AppTest, page: str, *epochs: int) -> dict[str, Any]:
    """What the player is told after its browser asked for some epochs."""
    app.session_state[f"{page}_player"] = {"ask": {"id": 1, "view": player(app)["view"], "epochs": list(epochs)}}
    app.run()
    assert not app.exception
    return player(app)


def everything_in(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*") if path.is_file()}


def damage(run: Run, epoch: int) -> None:
    (snapshot_folder(run.snapshots_folder, epoch) / WEIGHTS_FILE).write_bytes(b"nonsense")


def misfit(run: Run, epoch: int) -> None:
    weights = load_snapshot(run.snapshots_folder, epoch)
    name = next(iter(weights))
    shutil.rmtree(snapshot_folder(run.snapshots_folder, epoch))
    publish_snapshot(run.snapshots_folder, epoch, {**weights, name: weights[name][:-1]})


@EVERY_PAGE
@pytest.mark.parametrize(
    ("fault", "words"), [(damage, "is damaged"), (misfit, "epoch 2 does not fit the configuration")]
)
def test_a_snapshot_that_breaks_while_the_page_is_open(page: str, fault: Any, words: str, run: Run) -> None:
    app = open_page(page, run="done", pin="12")
    fault(run, 2)
    header = ask(app, page, 1, 2)
    assert header["frame_epochs"] == [1]
    assert words in header["failed"]["2"]
    assert header["epochs"] == [0, 1, 2, 3]
    assert ask(app, page, 0)["frame_epochs"] == [0]


@EVERY_PAGE
def test_a_snapshot_that_vanishes_while_the_page_is_open(page: str, run: Run) -> None:
    app = open_page(page, run="done", epoch="2")
    shutil.rmtree(snapshot_folder(run.snapshots_folder, 2))
    header = ask(app, page, 2, 1)
    assert header["epochs"] == [0, 1, 3]
    assert header["frame_epochs"] == [1]
    assert ["no snapshot of epoch 2" in warning.value for warning in app.warning] == [True]


@pytest.mark.parametrize(
    ("page", "parameters", "words"),
    [
        ("manifold", {"z": "6.1,0"}, "from -6 to 6"),
        ("manifold", {"z": "nan,0"}, "from -6 to 6"),
        ("manifold", {"z": "0,0,0"}, "one or two numbers"),
        ("manifold", {"code": "0,-7"}, "from -6 to 6"),
        ("manifold", {"range": "0,1"}, "from 0.001 to 0.999"),
        ("manifold", {"range": "0.05,1.5"}, "from 0.001 to 0.999"),
        ("manifold", {"range": "0.5,0.5"}, "two rising numbers"),
        ("manifold", {"size": "1"}, "from 2 to 30"),
        ("latent", {"x": "0"}, "from 1 to 64"),
        ("latent", {"pin": "-1"}, "a whole number from 0"),
        ("samples", {"columns": "0"}, "from 1 to"),
        ("samples", {"temperature": "-0.1"}, "from 0 to 3"),
        ("samples", {"seed": "1e3"}, "a whole number from 0"),
        ("samples", {"count": "101"}, "from 1 to 100"),
    ],
)
def test_what_lies_outside_its_limits_is_one_sentence(page: str, parameters: Any, words: str, run: Run) -> None:
    app = open_page(page, run="done", **parameters)
    assert not app.exception
    assert [words in warning.value for warning in app.warning] == [True]
    assert player(app)["frame_epochs"] == [3]


@EVERY_PAGE
def test_nothing_is_written_whatever_the_address_says(page: str, run: Run, runs_folder: Path) -> None:
    damage(run, 1)
    before = everything_in(runs_folder)
    for parameters in (
        {"run": "../../etc"},
        {"run": "gone"},
        {"run": "done", "epoch": "1", "label": "x", "pin": "9e9"},
    ):
        app = open_page(page, **parameters)
        assert not app.exception
        assert len(app.warning) >= 1
    assert everything_in(runs_folder) == before


@EVERY_PAGE
@pytest.mark.parametrize("state", ["stopped", "failed", "interrupted", "queued", "paused"])
def test_a_run_that_ended_or_waits_is_looked_at_like_any_other(page: str, state: Any, runs_folder: Path) -> None:
    lives = state in ("queued", "paused")
    run = make_run(runs_folder, "odd", "running" if state == "interrupted" else state)
    with living_worker(run) if lives else nullcontext():
        app = open_page(page, run="odd")
    assert not app.exception
    assert not app.warning
    assert player(app)["alive"] is lives
    assert player(app)["frame_epochs"] == [2]
