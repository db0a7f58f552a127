"""Requests to a worker; and turns: first come, first served, and freed however the holder dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.errors import ConfigError, StorageError
from cvae_core.runs import lock
from cvae_core.runs.control import ask, is_asked, max_workers, take_turn, waiting, withdraw, withdraw_all
from cvae_core.runs.run import Run
from cvae_core.runs.status import read_status, write_status
from tests.runs.examples import CONFIG, run_in


class Waiting:
    """A run with a living worker that waits since a moment."""

    def __init__(self, folder: Path, name: str, since: float, config: RunConfig = CONFIG) -> None:
        self.run = run_in(folder, name, config)
        self.alive = lock.acquire(self.run.lock_file)
        self.turn: int | None = None
        self.say("queued", queued_at=since)

    def say(self, state, **changes) -> None:
        write_status(self.run.status_file, replace(read_status(self.run.status_file), state=state, **changes))

    def try_to_start(self, limit: int) -> bool:
        self.turn = take_turn(self.run, limit)
        if self.turn is not None:
            self.say("running")
        return self.turn is not None

    def die(self) -> None:
        for descriptor in (self.alive, self.turn):
            if descriptor is not None:
                lock.release(descriptor)
        self.alive = self.turn = None


@pytest.fixture
def queue(tmp_path: Path):
    members = [Waiting(tmp_path, name, since) for name, since in (("c", 3.0), ("a", 1.0), ("d", 4.0), ("b", 2.0))]
    yield {member.run.id: member for member in members}
    for member in members:
        member.die()


def test_who_asked_first_is_first(tmp_path: Path, queue: dict[str, Waiting]) -> None:
    assert waiting(tmp_path) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_only_as_many_as_allowed_and_in_their_order(queue: dict[str, Waiting], limit: int) -> None:
    started = []
    for name in "dcba" * 4:  # the last in the row always asks first
        if name not in started and queue[name].try_to_start(limit):
            started.append(name)
    assert sorted(started) == list("abcd")[:limit]
    for ended, following in zip("abcd"[: 4 - limit], "abcd"[limit:], strict=True):
        queue[ended].die()
        assert [name for name in "dcba" if name not in started and queue[name].try_to_start(limit)] == [following]
        started.append(following)


def test_small_networks_train_two_at_a_time_and_beside_the_digits(tmp_path: Path, queue: dict[str, Waiting]) -> None:
    toy = preset("torn-manifold")
    small = [Waiting(tmp_path, f"small{number}", float(number), toy) for number in range(3)]
    try:
        assert queue["a"].try_to_start(1)
        assert not small[2].try_to_start(1)
        assert [member.try_to_start(1) for member in small[:2]] == [True, True]
        assert not small[2].try_to_start(1)
        assert not queue["b"].try_to_start(1)
        small[0].die()
        assert small[2].try_to_start(1)
    finally:
        for member in small:
            member.die()


def test_a_dead_run_in_the_row_blocks_nobody(tmp_path: Path, queue: dict[str, Waiting]) -> None:
    queue["a"].die()
    assert waiting(tmp_path) == ["b", "c", "d"]
    assert queue["b"].try_to_start(1)


@pytest.mark.parametrize("state", ["paused", "running", "finished", "stopped", "failed"])
def test_a_run_that_does_not_wait_blocks_nobody(tmp_path: Path, queue: dict[str, Waiting], state: str) -> None:
    queue["a"].say(state)
    assert waiting(tmp_path) == ["b", "c", "d"]


def test_a_broken_run_in_the_row_blocks_nobody(tmp_path: Path, queue: dict[str, Waiting]) -> None:
    queue["a"].run.status_file.write_text("broken")
    assert waiting(tmp_path) == ["b", "c", "d"]
    assert queue["b"].try_to_start(1)


def test_the_turn_of_a_killed_worker_is_freed(tmp_path: Path, queue: dict[str, Waiting]) -> None:
    code = (
        "import sys, time; from pathlib import Path; from cvae_core.runs.control import take_turn; "
        "from cvae_core.runs.run import Run; print(take_turn(Run(Path(sys.argv[1])), 1), flush=True); "
        "time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(queue["a"].run.path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as worker:
        assert worker.stdout is not None and worker.stdout.readline().strip().isdigit()
        queue["a"].say("running")
        assert not queue["b"].try_to_start(1)
        worker.send_signal(signal.SIGKILL)
    assert queue["b"].try_to_start(1)


def test_a_run_that_never_asked_gets_no_turn(tmp_path: Path) -> None:
    assert take_turn(run_in(tmp_path, "dead"), 1) is None
    assert take_turn(Run(tmp_path / "nothing"), 1) is None


def test_turns_that_cannot_be_kept_are_told(tmp_path: Path, queue: dict[str, Waiting]) -> None:
    (tmp_path / ".turns").touch()
    with pytest.raises(StorageError, match=r"\.turns could not be written"):
        queue["a"].try_to_start(1)


@pytest.mark.parametrize(("text", "number"), [(None, 1), ("1", 1), ("2", 2), ("64", 64), ("08", 8)])
def test_the_number_of_workers(monkeypatch: pytest.MonkeyPatch, text: str | None, number: int) -> None:
    monkeypatch.delenv("CVAE_MAX_WORKERS", raising=False)
    if text is not None:
        monkeypatch.setenv("CVAE_MAX_WORKERS", text)
    assert max_workers() == number


@pytest.mark.parametrize("text", ["", "0", "65", "1.5", "many", "²", "9" * 5000])
def test_a_number_of_workers_that_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CVAE_MAX_WORKERS", text)
    with pytest.raises(
        ConfigError, match=r"^CVAE_MAX_WORKERS is .*; expected a whole number from 1 to 64\.$"
    ) as caught:
        max_workers()
    assert len(str(caught.value)) < 150


def test_turns_follow_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "runs"
    waiting_run = Waiting(folder, "run", 1.0)
    (folder / ".turns").symlink_to(outside)
    with pytest.raises(StorageError, match="is a link, which may lead elsewhere"):
        take_turn(waiting_run.run, 1)
    (folder / ".turns").unlink()
    (folder / ".turns").mkdir()
    (folder / ".turns" / "turn-0").symlink_to(outside / "new")
    with pytest.raises(StorageError, match="turn-0 could not be written"):
        take_turn(waiting_run.run, 1)
    assert list(outside.iterdir()) == []
    waiting_run.die()


def test_a_request_stands_until_it_is_withdrawn(tmp_path: Path) -> None:
    folder = tmp_path / "control"
    assert not is_asked(folder, "pause")
    ask(folder, "pause")
    ask(folder, "pause")
    assert is_asked(folder, "pause") and not is_asked(folder, "stop")
    withdraw(folder, "pause")
    withdraw(folder, "pause")
    assert not is_asked(folder, "pause")


def test_all_requests_are_withdrawn_at_once(tmp_path: Path) -> None:
    ask(tmp_path, "pause")
    ask(tmp_path, "stop")
    withdraw_all(tmp_path)
    assert list(tmp_path.iterdir()) == []
    withdraw_all(tmp_path / "nothing")


def test_a_request_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "control").touch()
    with pytest.raises(StorageError, match="control could not be written"):
        ask(tmp_path / "control", "stop")
    assert not is_asked(tmp_path / "control", "stop")
    with pytest.raises(StorageError):
        ask(tmp_path / "nothing" / "control", "stop")


def test_a_request_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pause").touch()
    linked, own = tmp_path / "linked", tmp_path / "own"
    linked.symlink_to(outside)
    own.mkdir()
    (own / "stop").symlink_to(outside / "new")
    assert not is_asked(linked, "pause")
    for act in (lambda: ask(linked, "stop"), lambda: withdraw(linked, "pause"), lambda: ask(own, "stop")):
        with pytest.raises(StorageError, match=r"is a link|Too many levels of symbolic links"):
            act()
    withdraw(own, "stop")
    assert [path.name for path in outside.iterdir()] == ["pause"]
    assert list(own.iterdir()) == []
