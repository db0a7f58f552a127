"""Pages over a folder with a hostile run: one sentence in its place, and the neighbour as ever."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cvae_core.runs.run import create_run
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.runs.status import read_status, write_status
from dashboard.shared.session_state import without_links
from tests.dashboard.app import open_page, said
from tests.runs import damage as harms
from tests.runs.damage import World, make_world


def alter(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


DAMAGES: dict[str, tuple[str, Callable[[World, Path], object], str]] = {
    "no status": ("status.json", lambda world, path: path.unlink(), "Its state follows from its snapshots"),
    "a digit of the metrics": (
        "metrics.jsonl",
        lambda world, path: alter(path, b"198.9", b"198.8"),
        "1 line of metrics",
    ),
    "the end of the metrics": ("metrics.jsonl", lambda world, path: harms.truncated(path, 40), "losses of epoch"),
    "a bit of the weights": (
        "snapshots/000003/weights.safetensors",
        lambda world, path: harms.flipped(path, 99_999),
        "does not match its checksum",
    ),
    "a link to the secret": (
        "snapshots/000003/weights.safetensors",
        lambda world, path: harms.in_its_place(world, "lock")["a link to a secret"](path),
        "cannot be read",
    ),
    "the future": ("status.json", lambda world, path: harms.of_the_future(path), "Update the software"),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("CVAE_RUNS", str(tmp_path / "runs"))
    return make_world(tmp_path)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_says_why_and_its_neighbour_is_whole(name: str, world: World) -> None:
    file, damage, words = DAMAGES[name]
    damage(world, world.run.path / file)
    untouched = world.untouched()
    for page, run in (("home", ""), ("train", "run"), ("train", "neighbour")):
        app = open_page(page, **({"run": run} if run else {}))
        assert not app.exception, (page, run)
        text = said(app)
        assert harms.SECRET.decode() not in text
        if (page, run) == ("train", "run"):
            assert words in text
        if run == "neighbour":
            assert not app.error
            assert "Snapshot of epoch 3" in text
    assert world.untouched() == untouched


def test_a_damaged_snapshot_of_an_epoch_leaves_the_others(world: World) -> None:
    harms.flipped(world.run.path / "snapshots" / "000001" / "weights.safetensors", 99_999)
    app = open_page("train", run="run")
    assert not app.exception and not app.error
    publish_snapshot(world.run.snapshots_folder, 1, harms.weights(world.run, 1))
    assert harms.look(world.run)["snapshot 1"].startswith("{")


def test_a_missing_last_snapshot_is_reported_wherever_the_run_is_shown(world: World) -> None:
    shutil.rmtree(world.run.path / "snapshots" / "000003")
    told = "The snapshot of epoch 3, the last, is missing; the newest is of epoch 1."
    for page in ("home", "train", "latent"):
        app = open_page(page, run="run", **({"epoch": "3"} if page == "latent" else {}))
        assert not app.exception
        assert told in said(app), page
    assert told not in said(open_page("train", run="neighbour"))
    assert "This run has no snapshot of epoch 3; the nearest is shown, 1." in said(
        open_page("latent", run="run", epoch="3")
    )


LURE = "![look](http://example.org/seen.png) [here](http://example.org) :red[x] \\![y](http://example.org/z.png)"


def test_words_in_a_run_make_the_browser_fetch_nothing(runs_folder: Path) -> None:
    run = create_run(runs_folder, harms.config().model_copy(update={"preset": LURE[:99]}), "run")
    lured = replace(read_status(run.status_file), state="failed", problem=LURE, advice=LURE)
    write_status(run.status_file, lured)
    for page in ("home", "train", "latent"):
        app = open_page(page, run="run")
        assert not app.exception
        assert_harmless(said(app))
    assert_harmless(said(open_page("train", run=LURE)))
    assert_harmless(said(open_page("latent", run=LURE, label=LURE)))


def assert_harmless(markdown: str) -> None:
    """Each opening bracket of the lure has a backslash before it that has none itself."""
    for found in re.finditer(r"(\\*)\[(look|here|x|y)", markdown):
        assert len(found[1]) % 2 == 1, found[0]


def test_a_sentence_keeps_its_words() -> None:
    assert without_links("Use `cvae runs list`, **now**.") == "Use `cvae runs list`, **now**."
    assert without_links(r"a\[b") == r"a\\\[b"


@pytest.mark.parametrize("page", ["home", "why", "train", "latent"])
def test_a_folder_of_runs_that_is_none_is_one_sentence_on_every_page(page: str, runs_folder: Path) -> None:
    runs_folder.rmdir()
    runs_folder.touch()
    app = open_page(page)
    assert not app.exception
    assert {error.value for error in app.error} == {
        f"The folder of runs {runs_folder} cannot be read: Not a directory. "
        "Choose a folder that you may read (--runs or CVAE_RUNS)."
    }
