"""All visitors of a server share so many processes for their long work, and no more, however they ask and leave."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cvae_core.errors import ServerBusyError
from cvae_core.tasks import Task
from dashboard.shared import tasks
from tests.dashboard.app import open_page, press
from tests.dashboard.run_states import make_run
from tests.test_tasks import ENDLESS, MODULE, importable, until  # noqa: F401  a fixture for every test here


def tried() -> Task | None:
    try:
        return tasks.start(MODULE, ENDLESS)
    except ServerBusyError:
        return None


def test_of_many_who_ask_at_once_only_so_many_are_served() -> None:
    with ThreadPoolExecutor(12) as askers:
        started = [task for task in askers.map(lambda _: tried(), range(12)) if task]
    assert len(started) == tasks.MOST_AT_ONCE
    with pytest.raises(ServerBusyError, match="Try again in a moment"):
        tasks.start(MODULE, ENDLESS)
    started.pop().stop()
    until(tried)


def test_work_of_somebody_who_has_left_counts_until_its_process_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "MOST_AT_ONCE", 1)
    slow = [tasks.start(MODULE, {"steps": 2, "seconds": 1.5, "number": 1})]
    until(lambda: slow[0].done)
    slow.clear()
    gc.collect()
    assert tried() is None
    until(tried)


def test_a_process_that_cannot_be_started_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("cvae_core.tasks.sys.executable", "/nowhere")
        for _ in range(tasks.MOST_AT_ONCE + 1):
            with pytest.raises(FileNotFoundError):
                tasks.start(MODULE, ENDLESS)
    assert tried() is not None


@pytest.mark.parametrize("button", ["Create archive", "Create Keras files"])
def test_an_export_waits_for_a_slot_too(button: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(runs_folder, "mine", "finished")
    monkeypatch.setattr(tasks, "MOST_AT_ONCE", 0)
    app = open_page("train", run="mine")
    press(app, button)
    assert "Try again in a moment" in app.toast[0].value
    assert button in {other.label for other in app.button}
    assert "export_task" not in app.session_state
