"""A clock that is set back, again and again, while a worker trains, stops, and goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tensorflow as tf

from cvae_core.runs import lock
from cvae_core.runs.control import waiting
from cvae_core.runs.run import create_run
from cvae_core.runs.status import Status
from cvae_core.workers.launcher import claim
from tests.faults.conftest import NewRun
from tests.faults.evidence import CONFIG, LONGER, Tally, Undisturbed, trained

pytestmark = pytest.mark.slow
DAY = 86_400.0
SetBack = Callable[[], None]


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[SetBack]:
    """``set_back()`` sets the clock back by a day."""
    days = 0
    system = time.time
    monkeypatch.setattr(time, "time", lambda: system() - days * DAY)

    def set_back() -> None:
        nonlocal days
        days += 1

    yield set_back
    monkeypatch.undo()


def test_a_clock_that_is_set_back(
    set_back: SetBack, new_run: NewRun, longer: Undisturbed, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cvae_core.training import session

    monkeypatch.setattr(session, "_STATUS_SECONDS", -1.0)
    told: list[Status] = []

    def observe(status: Status) -> None:
        told.append(status)
        set_back()

    witness = new_run(LONGER)
    with tally.fault():
        assert trained(witness.run, 5, observe).state == "stopped"
        witness.check(longer)
        set_back()
        assert trained(witness.run, None, observe).state == "finished"
        witness.check_to_the_end(longer)
        spent = [status.seconds for status in told]
        assert spent == sorted(spent)
        left = [status.remaining_seconds for status in told if status.remaining_seconds is not None]
        assert all(0.0 <= seconds < 600.0 for seconds in left)
        assert epochs_in_tensorboard(witness.run.tensorboard_folder) == list(range(1, LONGER.train.epochs + 1))


def epochs_in_tensorboard(folder: Path) -> list[int]:
    """The epochs in its files as TensorBoard reads them, by name, each file dropping what it is to write anew."""
    epochs: list[int] = []
    for file in sorted(folder.iterdir()):
        for raw in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(raw.numpy())
            if event.HasField("session_log"):
                epochs = [epoch for epoch in epochs if epoch < event.step]
            elif event.HasField("summary"):
                epochs.append(event.step)
    return epochs


def test_whoever_asked_first_is_first_by_any_clock(tmp_path: Path, set_back: SetBack, tally: Tally) -> None:
    with tally.fault():
        names = ["zoe", "yann", "xaver"]
        descriptors = []
        for name in names:
            descriptors.append(claim(create_run(tmp_path, CONFIG, name)))
            set_back()
        try:
            assert waiting(tmp_path) == names
        finally:
            for descriptor in descriptors:
                lock.release(descriptor)
