"""Writes the events of a training: metrics, snapshots, checkpoints and TensorBoard files (without TensorBoard)."""

from __future__ import annotations

import errno
import math
import platform
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import tensorflow as tf

from cvae_core.errors import storage_errors
from cvae_core.metrics import quantities
from cvae_core.records import Dataset, EpochRecord, StepRecord
from cvae_core.runs.atomic_io import make_own_folder, remove_leftovers
from cvae_core.runs.metrics import BeginRecord, MetricsWriter, cut_back
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import Checkpoint, publish_checkpoint, publish_snapshot
from cvae_core.training.state import EngineState, EpochEvent, Event, SnapshotEvent, StepEvent

_NAME: Final = "events.out.tfevents."
_MOMENT: Final = re.compile(re.escape(_NAME) + r"([0-9]{10}\.[0-9]{6})\.")


class EventFile:
    """A TensorBoard event file; a resumed training begins a new one.

    Args:
        folder: Where to put it; made if missing.
        epoch: Completed epochs at the beginning; TensorBoard drops later ones of earlier files.

    Raises:
        StorageError: The disk is full or cannot be written.
    """

    def __init__(self, folder: Path, epoch: int) -> None:
        moment = _moment_after_all(folder)
        self._path = folder / f"{_NAME}{moment:.6f}.{socket.gethostname()}"
        start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        with _system_errors(self._path):
            make_own_folder(folder)
            self._writer = tf.io.TFRecordWriter(str(self._path))
            self._write(tf.compat.v1.Event(wall_time=moment, file_version="brain.Event:2"))
            self._write(tf.compat.v1.Event(wall_time=moment, step=epoch + 1, session_log=start))

    def add(self, record: EpochRecord) -> None:
        """Append the scalars of an epoch.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        scalars = [(tag, value) for _, tag, value in quantities(record)]
        scalars += [(f"test_kl_per_dimension/{i}", kl) for i, kl in enumerate(record.test.kl_per_dimension)]
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in scalars]
        summary = tf.compat.v1.Summary(value=values)
        with _system_errors(self._path):
            self._write(tf.compat.v1.Event(wall_time=time.time(), step=record.epoch, summary=summary))
            self._writer.flush()

    def close(self) -> None:
        """Close the file. Every epoch was flushed, so a failure loses nothing."""
        with suppress(tf.errors.OpError):
            self._writer.close()

    def _write(self, event: tf.compat.v1.Event) -> None:
        self._writer.write(event.SerializeToString())


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """Raise TensorFlow's errors about a file as a ``StorageError``."""
    with storage_errors(path):
        try:
            yield
        except tf.errors.ResourceExhaustedError as error:
            raise OSError(errno.ENOSPC, error.message) from error
        except tf.errors.OpError as error:
            raise OSError(error.message) from error


def _moment_after_all(folder: Path) -> float:
    """Now, or just after the newest file: TensorBoard sorts files by name, and clocks may be set back."""
    named = [_MOMENT.match(path.name) for path in folder.glob("*")]
    return max([time.time(), *(float(found[1]) + 1e-6 for found in named if found)])


CHECKPOINT_SECONDS: Final = 10.0
SPEED_SECONDS: Final = 3.0
_VERSIONED: Final = ("tensorflow", "keras", "numpy")


class RecentSpeed:
    """The mean training speed of about the last ``SPEED_SECONDS``; the time of a few steps varies a lot."""

    def __init__(self) -> None:
        self._images = self._seconds = 0.0

    def add(self, images: int, images_per_second: float) -> float:
        """Add a few steps, on ``images`` images, and return the mean speed in images per second."""
        seconds = images / images_per_second
        kept = math.exp(-seconds / SPEED_SECONDS)
        self._images = kept * self._images + images
        self._seconds = kept * self._seconds + seconds
        return self._images / self._seconds


class RunWriter:
    """The only writer of a run while it trains, except for its status.

    Args:
        run: The run.
        dataset: Its data.
        start: The checkpoint to resume from; later records are dropped.
    """

    def __init__(self, run: Run, dataset: Dataset, start: Checkpoint | None) -> None:
        epoch, step = (start.epoch, start.step) if start else (0, 0)
        for folder in (run.path, run.snapshots_folder, run.checkpoints_folder):
            remove_leftovers(folder)
        cut_back(run.metrics_file, epoch, step)
        self._run = run
        self._metrics = MetricsWriter(run.metrics_file)
        self._metrics.append(BeginRecord(epoch, step, dataset.sha256, _versions()))
        self._events = EventFile(run.tensorboard_folder, epoch)
        self._speed = RecentSpeed()
        self._newest: EngineState | None = None
        self._kept = (epoch, step) if start else None
        self._kept_at = time.monotonic()

    def write(self, event: Event) -> StepRecord | EpochRecord | None:
        """Store an event, and return its record if it has one.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        self._newest = event.state
        if isinstance(event, SnapshotEvent):
            publish_snapshot(self._run.snapshots_folder, event.epoch, event.state.weights())
        else:
            self._metrics.append(event.record)
        if isinstance(event, EpochEvent):
            self._events.add(event.record)
        if time.monotonic() - self._kept_at > CHECKPOINT_SECONDS:
            self.keep_checkpoint()
        return None if isinstance(event, SnapshotEvent) else event.record

    def progress(self, event: Event) -> dict[str, Any]:
        """The fields of the status that an event changes."""
        if isinstance(event, StepEvent):
            record = event.record
            return {
                "epoch": record.epoch - 1,
                "step": record.step,
                "steps_per_epoch": record.steps_per_epoch,
                "images_per_second": self._speed.add(event.images, record.images_per_second),
            }
        if isinstance(event, EpochEvent):
            return {"epoch": event.record.epoch, "step": 0}
        return {"epoch": event.epoch, "step": 0}

    def keep_checkpoint(self) -> None:
        """Publish a checkpoint of the newest event, unless there is one.

        Replacing a checkpoint of the same step could leave none if the worker is killed in between.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        if self._newest is None:
            return
        checkpoint = self._newest.checkpoint()
        if (checkpoint.epoch, checkpoint.step) != self._kept:
            self._metrics.synchronise()
            publish_checkpoint(self._run.checkpoints_folder, checkpoint)
        self._kept, self._kept_at = (checkpoint.epoch, checkpoint.step), time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._events.close()
        with self._metrics:
            self._metrics.synchronise()  # before the status says that the training has ended


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in _VERSIONED}
