"""A training from the queue to its end: downloads, turn, checkpoints, pause, stop and status."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from cvae_core.data import fashion_mnist, load_dataset
from cvae_core.errors import CvaeError, DataError, DataUnavailableError, as_cvae_error
from cvae_core.plugins import load_plugins
from cvae_core.records import Dataset, EpochRecord, StepRecord
from cvae_core.remaining_time import RemainingTime
from cvae_core.runs import lock
from cvae_core.runs.control import is_asked, max_workers, take_turn
from cvae_core.runs.metrics import History, read_history
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import Checkpoint
from cvae_core.runs.status import START_MARK, Status, queued_again, read_status, write_status
from cvae_core.runs.summary import resume_point


def needed_download(name: str) -> str:
    """What training on a data set would download first, as a sentence; empty if nothing."""
    if name != "fashion_mnist" or fashion_mnist.is_downloaded():
        return ""
    return "Fashion-MNIST is not on this machine yet: the training downloads it first."


def ensure_downloaded(name: str) -> None:
    """Download a data set that is neither bundled nor on this machine.

    Raises:
        DataUnavailableError: It could not be downloaded.
    """
    if not needed_download(name):
        return
    from cvae_core.models.keras_models import keras

    try:
        keras.datasets.fashion_mnist.load_data()
    except Exception as error:  # Keras raises whatever its transport did
        raise DataUnavailableError(
            "Fashion-MNIST is not on this machine and could not be downloaded.",
            "Connect to the internet once, or train on mnist, which is bundled.",
        ) from error
    if not fashion_mnist.is_downloaded():  # Keras then kept it in a temporary folder
        raise DataUnavailableError(
            f"Fashion-MNIST was downloaded but could not be kept in {fashion_mnist.folder()}.",
            "Make that folder writable, or name another one in the environment variable KERAS_HOME.",
        )


Observer = Callable[[Status, StepRecord | EpochRecord | None], None]
_POLL_SECONDS: Final = 0.1
_STATUS_SECONDS: Final = 0.2
_STANDARD_ERROR: Final = 2
_log = logging.getLogger(__name__)


def work(
    run: Run,
    observe: Observer,
    stop_requested: Callable[[], bool],
    notify: Callable[[str], None] = lambda _note: None,
) -> Status:
    """Train a run, from its newest checkpoint if it has one.

    Args:
        run: A run with the state "queued", whose lock the caller holds until this returns.
        observe: Called for every change of state and every record.
        stop_requested: Called several times a second; ``True`` stops as a request in the run directory does.
        notify: Called with a sentence for each damage or loss when the run is resumed.

    Returns:
        The last status: "finished", "stopped" or "failed". A failure is reported there, not raised.
    """
    session = _Session(run, observe, stop_requested, notify)
    os.write(_STANDARD_ERROR, START_MARK)  # not by way of sys.stderr, which a progress bar may have taken
    try:
        session.train()
    except _Stopped:
        session.report(state="stopped")
    except CvaeError as error:
        session.fail(error.problem, error.advice)
    except Exception as error:
        _log.exception("The training of %s ended unexpectedly", run.id)
        shown = as_cvae_error(error) or CvaeError(
            "The training ended with an unexpected error.", f"The details are in {run.log_file}."
        )
        session.fail(shown.problem, shown.advice)
    finally:
        session.end_turn()
    return session.status


class _Stopped(Exception):  # noqa: N818 (not an error)
    """The training was asked to stop."""


class _Session:
    def __init__(
        self, run: Run, observe: Observer, stop_requested: Callable[[], bool], notify: Callable[[str], None]
    ) -> None:
        self.status = read_status(run.status_file)
        self._run = run
        self._observe = observe
        self._stop_requested = stop_requested
        self._notify = notify
        self._turn: int | None = None
        self._last_event: float | None = None
        self._remaining = RemainingTime()
        self._written_at = -_STATUS_SECONDS

    def train(self) -> None:
        load_plugins()
        self._await_turn()
        from cvae_core.training.engine import train  # TensorFlow takes seconds to load: not before it is our turn
        from cvae_core.training.writer import RunWriter

        config = self._run.config()
        ensure_downloaded(config.data.dataset)
        dataset = load_dataset(config.data)
        history = read_history(self._run.metrics_file)
        _check_same_data(self._run, history, dataset)
        start = self._resume_point(history)
        self._go_back_to(start)
        with RunWriter(self._run, dataset, start) as writer:
            for event in train(config, dataset, start):
                record, changes = writer.write(event), writer.progress(event)
                changed = replace(self.status, seconds=self._seconds(), **changes)
                remaining = self._remaining.add(changed.seconds, changed.progress)
                self.report(record, seconds=changed.seconds, remaining_seconds=remaining, **changes)
                self._obey(writer.keep_checkpoint)
        self.report(state="finished")

    def report(self, record: StepRecord | EpochRecord | None = None, **changes: Any) -> None:
        """Write the status if it changed, and call the observer.

        Progress is written a few times a second at most; a change of state is written at once.
        """
        changed = replace(self.status, **changes)
        if changed.state != "running":
            changed = replace(changed, remaining_seconds=None)
        other_state = changed.state != self.status.state
        is_time = time.monotonic() - self._written_at >= _STATUS_SECONDS
        if other_state or (is_time and changed != self.status):
            write_status(self._run.status_file, changed, durable=other_state)
            self._written_at = time.monotonic()
        self.status = changed
        self._observe(changed, record)

    def fail(self, problem: str, advice: str) -> None:
        """End as failed. On a full disk the status may not be written; the run then reads as interrupted."""
        changes: dict[str, Any] = {"state": "failed", "problem": problem, "advice": advice}
        _log.info("%s %s", problem, advice)
        try:
            self.report(**changes)
        except CvaeError:
            self.status = replace(self.status, **changes)

    def end_turn(self) -> None:
        """Let the next run train."""
        if self._turn is not None:
            lock.release(self._turn)
            self._turn = None

    def _await_turn(self) -> None:
        self.report()
        while self._turn is None:
            self._stop_if_asked()
            if is_asked(self._run.control_folder, "pause"):
                self._wait_while_paused()
            self._turn = take_turn(self._run, max_workers())
            if self._turn is None:
                self.report()
                time.sleep(_POLL_SECONDS)
        self.report(state="running")

    def _resume_point(self, history: History) -> Checkpoint | None:
        """The checkpoint to resume from; damages and losses are reported."""
        point = resume_point(self._run, history)
        for note in point.notes:
            _log.warning("%s", note)
            self._notify(note)
        return point.checkpoint

    def _go_back_to(self, start: Checkpoint | None) -> None:
        """Set the status back before the metrics are cut, so that metrics never have less than the status says."""
        epoch, step = (start.epoch, start.step) if start else (0, 0)
        if (epoch, step) != (self.status.epoch, self.status.step):
            self.status = replace(self.status, epoch=epoch, step=step)
            write_status(self._run.status_file, self.status, durable=True)

    def _obey(self, keep_checkpoint: Callable[[], None]) -> None:
        if self._wants_stop() or is_asked(self._run.control_folder, "pause"):
            keep_checkpoint()
            self._stop_if_asked()
            self.end_turn()
            self._queue_again()
            self._await_turn()
            self._last_event = None

    def _wait_while_paused(self) -> None:
        self.report(state="paused", images_per_second=0.0)
        while is_asked(self._run.control_folder, "pause"):
            self._stop_if_asked()
            time.sleep(_POLL_SECONDS)
        self._queue_again()

    def _queue_again(self) -> None:
        self.status = queued_again(self.status)
        write_status(self._run.status_file, self.status)

    def _seconds(self) -> float:
        """Time spent training so far, counted between events: without loading and pauses."""
        moment = time.monotonic()
        before, self._last_event = self._last_event, moment
        return self.status.seconds + (moment - before if before is not None else 0.0)

    def _stop_if_asked(self) -> None:
        if self._wants_stop():
            raise _Stopped

    def _wants_stop(self) -> bool:
        return self._stop_requested() or is_asked(self._run.control_folder, "stop")


def _check_same_data(run: Run, history: History, dataset: Dataset) -> None:
    """Refuse to resume with other data than the run began with."""
    before = history.begins
    if before and before[0].data_sha256 != dataset.sha256:
        raise DataError(
            f"The run {run.id} began with other data: their SHA-256 was {before[0].data_sha256[:12]}..., "
            f"now it is {dataset.sha256[:12]}....",
            "Restore the original data, or start a new run.",
        )
