"""The state of a run: written, read, observed; and every way in which its file can be damaged."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae_core.errors import RunDamagedError
from cvae_core.runs.checksums import seal
from cvae_core.runs.status import (
    Status,
    WrittenState,
    observed_state,
    queued_again,
    read_status,
    write_status,
)
from tests.runs.examples import held

RUNNING = Status("running", 10, 4, 60, 120, 1e5, 9.0, 1e9, 1e9, 1e9, remaining_seconds=11.0)
states = st.sampled_from(get_args(WrittenState))
seconds = st.floats(0.0, 1e12)


@st.composite
def statuses(draw: st.DrawFn) -> Status:
    epochs, steps = draw(st.integers(1, 100_000)), draw(st.integers(0, 10**6))
    epoch, step = draw(st.integers(0, epochs)), draw(st.integers(0, steps))
    moments = [draw(seconds) for _ in range(5)]
    remaining = draw(st.none() | seconds)
    return Status(draw(states), epochs, epoch, step, steps, *moments, draw(st.text()), draw(st.text()), remaining)


@given(statuses())
@settings(deadline=None, max_examples=50)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, status: Status) -> None:
    path = tmp_path_factory.getbasetemp() / "status.json"
    before = time.time()
    write_status(path, status)
    found = read_status(path)
    assert replace(found, updated_at=0.0) == replace(status, updated_at=0.0)
    assert before - 1.0 <= found.updated_at <= time.time() + 1.0
    assert 0.0 <= found.progress <= 1.0


@pytest.mark.parametrize("state", get_args(WrittenState))
@pytest.mark.parametrize("is_locked", [True, False])
def test_the_lock_tells_who_lives_and_the_status_how_it_ended(tmp_path: Path, state: Any, is_locked: bool) -> None:
    write_status(tmp_path / "status.json", Status(state, 10))
    if is_locked:
        with held(tmp_path / "lock"):
            observed, status = observed_state(tmp_path / "lock", tmp_path / "status.json")
        assert observed == state
    else:
        observed, status = observed_state(tmp_path / "lock", tmp_path / "status.json")
        assert observed == (state if state in ("finished", "stopped", "failed") else "interrupted")
    assert status.state == state


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"\0" * 100, "is not valid JSON"),
        (b"running", "is not valid JSON"),
        (b"[" * 60_000, "is not valid JSON"),
        (b"[]", "should be a JSON object"),
        (b"null", "should be a JSON object"),
        (b"{}", "no valid schema_version"),
        (b'{"schema_version": 2}', "of schema version 2; this software reads up to 1. Update the software"),
        (b'{"schema_version": 1}', "does not match its checksum"),
        (seal({"schema_version": 1}), "no valid state"),
        (seal({"schema_version": 1, "epochs": 3}).rstrip(), "does not match its checksum"),
        (seal({"schema_version": 1, **asdict(Status.new(3)), "problem": "\ud800"}), "is not valid JSON"),
        (b"x" * (64 * 2**10 + 1), "is larger than 64 KiB"),
    ],
)
def test_a_file_that_is_no_status_says_why(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(content)
    with pytest.raises(RunDamagedError) as caught:
        read_status(path)
    assert str(caught.value).startswith("The status of the run ")
    assert sentence in str(caught.value)


BAD_VALUES: list[tuple[str, Any]] = [
    ("state", "resting"), ("state", "interrupted"), ("state", None), ("epochs", 0), ("epochs", 10.0), ("epochs", "10"),
    ("epochs", True), ("epoch", -1), ("epoch", 11), ("epoch", None), ("step", -1), ("step", 121),
    ("images_per_second", float("nan")), ("images_per_second", float("inf")), ("seconds", "9"), ("seconds", False),
    ("queued_at", None), ("problem", None), ("advice", 7),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD_VALUES)
def test_a_value_that_no_worker_can_mean_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    path = tmp_path / "status.json"
    path.write_bytes(seal({"schema_version": 1, **asdict(RUNNING), name: value}, allow_nan=True))
    with pytest.raises(RunDamagedError, match=r"^The status of the run .*\(status\.json\)\."):
        read_status(path)


def test_a_status_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    values = {"schema_version": 1, **asdict(RUNNING), "config_sha256": "ab" * 32}
    del values["remaining_seconds"]
    (tmp_path / "status.json").write_bytes(seal(values))
    assert read_status(tmp_path / "status.json") == replace(RUNNING, remaining_seconds=None)


@pytest.mark.parametrize(
    "make", [lambda path: None, Path.mkdir, lambda path: path.symlink_to("/etc/hostname"), os.mkfifo]
)
def test_what_is_no_file_is_damaged(tmp_path: Path, make) -> None:
    make(tmp_path / "status.json")
    with pytest.raises(RunDamagedError, match=r"is missing|cannot be read"):
        read_status(tmp_path / "status.json")


def test_a_reader_never_sees_half_a_status(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    write_status(path, replace(RUNNING, epoch=0))
    ended = threading.Event()

    def write_many() -> None:
        for epoch in range(150):
            write_status(path, replace(RUNNING, epochs=150, epoch=epoch, problem="x" * 997 * (epoch % 9)))
        ended.set()

    writer = threading.Thread(target=write_many)
    writer.start()
    seen = []
    while not ended.is_set():
        seen.append(read_status(path).epoch)
    writer.join()
    assert seen == sorted(seen)
    assert [place.name for place in tmp_path.iterdir()] == ["status.json"]


def test_progress() -> None:
    assert RUNNING.progress == pytest.approx(0.45)
    assert Status.new(5).progress == 0.0
    assert Status("running", 10, 10, 120, 120).progress == 1.0


def test_asking_again_keeps_what_was_reached_and_forgets_the_error() -> None:
    failed = replace(RUNNING, state="failed", problem="The disk is full.", advice="Free some space.")
    before = time.monotonic()
    again = queued_again(failed)
    assert (again.state, again.problem, again.advice, again.images_per_second) == ("queued", "", "", 0.0)
    assert again.remaining_seconds is None
    assert (again.epoch, again.step, again.seconds, again.created_at) == (4, 60, 9.0, 1e9)
    assert before <= again.queued_at <= time.monotonic()


def test_a_clock_that_is_set_back_changes_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    first = queued_again(RUNNING)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert first.queued_at < Status.new(5).queued_at < queued_again(RUNNING).queued_at
