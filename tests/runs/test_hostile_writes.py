"""What is done with a hostile run: it is done or refused in a sentence, and nothing outside the run changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from cvae_core.cli.terminal import messages_into
from cvae_core.errors import CvaeError
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import remove_leftovers
from cvae_core.runs.checkpoints import Checkpoint, publish_checkpoint
from cvae_core.runs.metrics import MetricsWriter, cut_back
from cvae_core.runs.run import Run, all_runs, delete_run
from cvae_core.runs.slots import take_turn
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.runs.status import Status, write_status
from cvae_core.workers import launcher
from tests.runs.examples import some_weights, training
from tests.runs.hostile import World, full_folder, make_world, replaced, weights


def _claim(run: Run) -> None:
    lock.release(launcher.claim(run))


def _take_turn(run: Run) -> None:
    alive = launcher.claim(run)
    try:
        turn = take_turn(run, 1)
        assert turn is not None
        lock.release(turn)
    finally:
        lock.release(alive)


def _log(run: Run) -> None:
    with messages_into(run.log_file):
        os.write(2, b"a message\n")


def _start(run: Run) -> None:
    """Up to the moment at which a process would be started."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        launcher._start_process(run, descriptor)
    finally:
        os.close(descriptor)


def _append(run: Run) -> None:
    with MetricsWriter(run.metrics_file) as writer:
        writer.append(training(4)[-4])


WRITES: dict[str, Callable[[Run], object]] = {
    "claim": _claim,
    "turn": _take_turn,
    "pause": launcher.pause,
    "continue": launcher.unpause,
    "stop": launcher.stop,
    "log": _log,
    "start": _start,
    "status": lambda run: write_status(run.status_file, Status.new(3)),
    "cut": lambda run: cut_back(run.metrics_file, 2, 0),
    "append": _append,
    "snapshot": lambda run: publish_snapshot(run.snapshots_folder, 1, weights(run, 1)),
    "checkpoint": lambda run: publish_checkpoint(run.checkpoints_folder, Checkpoint(4, 0, some_weights(), {})),
    "tidy": lambda run: remove_leftovers(run.snapshots_folder),
    "delete": delete_run,
}
PLACES = (
    "config.json", "status.json", "metrics.jsonl", "lock", "worker.log", "control", "control/pause", "control/stop",
    "snapshots", "snapshots/000001", "snapshots/000001/weights.safetensors", "snapshots/000001/snapshot.json",
    "checkpoints", "checkpoints/000003-00000000", "checkpoints/000003-00000000/state.json", "tensorboard",
    "../.turns", "../.turns/turn-0",
)  # fmt: skip


def stand_ins(world: World, name: str) -> Iterator[tuple[str, Callable[[Path], object]]]:
    copy = world.outside / "run" / name.removeprefix("../")
    copy.mkdir(parents=True, exist_ok=True) if not copy.exists() else None
    yield "a link to a copy", lambda path: path.symlink_to(copy)
    yield "a link to what is not there", lambda path: path.symlink_to(world.outside / "nothing-yet")
    yield "a link to the secret", lambda path: path.symlink_to(world.outside / "secret")
    yield "a folder", Path.mkdir
    yield "a full folder", full_folder
    yield "a file", Path.touch
    yield "a pipe", os.mkfifo


@pytest.fixture(autouse=True)
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are not started here; what is opened for them is."""
    monkeypatch.setattr("cvae_core.workers.launcher.subprocess.Popen", lambda *given, **named: None)
    monkeypatch.setattr("cvae_core.workers.launcher._reap", lambda process: None)
    monkeypatch.setattr(lock.acquire, "__defaults__", (0.0,))


@pytest.mark.parametrize("name", PLACES)
def test_nothing_outside_the_run_is_written(name: str, tmp_path: Path) -> None:
    refused = done = 0
    for number, kind in enumerate(kind for kind, _ in stand_ins(make_world(tmp_path / "names"), name)):
        world = make_world(tmp_path / str(number))
        put = dict(stand_ins(world, name))[kind]
        (world.runs / ".turns").mkdir()
        place = Path(os.path.normpath(world.run.path / name))
        with suppress(FileNotFoundError):
            place.rename(tmp_path / str(number) / "moved")
        put(place)
        before = world.untouched()
        for what, write in WRITES.items():
            try:
                write(world.run)
                done += 1
            except CvaeError as error:
                assert error.problem.endswith(".") and len(str(error)) < 400, what
                refused += 1
            assert world.untouched() == before, (kind, what)
        assert "neighbour" in {run.id for run in all_runs(world.runs)}
    assert done
    print(f"{name}: {done} done, {refused} refused")


@pytest.mark.parametrize("name", ["worker.log", "control/stop", "metrics.jsonl"])
def test_a_pipe_blocks_nobody(name: str, tmp_path: Path) -> None:
    run = make_world(tmp_path).run
    with suppress(FileNotFoundError):
        (run.path / name).unlink()
    os.mkfifo(run.path / name)
    act = {"worker.log": _start, "control/stop": launcher.stop, "metrics.jsonl": _append}[name]
    with pytest.raises(CvaeError, match="could not be written"):
        act(run)


def test_the_log_of_a_worker_follows_no_link(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    replaced(world.run.log_file, lambda path: path.symlink_to(world.outside / "log"))
    for act in (_start, _log):
        with pytest.raises(CvaeError, match="Too many levels of symbolic links"):
            act(world.run)
    assert not (world.outside / "log").exists()
