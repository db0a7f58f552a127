"""TensorBoard event files: scalars of each epoch, written as the record format asks, without TensorBoard itself."""

from __future__ import annotations

import errno
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import tensorflow as tf

from cvae_core.records import EpochRecord
from cvae_core.runs.files import make_own_folder
from cvae_core.system_errors import storage_errors

_NAME: Final = "events.out.tfevents."
_MOMENT: Final = re.compile(re.escape(_NAME) + r"([0-9]{10}\.[0-9]{6})\.")


class EventFile:
    """One event file; a resumed training begins another, as TensorBoard expects.

    Args:
        folder: Where to put it; made if missing.
        epoch: Completed epochs at the beginning, from which on TensorBoard drops what an earlier file says.

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
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in _scalars(record)]
        summary = tf.compat.v1.Summary(value=values)
        with _system_errors(self._path):
            self._write(tf.compat.v1.Event(wall_time=time.time(), step=record.epoch, summary=summary))
            self._writer.flush()

    def close(self) -> None:
        """Finish the file. All epochs are in it already, so that a failure loses nothing and hides no other error."""
        with suppress(tf.errors.OpError):
            self._writer.close()

    def _write(self, event: tf.compat.v1.Event) -> None:
        self._writer.write(event.SerializeToString())


@contextmanager
def _system_errors(path: Path) -> Iterator[None]:
    """Tell TensorFlow's errors about a file as the system's, in our words."""
    with storage_errors(path):
        try:
            yield
        except tf.errors.ResourceExhaustedError as error:
            raise OSError(errno.ENOSPC, error.message) from error
        except tf.errors.OpError as error:
            raise OSError(error.message) from error


def _moment_after_all(folder: Path) -> float:
    """Now, or just after the newest file: TensorBoard reads files by name, and clocks are set back."""
    named = [_MOMENT.match(path.name) for path in folder.glob("*")]
    return max([time.time(), *(float(found[1]) + 1e-6 for found in named if found)])


def _scalars(record: EpochRecord) -> Iterator[tuple[str, float]]:
    for part, losses in (("train", record.train), ("test", record.test)):
        yield f"{part}/loss", losses.loss
        yield f"{part}/reconstruction", losses.reconstruction
        yield f"{part}/kl", losses.kl
    for dimension, kl in enumerate(record.test.kl_per_dimension):
        yield f"test_kl_per_dimension/{dimension}", kl
    yield "learning_rate", record.learning_rate
    yield "beta", record.beta
