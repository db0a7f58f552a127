"""The worker process: trains one run, whose lock it receives with it.

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

from cvae_core.config.presets import PRESETS, preset
from cvae_core.config.run import DataConfig
from cvae_core.data import load_dataset
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import open_to_append
from cvae_core.runs.run import Run
from cvae_core.training.session import work

_MESSAGE_LIMIT = 65_536


def main(arguments: list[str]) -> int:
    """Run a command.

    Returns:
        0 if the training finished or was stopped, 1 if it failed, 2 for wrong arguments.
    """
    if len(arguments) == 3 and arguments[0] == "train":
        return _train(Run(Path(arguments[1])), int(arguments[2]))
    if len(arguments) == 2 and arguments[0] == "spare":
        return _wait_for_run(int(arguments[1]))
    print(__doc__, file=sys.stderr)
    return 2


def _train(run: Run, lock_descriptor: int) -> int:
    os.set_inheritable(lock_descriptor, False)
    faulthandler.enable()  # a crash in a compiled library leaves nothing else in the log
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    stop = threading.Event()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        status = work(run, lambda _status, _record: None, stop.is_set)
    finally:
        lock.release(lock_descriptor)  # at once, as TensorFlow delays the end of the process by seconds
    return 1 if status.state == "failed" else 0


def _wait_for_run(connection_descriptor: int) -> int:
    """Load and compile everything, then train the run that arrives; end quietly if the connection closes."""
    with socket.socket(fileno=connection_descriptor) as connection:
        _warm_up(connection)
        message, descriptors, _, _ = socket.recv_fds(connection, _MESSAGE_LIMIT, 1)
    if not message or not descriptors:
        return 0
    run = Run(Path(json.loads(message)["run"]))
    log = open_to_append(run.log_file)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.close(log)
    return _train(run, descriptors[0])


def _warm_up(connection: socket.socket) -> None:
    """Load TensorFlow and compile the presets, until a run arrives or the connection closes."""
    import cvae_core.training.writer  # noqa: F401
    from cvae_core.training.engine import warm_up

    dataset = load_dataset(DataConfig())
    for name in PRESETS:
        if select.select([connection], [], [], 0.0)[0]:
            return
        warm_up(preset(name), dataset)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
