"""Work in a process of its own: it reports, tells how far it is, fails in words, and ends when nobody wants it."""

from __future__ import annotations

import gc
import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from cvae_core.errors import CvaeError, StoppedError
from cvae_core.tasks import Task

MODULE = "tests.task_examples"
ENDLESS = {"steps": 100_000, "seconds": 0.01, "number": 1}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1]))


def until(condition: object, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def children() -> set[str]:
    """Process ids of this process's living children."""
    found: set[str] = set()
    for thread in Path(f"/proc/{os.getpid()}/task").iterdir():
        with suppress(OSError):  # a thread may end meanwhile
            found |= set((thread / "children").read_text().split())
    return found


def test_an_task_reports_and_tells_how_far_it_is() -> None:
    task = Task(MODULE, {"steps": 3, "number": 21})
    assert task.report() == {"twice": 42}
    assert (task.done, task.total, task.ended) == (3, 3, True)
    assert task.seconds_left == 0.0


def test_the_time_left_is_told_once_the_pace_is_known() -> None:
    with Task(MODULE, {"steps": 1000, "seconds": 0.05, "number": 1}) as task:
        until(lambda: task.done >= 10)
        assert task.seconds_left is None
        until(lambda: task.seconds_left is not None)
        assert task.seconds_left == pytest.approx(0.05 * (1000 - task.done), rel=0.7)


def test_a_broken_plugin_fails_the_task_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVAE_PLUGINS", "tests.not_there")
    with pytest.raises(CvaeError, match=r"plug-in tests\.not_there could not be imported"):
        Task(MODULE, {"steps": 1, "number": 1}).report()


@pytest.mark.parametrize(
    ("fail", "kind", "words"),
    [
        ("ours", CvaeError, "The data are gone. Bring them back."),
        ("disk", OSError, "No space left"),
        ("memory", CvaeError, "not enough memory"),
        ("killed", CvaeError, "ended by SIGABRT, as happens when memory runs out"),
        ("unexpected", CvaeError, "ended unexpectedly"),
    ],
)
def test_what_fails_is_told_to_who_waits(fail: str, kind: type[Exception], words: str) -> None:
    task = Task(MODULE, {"steps": 1, "number": 1, "fail": fail})
    with pytest.raises(kind, match=words):
        task.report()


def test_a_stopped_task_ends_soon_and_says_so() -> None:
    task = Task(MODULE, ENDLESS)
    until(lambda: task.done > 0)
    assert not task.is_stopped
    task.stop()
    assert task.is_stopped
    task.wait(20)
    assert task.ended
    with pytest.raises(StoppedError):
        task.report()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")
def test_an_task_that_nobody_holds_ends_and_leaves_no_zombie() -> None:
    before = children()
    held = [Task(MODULE, ENDLESS)]
    until(lambda: held[0].done > 0)
    new = children() - before
    assert new
    held.clear()
    gc.collect()
    until(lambda: not new & children())
