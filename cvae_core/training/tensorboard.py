"""TensorBoard event files: scalars of each epoch, written as the record format asks, without TensorBoard itself."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from cvae_core.errors import StorageError
from cvae_core.records import EpochRecord
from cvae_core.runs.files import make_own_folder, storage_errors


class EventFile:
    """One event file; a resumed training begins another, as TensorBoard expects.

    Args:
        folder: Where to put it; made if missing.
        epoch: Completed epochs at the beginning, from which on TensorBoard drops what an earlier file says.
    """

    def __init__(self, folder: Path, epoch: int) -> None:
        moment = time.time()
        self._path = folder / f"events.out.tfevents.{moment:.6f}.{socket.gethostname()}"
        with storage_errors(self._path):
            make_own_folder(folder)
        self._writer = tf.io.TFRecordWriter(str(self._path))
        self._write(tf.compat.v1.Event(wall_time=moment, file_version="brain.Event:2"))
        start = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
        self._write(tf.compat.v1.Event(wall_time=moment, step=epoch + 1, session_log=start))

    def add(self, record: EpochRecord) -> None:
        """Append the scalars of an epoch.

        Raises:
            StorageError: The disk is full or cannot be written.
        """
        values = [tf.compat.v1.Summary.Value(tag=tag, simple_value=value) for tag, value in _scalars(record)]
        summary = tf.compat.v1.Summary(value=values)
        try:
            self._write(tf.compat.v1.Event(wall_time=time.time(), step=record.epoch, summary=summary))
            self._writer.flush()
        except tf.errors.OpError as error:
            raise StorageError(
                f"{self._path} could not be written: {error.message}.", "Free some space, then resume the run."
            ) from error

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def _write(self, event: tf.compat.v1.Event) -> None:
        self._writer.write(event.SerializeToString())


def _scalars(record: EpochRecord) -> Iterator[tuple[str, float]]:
    for part, losses in (("train", record.train), ("test", record.test)):
        yield f"{part}/loss", losses.loss
        yield f"{part}/reconstruction", losses.reconstruction
        yield f"{part}/kl", losses.kl
    for dimension, kl in enumerate(record.test.kl_per_dimension):
        yield f"test_kl_per_dimension/{dimension}", kl
    yield "learning_rate", record.learning_rate
    yield "beta", record.beta
