"""The bin: what is deleted comes back whole, two servers leave each other's bins alone, a dead one's is swept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cvae_core.errors import RunBusyError, RunError, RunNotFoundError
from cvae_core.runs.run import all_runs
from cvae_core.runs.storage import BINS, Trash
from tests.runs.examples import held, run_in

SERVER = """
import sys
from pathlib import Path
from cvae_core.runs.storage import Trash
from cvae_core.runs.run import open_run
folder = Path(sys.argv[1])
bin_ = Trash(folder)
bin_.put(open_run(folder, sys.argv[2]))
print("deleted", flush=True)
sys.stdin.read()
"""


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def deleted_runs(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / BINS).glob("*/*/*"))


def test_what_was_deleted_is_out_of_sight_and_comes_back_whole(tmp_path: Path) -> None:
    run, bin_ = run_in(tmp_path), Trash(tmp_path)
    before = files(run.path)
    deleted = bin_.put(run)
    assert all_runs(tmp_path) == []
    assert deleted_runs(tmp_path) == ["run"]
    assert bin_.restore(deleted) == run
    assert files(run.path) == before
    assert deleted_runs(tmp_path) == []


def test_what_was_removed_does_not_come_back(tmp_path: Path) -> None:
    bin_ = Trash(tmp_path)
    deleted = bin_.put(run_in(tmp_path))
    bin_.remove(deleted)
    bin_.remove(deleted)
    assert deleted_runs(tmp_path) == []
    with pytest.raises(RunNotFoundError, match="for good"):
        bin_.restore(deleted)


def test_one_name_deleted_twice(tmp_path: Path) -> None:
    bin_ = Trash(tmp_path)
    first, second = bin_.put(run_in(tmp_path)), bin_.put(run_in(tmp_path))
    assert deleted_runs(tmp_path) == ["run", "run"]
    bin_.restore(second)
    with pytest.raises(RunError, match="another run named run"):
        bin_.restore(first)
    assert first.path.is_dir()


def test_a_run_that_trains_is_not_deleted(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    with held(run.lock_file), pytest.raises(RunBusyError):
        Trash(tmp_path).put(run)
    assert run.path.is_dir()


def test_nothing_is_written_before_something_is_deleted(tmp_path: Path) -> None:
    bin_ = Trash(tmp_path)
    bin_.sweep()
    Trash(tmp_path / "missing").sweep()
    assert list(tmp_path.iterdir()) == []


def test_two_servers_leave_each_other_alone(tmp_path: Path) -> None:
    one, two = Trash(tmp_path), Trash(tmp_path)
    first, second = one.put(run_in(tmp_path, "a")), two.put(run_in(tmp_path, "b"))
    one.sweep()
    two.sweep()
    assert deleted_runs(tmp_path) == ["a", "b"]
    one.restore(first)
    two.restore(second)
    assert {run.id for run in all_runs(tmp_path)} == {"a", "b"}


def test_what_a_killed_server_left_is_swept_and_not_before(tmp_path: Path) -> None:
    run_in(tmp_path, "lost")
    command = [sys.executable, "-c", SERVER, str(tmp_path), "lost"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "deleted\n"
        Trash(tmp_path).sweep()
        assert deleted_runs(tmp_path) == ["lost"]
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    Trash(tmp_path).sweep()
    assert deleted_runs(tmp_path) == []


def test_an_interrupted_deletion_is_finished_and_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    runs = tmp_path / "runs"
    (runs / BINS).mkdir(parents=True)
    (runs / ".tmp-deleted-old-abcd" / "snapshots").mkdir(parents=True)
    (runs / ".tmp-deleted-link").symlink_to(outside)
    (runs / BINS / "linked").symlink_to(outside)
    Trash(runs).sweep()
    assert not (runs / ".tmp-deleted-old-abcd").exists()
    assert (outside / "precious").exists()


def test_bins_that_are_a_link_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    runs = tmp_path / "runs"
    run = run_in(runs)
    (runs / BINS).symlink_to(outside)
    Trash(runs).sweep()
    with pytest.raises(RunError, match="link"):
        Trash(runs).put(run)
    assert run.path.is_dir()
    assert [path.name for path in outside.iterdir()] == ["folder"]
