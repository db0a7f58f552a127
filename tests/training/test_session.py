"""A training from claim to end, in this process: what it writes, how it fails, and how it goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cvae_core.errors import StorageError
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs import lock
from cvae_core.runs.control import ask
from cvae_core.runs.metrics import MetricsReader, read_history
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from cvae_core.runs.status import Status, observed_state
from cvae_core.runs.summary import followed_history
from cvae_core.training import session
from cvae_core.training.writer import RecentSpeed
from cvae_core.workers.launcher import claim
from tests.living_workers import small_config

Observer = Callable[[Status, StepRecord | EpochRecord | None], None]


def trained(run: Run, observe: Observer | None = None) -> Status:
    """Train a run as its worker would, holding its lock."""
    descriptor = claim(run)
    try:
        return session.work(run, observe or (lambda status, record: None), lambda: False)
    finally:
        lock.release(descriptor)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    def new(name: str = "run", **settings: Any) -> Run:
        return create_run(tmp_path / "runs", small_config(**settings), name)

    yield new


def test_a_training_writes_its_whole_history(make: Callable[..., Run]) -> None:
    run = make(epochs=3, snapshot_schedule="every", snapshot_every=2)
    status = trained(run)
    assert (status.state, status.epoch, status.progress) == ("finished", 3, 1.0)
    assert observed_state(run.lock_file, run.status_file)[0] == "finished"
    history = read_history(run.metrics_file)
    assert [record.epoch for record in history.epochs] == [1, 2, 3]
    assert [record.step for record in history.steps if record.epoch == 3][-1] == 5
    assert len(history.begins[0].data_sha256) == 64
    assert snapshot_epochs(run.snapshots_folder) == [0, 2, 3]
    for record in history.epochs:
        assert record.test.loss == pytest.approx(record.test.reconstruction + record.test.kl)
        assert record.test.kl == pytest.approx(sum(record.test.kl_per_dimension))


def test_tensorboard_finds_the_scalars_of_every_epoch(make: Callable[..., Run]) -> None:
    run = make(epochs=2)
    trained(run)
    (file,) = run.tensorboard_folder.glob("*tfevents*")
    events = [tf.compat.v1.Event.FromString(raw.numpy()) for raw in tf.data.TFRecordDataset(str(file))]
    assert events[0].file_version == "brain.Event:2"
    found = {(event.step, value.tag): value.simple_value for event in events for value in event.summary.value}
    for record in read_history(run.metrics_file).epochs:
        assert found[record.epoch, "test/loss"] == pytest.approx(record.test.loss, rel=1e-6)
        assert found[record.epoch, "test_kl_per_dimension/1"] == pytest.approx(
            record.test.kl_per_dimension[1], rel=1e-6
        )


def test_a_loss_that_is_no_number_fails_the_run_and_keeps_its_snapshots(make: Callable[..., Run]) -> None:
    run = make(epochs=50, learning_rate=1.0, batch_normalization="none", dropout_rate=0.0, hidden_widths=(64, 64))
    status = trained(run)
    assert status.state == "failed"
    assert "NaN or infinite in epoch" in status.problem
    assert "learning rate" in status.advice
    assert 0 in snapshot_epochs(run.snapshots_folder)
    assert observed_state(run.lock_file, run.status_file)[1].problem == status.problem


def test_a_full_disk_fails_the_run_with_one_sentence(make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(epochs=5, snapshot_schedule="every", snapshot_every=1)
    publish = session_writer_publish()

    def full(folder: Path, epoch: int, *rest: Any) -> None:
        if epoch == 2:
            raise StorageError("The disk is full.", "Free some space.")
        publish(folder, epoch, *rest)

    monkeypatch.setattr("cvae_core.training.writer.publish_snapshot", full)
    status = trained(run)
    assert (status.state, status.problem, status.advice) == ("failed", "The disk is full.", "Free some space.")
    assert snapshot_epochs(run.snapshots_folder) == [0, 1]
    monkeypatch.undo()
    assert trained(run).state == "finished"
    assert snapshot_epochs(run.snapshots_folder) == [0, 1, 2, 3, 4, 5]


def test_the_status_goes_back_before_the_metrics_do(make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(epochs=100_000)
    epochs: list[int] = []
    descriptor = claim(run)
    try:
        stop = session.work(run, lambda status, record: epochs.append(status.epoch), lambda: epochs[-1:] >= [3])
    finally:
        lock.release(descriptor)
    assert stop.state == "stopped" and stop.epoch >= 3
    shutil.rmtree(run.checkpoints_folder)

    def dies(path: Path, epoch: int, step: int) -> None:
        raise StorageError("The machine was switched off.")

    monkeypatch.setattr("cvae_core.training.writer.cut_back", dies)
    assert trained(run).state == "failed"
    status = observed_state(run.lock_file, run.status_file)[1]
    assert (status.epoch, status.step) == (0, 0)
    assert followed_history(run, MetricsReader(run.metrics_file))[0].position >= (stop.epoch, stop.step)


def session_writer_publish() -> Callable[..., None]:
    from cvae_core.training import writer

    return writer.publish_snapshot


def test_an_unexpected_error_fails_the_run_and_is_logged(
    make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("a cable is loose")

    monkeypatch.setattr(session, "load_dataset", broken)
    status = trained(make())
    assert status.state == "failed"
    assert "worker.log" in status.advice
    assert "a cable is loose" in caplog.text


def test_a_run_does_not_go_on_with_other_data(make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    run = make(epochs=100)
    stop_after(run, epochs=1)
    load = session.load_dataset
    monkeypatch.setattr(session, "load_dataset", lambda config: replace(load(config), sha256="f" * 64))
    status = trained(run)
    assert status.state == "failed"
    assert "other data" in status.problem


def stop_after(run: Run, epochs: int, steps: int = 0) -> Status:
    """Train until a point, then ask for a stop as a page does."""

    def observe(status: Status, record: StepRecord | EpochRecord | None) -> None:
        if (status.epoch, status.step) >= (epochs, steps):
            ask(run.control_folder, "stop")

    return trained(run, observe)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_stopped_training_goes_on_as_if_it_had_never_stopped(steps: int, make: Callable[..., Run]) -> None:
    stopped, whole = make("stopped", epochs=4), make("whole", epochs=4)
    status = stop_after(stopped, 2, steps)
    assert status.state == "stopped"
    assert status.epoch == 2
    assert trained(stopped).state == trained(whole).state == "finished"
    for epoch in snapshot_epochs(whole.snapshots_folder):
        ours, theirs = (load_snapshot(run.snapshots_folder, epoch) for run in (stopped, whole))
        for name, weight in theirs.items():
            np.testing.assert_array_equal(ours[name], weight)
    ours_then, theirs_then = (read_history(run.metrics_file).epochs for run in (stopped, whole))
    for one, other in zip(ours_then, theirs_then, strict=True):
        assert (one.train, one.test) == (other.train, other.test)


def test_a_run_that_waits_can_be_stopped(make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "take_turn", lambda run, limit: None)
    run = make()
    descriptor = claim(run)
    try:
        asked = iter([False, False, True])
        status = session.work(run, lambda status, record: None, lambda: next(asked))
    finally:
        lock.release(descriptor)
    assert status.state == "stopped"


@pytest.mark.parametrize(("seconds", "least", "most"), [(0.0, 10, 100), (1e9, 2, 2)])
def test_progress_is_written_so_often_and_whole_at_the_end(
    seconds: float, least: int, most: int, make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Status] = []
    write = session.write_status

    def noted(path: Path, status: Status, durable: bool = False) -> None:
        written.append(status)
        write(path, status, durable)

    monkeypatch.setattr(session, "write_status", noted)
    monkeypatch.setattr(session, "_STATUS_SECONDS", seconds)
    told: list[Status] = []
    run = make(epochs=4)
    status = trained(run, lambda status, record: told.append(status))
    assert least <= len(written) <= most
    assert [written[0].state, written[-1].state] == ["running", "finished"]
    assert {one.epoch for one in told} == {0, 1, 2, 3, 4}
    assert observed_state(run.lock_file, run.status_file)[1].epoch == status.epoch == 4


def disturbed(run: Run, *damages: Callable[[Run], object]) -> tuple[Status, list[str]]:
    """Train a run to its end after some damage; its last status, and what was told."""
    for damage in damages:
        damage(run)
    notes: list[str] = []
    descriptor = claim(run)
    try:
        return session.work(run, lambda status, record: None, lambda: False, notes.append), notes
    finally:
        lock.release(descriptor)


def cut_metrics(run: Run) -> None:
    os.truncate(run.metrics_file, run.metrics_file.stat().st_size - 30)


def drop_epochs(run: Run) -> None:
    """Lose the records of epochs 1 and 2, and flip a bit of a later line."""
    lines = run.metrics_file.read_bytes().splitlines(keepends=True)
    kept = [
        line
        for line in lines
        if not line.startswith((b'{"kind": "epoch", "epoch": 1,', b'{"kind": "epoch", "epoch": 2,'))
    ]
    run.metrics_file.write_bytes(b"".join(kept[:-1]) + kept[-1].replace(b"0", b"1", 1))


def newest(run: Run) -> Path:
    return max(run.checkpoints_folder.iterdir())


DAMAGES: dict[str, tuple[Callable[[Run], object], str]] = {
    "metrics cut": (cut_metrics, "Some points of the curve are lost: metrics.jsonl lacks lines."),
    "metrics gone": (lambda run: run.metrics_file.unlink(), "The losses of epochs 1 to"),
    "epochs lost": (drop_epochs, "The losses of epochs 1 to 2 are lost: 1 line of metrics.jsonl cannot be read."),
    "newest checkpoint damaged": (
        lambda run: (newest(run) / "state.safetensors").write_bytes(b""),
        "goes on from epoch",
    ),
    "newest checkpoint gone": (lambda run: shutil.rmtree(newest(run)), ""),
    "all checkpoints damaged": (
        lambda run: [(path / "state.json").write_bytes(b"{") for path in run.checkpoints_folder.iterdir()],
        "starts again at the beginning",
    ),
    "snapshot damaged": (lambda run: (run.snapshots_folder / "000001" / "snapshot.json").write_bytes(b"{"), ""),
    "status gone": (lambda run: run.status_file.unlink(), ""),
    "status damaged": (lambda run: run.status_file.write_bytes(run.status_file.read_bytes()[:-9]), ""),
    "name damaged": (lambda run: run.about_file.write_bytes(b"{"), ""),
    "log and TensorBoard gone": (
        lambda run: (run.log_file.unlink(missing_ok=True), shutil.rmtree(run.tensorboard_folder)),
        "",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_with_whole_weights_is_resumed_to_the_same_weights(
    name: str, make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvae_core.training.writer.CHECKPOINT_SECONDS", 0.0)
    damage, words = DAMAGES[name]
    stopped, whole = make("stopped", epochs=6), make("whole", epochs=6)
    assert stop_after(stopped, 3, 1).state == "stopped"
    assert len(list(stopped.checkpoints_folder.iterdir())) == 2
    status, notes = disturbed(stopped, damage)
    assert (status.state, status.problem) == ("finished", "")
    assert words in " ".join(notes) and bool(words) == bool(notes)
    assert trained(whole).state == "finished"
    for epoch in (4, 5, 6):
        ours, theirs = (load_snapshot(run.snapshots_folder, epoch) for run in (stopped, whole))
        for weight in theirs:
            np.testing.assert_array_equal(ours[weight], theirs[weight])
    history, lost = followed_history(stopped, MetricsReader(stopped.metrics_file))
    undisturbed = {record.epoch: record.test for record in read_history(whole.metrics_file).epochs}
    assert all(undisturbed[record.epoch] == record.test for record in history.epochs)
    assert {4, 5, 6} <= {record.epoch for record in history.epochs}
    assert bool(lost) == words.startswith(("The losses", "Some points"))


def test_an_older_checkpoint_is_chosen_if_from_there_no_losses_are_lost(
    make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvae_core.training.writer.CHECKPOINT_SECONDS", 0.0)
    run = make(epochs=4)
    assert stop_after(run, 2, 0).state == "stopped"
    assert newest(run).name == "000002-00000000"
    cut_metrics(run)
    status, notes = disturbed(run)
    assert (status.state, notes) == ("finished", [])
    history, lost = followed_history(run, MetricsReader(run.metrics_file))
    assert ([record.epoch for record in history.epochs], lost) == ([1, 2, 3, 4], "")


def test_the_speed_is_a_mean_over_seconds() -> None:
    speed = RecentSpeed()
    assert speed.add(1000, 1e6) == 1e6
    assert speed.add(1, 1e3) == pytest.approx(1001 / 0.002, rel=1e-3), "one slow step of few images is no jump"
    for _ in range(10):
        shown = speed.add(2000, 1e3)
    assert shown == pytest.approx(1e3, rel=1e-2), "what is long past is forgotten"
