"""File systems that cannot lock: runs can be looked at and described, and training says where to put them."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cvae_core.errors import StorageError
from cvae_core.runs import lock
from cvae_core.runs.run import Run, create_run, delete_run
from cvae_core.runs.status import observed_state, read_about, read_status, write_about, write_status
from cvae_core.runs.storage import move_to_trash
from cvae_core.runs.summary import describe, overviews
from cvae_core.workers.launcher import Launcher
from tests.runs.examples import CONFIG, run_in

REFUSED = r"^The file system of \S+ cannot lock files\. .* \(--runs or CVAE_RUNS\)\.$"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that came from elsewhere, where it was being trained."""
    made = run_in(tmp_path / "runs")
    descriptor = lock.acquire(made.lock_file)
    assert descriptor is not None
    lock.release(descriptor)
    write_status(
        made.status_file, replace(read_status(made.status_file), state="running", epoch=3, images_per_second=9.0)
    )
    return made


@pytest.fixture(params=[errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def no_locks(request: pytest.FixtureRequest, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_a_run_is_what_its_status_says(run: Run, no_locks: None) -> None:
    assert observed_state(run.lock_file, run.status_file)[0] == "running"
    assert [(item.state, item.problem) for item in overviews(run.path.parent)] == [("running", "")]
    assert describe(run)["state"] == "running"


def test_a_run_gets_a_name(run: Run, no_locks: None) -> None:
    write_about(run.about_file, "mine", "")
    assert read_about(run.about_file).name == "mine"


def test_training_is_refused_and_leaves_nothing(run: Run, no_locks: None) -> None:
    with pytest.raises(StorageError, match=REFUSED):
        create_run(run.path.parent, CONFIG, "second")
    with pytest.raises(StorageError, match=REFUSED):
        Launcher().resume(run)
    assert [path.name for path in run.path.parent.iterdir()] == ["run"]
    assert read_status(run.status_file).state == "running"


@pytest.mark.parametrize("delete", [delete_run, move_to_trash])
def test_nothing_is_deleted_that_may_be_in_use(run: Run, no_locks: None, delete: Callable[[Run], object]) -> None:
    with pytest.raises(StorageError, match=REFUSED):
        delete(run)
    assert run.path.is_dir()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EIO, errno.EACCES])
def test_a_lock_that_cannot_be_opened_is_not_taken_for_free(
    run: Run, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    system_open = os.open

    def refuse(path: str | Path, *rest: int, **more: int) -> int:
        if Path(path) == run.lock_file:
            raise OSError(number, os.strerror(number), str(path))
        return system_open(path, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    assert lock.is_held(run.lock_file) is None
    assert observed_state(run.lock_file, run.status_file)[0] == "running"
