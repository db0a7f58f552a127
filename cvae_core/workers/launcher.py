"""Workers: processes that train a run each, started here and from then on independent of whoever started them.

The launcher takes the lock of the run and hands it to the worker, so a run looks alive from the
moment it is launched, and two launchers cannot start the same run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Final

from cvae_core.config.run import RunConfig
from cvae_core.data import check_dataset_name, with_data_facts
from cvae_core.errors import RunBusyError, RunDamagedError, RunError, storage_errors
from cvae_core.likelihoods import likelihood
from cvae_core.processes import command, environment
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import is_own_file, open_to_append
from cvae_core.runs.control import ask, max_workers, withdraw, withdraw_all
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.status import ALIVE, RESUMABLE, queued_again, write_status
from cvae_core.runs.summary import known_status

WORKER_MODULE: Final = "cvae_core.training.worker"


class Launcher:
    """Starts workers, and keeps a spare one warm if asked to.

    A spare has loaded TensorFlow, which takes seconds, and waits for a run. It ends with this process.
    """

    def __init__(self) -> None:
        self._spare: _Spare | None = None
        self._guard = threading.Lock()

    def start(self, folder: Path, config: RunConfig, name: str | None = None) -> Run:
        """Create a run and a worker for it; it waits for its turn by itself.

        Raises:
            ConfigError: ``CVAE_MAX_WORKERS`` makes no sense.
            DataError: There is no such data set.
            RunError: The name is no valid one or is taken.
            StorageError: The folder cannot be written.
        """
        check_startable(config)
        run = create_run(folder, with_data_facts(config), name)
        self._launch(run)
        return run

    def resume(self, run: Run) -> None:
        """Go on with a run that was stopped, interrupted, or failed, from its newest checkpoint.

        Raises:
            RunBusyError: It has a living worker.
            RunError: It is finished.
            RunDamagedError: Its files cannot be read.
            StorageError: It cannot be written or locked.
        """
        check_resumable(run)
        self._launch(run)

    def keep_spare(self) -> None:
        """Make sure that a spare worker is warm or warming."""
        with self._guard:
            if self._spare is None or not self._spare.is_alive():
                self._spare = _Spare()

    def close(self) -> None:
        """Let the spare worker go."""
        with self._guard:
            if self._spare is not None:
                self._spare.dismiss()
                self._spare = None

    def _launch(self, run: Run) -> None:
        descriptor = claim(run)
        try:
            with self._guard:
                spare, self._spare = self._spare, None
            if spare is None or not spare.assign(run, descriptor):
                _start_process(run, descriptor)
        finally:
            lock.release(descriptor)


def check_startable(config: RunConfig) -> None:
    """Refuse what could never be trained, before a run is made for it.

    Raises:
        ConfigError: ``CVAE_MAX_WORKERS`` is not valid, or there is no such likelihood.
        DataError: There is no such data set.
    """
    max_workers()
    check_dataset_name(config.data.dataset)
    likelihood(config.model.likelihood)


def check_resumable(run: Run) -> str:
    """Refuse to go on with a run that is under way, finished or damaged, or that cannot be locked.

    Returns:
        What of its status is damaged, in whole sentences; empty if nothing is.

    Raises:
        RunBusyError: It has a living worker.
        RunError: It is finished.
        RunDamagedError: Its configuration cannot be read, or its status and all its weights, or something else stands
            in the place of one of its files.
        StorageError: It cannot be locked.
    """
    config = run.config()
    for file in (run.lock_file, run.metrics_file, run.log_file):
        if os.path.lexists(file) and not is_own_file(file):
            raise RunDamagedError(
                f"The run {run.id} has something else in place of its file {file.name}.", "Remove what is in its place."
            )
    lock.check_lockable(run.lock_file)
    state, _, damage = known_status(run, config)
    if state in ALIVE:
        raise RunBusyError(f"The run {run.id} is being trained already.")
    if state not in RESUMABLE:
        raise RunError(f"The run {run.id} is {state}; there is nothing to resume.")
    return damage


def claim(run: Run) -> int:
    """Take the lock of a run and make it ready for a worker: state "queued", no old requests.

    Returns:
        The descriptor that holds the lock.

    Raises:
        RunBusyError: Another holds it.
        RunError: It is finished.
        StorageError: The run cannot be written.
    """
    descriptor = lock.acquire(run.lock_file)
    if descriptor is None:
        raise RunBusyError(f"The run {run.id} is being trained already.")
    try:
        _, status, _ = known_status(run, run.config())
        if status.state == "finished":  # by another, who held the lock until now
            raise RunError(f"The run {run.id} is finished; there is nothing to resume.")
        withdraw_all(run.control_folder)
        write_status(run.status_file, queued_again(status))
    except BaseException:
        lock.release(descriptor)
        raise
    return descriptor


def pause(run: Run) -> None:
    """Ask the worker to wait; it keeps a checkpoint and lets another run have its turn."""
    ask(run.control_folder, "pause")


def unpause(run: Run) -> None:
    """Let a paused worker go on when it gets a turn."""
    withdraw(run.control_folder, "pause")


def stop(run: Run) -> None:
    """Ask the worker to end, keeping what was learnt."""
    ask(run.control_folder, "stop")


def _start_process(run: Run, descriptor: int) -> None:
    with storage_errors(run.log_file), os.fdopen(open_to_append(run.log_file), "ab") as log:
        process = subprocess.Popen(
            command(WORKER_MODULE, "train", str(run.path), str(descriptor)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(),
            pass_fds=[descriptor],
            start_new_session=True,
        )
    _reap(process)


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Collect a worker when it ends, so that no zombie is left."""
    threading.Thread(target=process.wait, daemon=True).start()


class _Spare:
    """A worker without a run. It ends when this side of the connection is closed."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                command(WORKER_MODULE, "spare", str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        _reap(self._process)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def assign(self, run: Run, descriptor: int) -> bool:
        """Hand over a run and its lock; ``False`` if the spare is gone."""
        message = json.dumps({"run": str(run.path)}).encode()
        try:
            socket.send_fds(self._connection, [message], [descriptor])
        except OSError:
            return False
        finally:
            self._connection.close()
        return self.is_alive()

    def dismiss(self) -> None:
        self._connection.close()
