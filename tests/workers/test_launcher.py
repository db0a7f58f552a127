"""Workers as processes: started, watched, asked, killed and resumed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from cvae_core.errors import RunBusyError, RunError
from cvae_core.runs.metrics import read_history
from cvae_core.runs.run import Run, delete_run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from cvae_core.workers import launcher as jobs
from cvae_core.workers.launcher import Launcher
from tests.living_workers import small_config, wait_for, worker_pid, worker_pids

pytestmark = pytest.mark.slow


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    starts_workers = Launcher()
    yield starts_workers
    starts_workers.close()


@pytest.fixture
def started(launcher: Launcher, tmp_path: Path) -> Iterator[list[Run]]:
    """Runs that the test starts; whatever still lives at its end is killed."""
    runs: list[Run] = []
    yield runs
    for run in runs:
        for pid in worker_pids(run):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_reads_as_interrupted_and_resume_equals_an_undisturbed_run(
    launcher: Launcher, started: list[Run], tmp_path: Path
) -> None:
    # So many that a fast machine that was busy elsewhere for a second does not miss the moment to kill it.
    config = small_config(epochs=240, snapshot_schedule="every", snapshot_every=80)
    disturbed = launcher.start(tmp_path / "a", config, "disturbed")
    started.append(disturbed)
    wait_for(disturbed, lambda state, status: status.epoch >= 3)
    jobs.pause(disturbed)
    wait_for(disturbed, lambda state, status: state == "paused", 5)
    jobs.unpause(disturbed)
    _, paused = wait_for(disturbed, lambda state, status: state == "running")
    wait_for(disturbed, lambda state, status: status.epoch >= paused.epoch + 3)
    os.kill(worker_pid(disturbed), signal.SIGKILL)
    wait_for(disturbed, lambda state, status: state == "interrupted", 3)

    launcher.resume(disturbed)
    undisturbed = launcher.start(tmp_path / "b", config, "undisturbed")
    started.append(undisturbed)
    for run in (disturbed, undisturbed):
        wait_for(run, lambda state, status: state == "finished", 120)
        assert snapshot_epochs(run.snapshots_folder) == [0, 80, 160, 240]
        assert [record.epoch for record in read_history(run.metrics_file).epochs] == list(range(1, 241))
    assert read_history(disturbed.metrics_file).begins[1].epoch >= 3
    for epoch in (0, 80, 160, 240):
        ours, theirs = (load_snapshot(run.snapshots_folder, epoch) for run in (disturbed, undisturbed))
        for name, weight in theirs.items():
            np.testing.assert_array_equal(ours[name], weight)


@pytest.mark.alone
def test_stop_ends_within_a_second_and_keeps_what_was_learnt(
    launcher: Launcher, started: list[Run], tmp_path: Path
) -> None:
    run = launcher.start(tmp_path, small_config(epochs=100_000), "long")
    started.append(run)
    _, before = wait_for(run, lambda state, status: status.epoch >= 3)
    with pytest.raises(RunBusyError):
        delete_run(run)
    with pytest.raises(RunBusyError):
        launcher.resume(run)
    began = time.monotonic()
    jobs.stop(run)
    wait_for(run, lambda state, status: state == "stopped", 5)
    assert time.monotonic() - began < 1.0
    launcher.resume(run)
    wait_for(run, lambda state, status: len(read_history(run.metrics_file).begins) == 2)
    assert read_history(run.metrics_file).begins[1].epoch >= before.epoch
    jobs.stop(run)
    wait_for(run, lambda state, status: state == "stopped")
    delete_run(run)
    assert not run.path.exists()


@pytest.mark.faults
def test_a_second_training_waits_for_its_turn_and_starts_by_itself(
    launcher: Launcher, started: list[Run], tmp_path: Path
) -> None:
    first = launcher.start(tmp_path, small_config(epochs=100_000), "first")
    wait_for(first, lambda state, status: state == "running")
    second = launcher.start(tmp_path, small_config(epochs=2), "second")
    started += [first, second]
    wait_for(first, lambda state, status: status.epoch >= 2)
    assert wait_for(second, lambda state, status: True)[0] == "queued"
    jobs.stop(first)
    wait_for(second, lambda state, status: state == "finished")


@pytest.mark.faults
def test_a_paused_training_lets_another_have_its_turn(launcher: Launcher, started: list[Run], tmp_path: Path) -> None:
    first = launcher.start(tmp_path, small_config(epochs=100_000), "first")
    started.append(first)
    wait_for(first, lambda state, status: status.epoch >= 1)
    jobs.pause(first)
    second = launcher.start(tmp_path, small_config(epochs=2), "second")
    started.append(second)
    wait_for(second, lambda state, status: state == "finished")
    assert wait_for(first, lambda state, status: True)[0] == "paused"
    jobs.stop(first)
    wait_for(first, lambda state, status: state == "stopped", 5)


@pytest.mark.faults
def test_a_warm_spare_takes_a_run_and_ends_with_its_launcher(
    launcher: Launcher, started: list[Run], tmp_path: Path
) -> None:
    launcher.keep_spare()
    run = launcher.start(tmp_path, small_config(epochs=2), "warm")
    wait_for(run, lambda state, status: state == "finished")
    assert worker_pids(run) == []
    launcher.keep_spare()
    spare = launcher._spare
    assert spare is not None
    launcher.close()
    assert spare._process.wait(timeout=30) == 0


def test_a_finished_run_cannot_be_resumed(launcher: Launcher, tmp_path: Path) -> None:
    run = launcher.start(tmp_path, small_config(epochs=1), "short")
    wait_for(run, lambda state, status: state == "finished")
    with pytest.raises(RunError, match="nothing to resume"):
        launcher.resume(run)


@pytest.mark.faults
def test_a_worker_obeys_after_its_launcher_is_gone(tmp_path: Path, started: list[Run]) -> None:
    run = Launcher().start(tmp_path, small_config(epochs=100_000), "orphan")
    started.append(run)
    wait_for(run, lambda state, status: status.epoch >= 1)
    os.kill(worker_pid(run), signal.SIGTERM)
    wait_for(run, lambda state, status: state == "stopped", 5)
