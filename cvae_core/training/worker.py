"""The worker process: trains one run that it was handed together with the run's lock.

python -m cvae_core.training.worker train RUN_DIRECTORY LOCK_DESCRIPTOR
python -m cvae_core.training.worker spare CONNECTION_DESCRIPTOR
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType

from cvae_core.config.presets import PRESETS, preset
from cvae_core.config.run import DataConfig
from cvae_core.data import load_dataset
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import open_to_append
from cvae_core.runs.run import Run
from cvae_core.runs.status import Status
from cvae_core.training.session import work

_MESSAGE_LIMIT = 65_536


def main(arguments: list[str]) -> int:
    """Do as the arguments say.

    Returns:
        0 if the training finished or was stopped, 1 if it failed, 2 if the arguments make no sense.
    """
    if len(arguments) == 3 and arguments[0] == "train":
        return _train(Run(Path(arguments[1])), int(arguments[2]))
    if len(arguments) == 2 and arguments[0] == "spare":
        return _wait_for_run(int(arguments[1]))
    print(__doc__, file=sys.stderr)
    return 2


def _train(run: Run, lock_descriptor: int) -> int:
    os.set_inheritable(lock_descriptor, False)
    faulthandler.enable()  # into the log, where a crash in a compiled library leaves no other word
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    stop = threading.Event()

    def request(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, request)
    try:
        status = work(run, _unobserved, stop.is_set)
    finally:
        lock.release(lock_descriptor)  # not at the process's end, which TensorFlow's goodbye delays by seconds
    return 1 if status.state == "failed" else 0


def _unobserved(_status: Status, _record: StepRecord | EpochRecord | None) -> None:
    """Nobody watches a worker but through the run directory."""


def _wait_for_run(connection_descriptor: int) -> int:
    """Load all that takes long, then train the run that comes; end quietly if the other side goes away."""
    with socket.socket(fileno=connection_descriptor) as connection:
        _warm_up(connection)
        message, descriptors, _, _ = socket.recv_fds(connection, _MESSAGE_LIMIT, 1)
    if not message or not descriptors:
        return 0
    run = Run(Path(json.loads(message)["run"]))
    _redirect_output(run.log_file)
    return _train(run, descriptors[0])


def _warm_up(connection: socket.socket) -> None:
    """Load TensorFlow and compile the presets, the first one first, until a run comes."""
    import cvae_core.training.writer  # noqa: F401
    from cvae_core.training.engine import warm_up

    dataset = load_dataset(DataConfig())
    for name in PRESETS:
        if _is_called(connection):
            return
        warm_up(preset(name), dataset)


def _is_called(connection: socket.socket) -> bool:
    """Whether a run was handed over, or the other side went away."""
    return bool(select.select([connection], [], [], 0.0)[0])


def _redirect_output(log_file: Path) -> None:
    descriptor = open_to_append(log_file)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(descriptor, stream.fileno())
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
