"""A server that lets its visitors look: no page shows a button that would be refused, and what is asked is refused."""

from __future__ import annotations

import ast
import time
import tomllib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import dashboard
from cvae_core.config.presets import preset
from cvae_core.errors import DataError, ReadOnlyError
from cvae_core.runs.control import is_asked
from cvae_core.runs.run import Run
from dashboard.shared import actions
from tests.dashboard.app import component_names, open_page, said
from tests.dashboard.run_states import living_worker, make_run
from tests.dashboard.test_manage_runs import press
from tests.dashboard.test_why import labels, make_pair
from tests.runs.archives import packed

PAGES = ("home", "why", "train", "latent", "manifold", "samples", "style")


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVAE_READ_ONLY", "1")


def contents(folder: Path) -> dict[str, tuple[int, int]]:
    paths = folder.rglob("*")
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


@pytest.mark.parametrize("page", PAGES)
def test_without_a_run_a_page_offers_nothing_to_change(page: str, runs_folder: Path, read_only: None) -> None:
    app = open_page(page)
    assert not app.exception
    assert "Read-only" in said(app)
    assert labels(app) == set()
    assert list(runs_folder.iterdir()) == []


CHANGES = {
    "Train", "Train both", "Train a model", "New run", "Pause", "Continue", "Stop", "Resume", "Delete", "Save",
    "Thin out", "Stop both", "Resume both", "Delete both", "Undo",
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "running"])
def test_with_runs_it_shows_them_and_no_button_that_changes(
    page: str, state: Any, runs_folder: Path, read_only: None
) -> None:
    make_run(runs_folder, "done", state)
    make_pair(runs_folder, state="stopped")
    before = contents(runs_folder)
    app = open_page(page, run="done")
    assert not app.exception
    assert "Read-only" in said(app)
    assert not labels(app) & CHANGES
    assert "**Resume**" not in said(app)
    assert contents(runs_folder) == before


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_a_living_run_can_be_watched_and_no_more(state: Any, runs_folder: Path, read_only: None) -> None:
    run = make_run(runs_folder, "alive", state)
    with living_worker(run):
        app = open_page("train", run="alive")
        assert not app.exception
        assert labels(app) == {"Create archive", "Create Keras files"}
        assert len(component_names(app)) == 4


def act_on(run: Run) -> dict[str, Callable[[], object]]:
    return {
        "start": lambda: actions.start(preset("quick"), "new"),
        "start_comparison": lambda: actions.start_comparison({}),
        "resume": lambda: actions.resume(run),
        "pause": lambda: actions.pause(run),
        "unpause": lambda: actions.unpause(run),
        "stop": lambda: actions.stop(run),
        "delete": lambda: actions.delete(run),
        "undo": lambda: actions.undo(actions.Deletion("run", ())),
        "describe": lambda: actions.describe(run, "name", "note"),
        "import_run": lambda: actions.import_run(BytesIO(packed(run)), "new"),
        "prune": lambda: actions.prune(run, 2),
    }


def test_every_change_is_refused_where_it_is_done(runs_folder: Path, read_only: None) -> None:
    run = make_run(runs_folder, "done", "stopped", 5)
    before = contents(runs_folder)
    for act in act_on(run).values():
        with pytest.raises(ReadOnlyError, match="read-only"):
            act()
    assert contents(runs_folder) == before


@pytest.mark.parametrize("label", ["Stop", "Pause"])
def test_a_button_of_a_page_drawn_before_is_refused(
    label: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(runs_folder, "alive", "running")
    with living_worker(run):
        app = open_page("train", run="alive")
        monkeypatch.setenv("CVAE_READ_ONLY", "1")
        app = press(app, label)
    assert not app.exception
    assert "This laboratory is read-only" in said(app)
    assert not is_asked(run.control_folder, "stop")
    assert not is_asked(run.control_folder, "pause")


def test_a_dialog_opened_before_deletes_nothing(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(runs_folder, "old", "finished")
    app = press(open_page("train", run="old"), "Delete")
    monkeypatch.setenv("CVAE_READ_ONLY", "1")
    app = press(app, "Delete", "answer")
    assert "This laboratory is read-only" in said(app)
    assert run.path.exists()


@pytest.mark.parametrize(("page", "button"), [("train", "Train"), ("why", "Train both")])
def test_the_limits_are_shown_and_kept_on_the_page(
    page: str, button: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CVAE_MAX_EPOCHS", "3")
    monkeypatch.setenv("CVAE_MAX_QUEUED", "2")
    app = open_page(page)
    assert "Limits for one training: 3 epochs. Up to 2 may be queued." in said(app)
    app = press(app, button)
    assert not app.exception
    assert ["up to 3 epochs; this one has" in str(error.value) for error in app.error] == [True]
    assert list(runs_folder.iterdir()) == []


def test_a_training_beyond_the_limits_is_not_resumed(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(runs_folder, "long", "stopped", 5)
    monkeypatch.setenv("CVAE_MAX_EPOCHS", "4")
    app = press(open_page("train", run="long"), "Resume")
    assert "up to 4 epochs; this one has 5" in said(app)


def test_a_variable_that_makes_no_sense_is_one_message(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVAE_READ_ONLY", "perhaps")
    app = open_page()
    assert not app.exception
    assert ["CVAE_READ_ONLY is 'perhaps'" in str(error.value) for error in app.error] == [True]


CHANGING = {
    "create_run",
    "delete_run",
    "write_about",
    "write_status",
    "publish_snapshot",
    "prune",
    "Launcher",
    "restore",
} | {
    "move_to_trash",
    "empty_trash",
}


def test_only_the_actions_change_runs() -> None:
    folder = Path(dashboard.__file__).parent
    found = {
        str(path.relative_to(folder)): sorted(CHANGING & names)
        for path in folder.rglob("*.py")
        if (names := imported_names(path)) & CHANGING
    }
    assert set(found) == {"shared/actions.py"}, found


def imported_names(path: Path) -> set[str]:
    imports = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom))
    return {alias.name for node in imports for alias in node.names}


def test_a_read_only_server_starts_no_worker_and_sweeps_nothing(
    runs_folder: Path, read_only: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr("dashboard.shared.actions.threading.Timer.start", started.append)
    left = runs_folder / ".deleted" / "dead" / "x" / "run"
    left.mkdir(parents=True)
    open_page("home")
    open_page("train")
    assert started == []
    assert left.exists()


def test_a_server_sweeps_what_another_left_a_day_ago(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted = runs_folder / ".deleted" / "dead" / "x" / "run"
    deleted.mkdir(parents=True)
    named = make_run(runs_folder, "named", "finished").about_file
    draft = named.with_name(f".tmp-{named.name}-12345678")
    draft.touch()
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 2 * 86_400.0)
    open_page("home")
    deadline = time.monotonic() + 10
    while (deleted.exists() or draft.exists()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not (runs_folder / ".deleted" / "dead").exists()
    assert not draft.exists()


def test_an_archive_larger_than_the_server_takes_is_refused(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVAE_MAX_UPLOAD_MB", "1")
    with pytest.raises(DataError, match=r"up to 1 MB; this one has 1\.5 MB"):
        actions.import_run(BytesIO(bytes(3 * 2**19)), None)
    assert list(runs_folder.iterdir()) == []


def test_archives_may_be_as_large_as_streamlit_lets_them() -> None:
    settings = tomllib.loads((Path(dashboard.__file__).parent / ".streamlit" / "config.toml").read_text())
    # A request is a little larger than its file, and one of exactly the limit is taken.
    assert settings["server"]["maxUploadSize"] == actions.ARCHIVE_MB + 1
