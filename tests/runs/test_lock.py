"""The lock that tells whether a worker lives, across real processes."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cvae_core.errors import StorageError
from cvae_core.runs import lock
from tests.runs.examples import held

# Only what is needed: the processes of these tests should start quickly.
HOLD = "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True)"
WAIT = "; time.sleep(60)"
LAUNCH = (
    "import fcntl, subprocess, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], pass_fds=[f.fileno()], "
    "start_new_session=True, stdout=subprocess.DEVNULL); print(child.pid, flush=True)"
)


@contextmanager
def process(code: str, path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs some code, and the first line that it printed."""
    path.touch()
    child = subprocess.Popen([sys.executable, "-S", "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield child, child.stdout.readline().strip()
    finally:
        child.kill()
        child.communicate()


def is_soon_free(path: Path) -> bool:
    deadline = time.monotonic() + 5.0
    while lock.is_held(path) and time.monotonic() < deadline:
        time.sleep(0.005)
    return not lock.is_held(path)


def test_a_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not lock.is_held(path)
    with held(path):
        assert lock.is_held(path)
        assert lock.acquire(path, patience=0.0) is None
    assert not lock.is_held(path)
    assert path.read_bytes() == b""


def test_another_process_that_holds_the_lock_is_seen_and_its_sudden_death_too(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with process(HOLD + WAIT, path) as (child, said):
        assert said == "held"
        assert lock.is_held(path)
        assert lock.acquire(path, patience=0.0) is None
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert not lock.is_held(path)
        with held(path):
            assert lock.is_held(path)


def test_a_lock_that_was_handed_over_outlives_its_launcher(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with process(LAUNCH, path) as (launcher, worker):
        launcher.wait()
        try:
            assert lock.is_held(path)
        finally:
            os.kill(int(worker), signal.SIGKILL)
        assert is_soon_free(path)


def test_our_own_locks_are_handed_over_only_on_purpose(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    descriptor = lock.acquire(path)
    assert descriptor is not None
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    lock.release(descriptor)
    try:
        assert not lock.is_held(path)
    finally:
        child.kill()
        child.wait()


def test_patience_waits_for_a_lock_that_is_freed_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with process(HOLD + "; time.sleep(0.2)", path):
        descriptor = lock.acquire(path, patience=5.0)
        assert descriptor is not None
        lock.release(descriptor)


def test_readers_do_not_take_each_other_for_a_worker(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with process(HOLD.replace("LOCK_EX", "LOCK_SH") + WAIT, path):
        assert not lock.is_held(path)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(path.parent / "outside")])
def test_what_is_no_file_cannot_be_locked_and_is_held_by_nobody(tmp_path: Path, make) -> None:
    make(tmp_path / "lock")
    assert not lock.is_held(tmp_path / "lock")
    with pytest.raises(StorageError, match="lock could not be written"):
        lock.acquire(tmp_path / "lock")
    assert not (tmp_path / "outside").exists()


def test_a_lock_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        lock.acquire(tmp_path / "nothing" / "lock")


def test_a_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    before = len(list(Path("/dev/fd").iterdir()))
    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StorageError, match=r"cannot lock files\. .*\(--runs or CVAE_RUNS\)"):
        lock.acquire(tmp_path / "lock")
    assert lock.is_held(tmp_path / "lock") is None
    assert len(list(Path("/dev/fd").iterdir())) == before
