"""A process that has loaded TensorFlow and forks workers that start at once, each with the fault that it is to meet.

TensorFlow survives a fork as long as it has computed nothing yet. A worker costs a second then, not six, and what it
does from its claim to its end is what every worker does.

python -m tests.faults.process_fixtures CONNECTION_DESCRIPTOR
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from cvae_core.runs import lock
from cvae_core.runs.atomic_io import remove
from cvae_core.runs.run import Run, create_run, delete_run
from cvae_core.runs.status import About, write_about
from cvae_core.runs.storage import move_to_trash, restore
from cvae_core.workers.launcher import claim

ABOUT: Final = About("A name", "and a note")
_MESSAGE_LIMIT: Final = 65_536
_CAPABILITIES_3: Final = 0x20080522


@dataclass(frozen=True)
class Order:
    """What a forked process is to do, and what happens to it.

    Attributes:
        task: "train" as a worker does, "claim" as a launcher does, "create" or "delete"; as a server does for its
            visitors, "describe", "bin" (delete, give back, delete for good), or "import".
        die_at: The moment to die at, counted from 1; 0 for none.
        report: A file to write the names of all moments to; empty for none.
        often: Keep a checkpoint and write the status at every event, and take one step at a time, so that the moments
            are the same each time.
        privileged: Keep the privileges of the superuser, for whom no folder is read-only.
    """

    task: str = "train"
    die_at: int = 0
    report: str = ""
    often: bool = False
    privileged: bool = True


class Nursery:
    """The nursery's client."""

    def __init__(self, log: Path) -> None:
        self._connection, theirs = socket.socketpair()
        with theirs, log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.process_fixtures", str(theirs.fileno())],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[theirs.fileno()],
            )

    def start(self, run: Run, order: Order) -> int:
        """Start a worker for a run, which it claims, or another task; gives the process id."""
        message = json.dumps({"run": str(run.path), **asdict(order)}).encode()
        descriptors = [claim(run)] if order.task == "train" else []
        try:
            socket.send_fds(self._connection, [message], descriptors)
            return int(self._connection.recv(_MESSAGE_LIMIT))
        finally:
            for descriptor in descriptors:
                lock.release(descriptor)

    def finish(self, run: Run, order: Order) -> None:
        """Start it, and wait until it is gone."""
        self.start(run, order)
        self.await_end()

    def await_end(self) -> None:
        """Wait until the process that was started last is gone."""
        self._connection.sendall(b"wait")
        self._connection.recv(_MESSAGE_LIMIT)

    def close(self) -> None:
        """Let it go."""
        self._connection.close()
        self._process.wait(10)


def main(descriptor: int) -> None:
    """Load what takes long, then fork as told until the other side goes away."""
    import cvae_core.training.engine
    import cvae_core.training.worker
    import cvae_core.training.writer  # noqa: F401

    pid = 0
    with socket.socket(fileno=descriptor) as connection:
        while True:
            message, descriptors, _, _ = socket.recv_fds(connection, _MESSAGE_LIMIT, 1)
            if not message:
                return
            if message == b"wait":
                os.waitpid(pid, 0)
                connection.sendall(b"gone")
                continue
            pid = os.fork()
            if pid == 0:
                connection.close()
                _child(json.loads(message), descriptors)
            for held in descriptors:
                os.close(held)
            connection.sendall(str(pid).encode())


def _child(message: dict[str, object], descriptors: list[int]) -> None:
    run = Run(Path(str(message.pop("run"))))
    order = Order(**message)  # type: ignore[arg-type]
    code = 1
    try:
        os.setsid()
        code = _do(run, order, descriptors)
    except BaseException:
        traceback.print_exc()
    os._exit(code)  # nothing that the nursery opened is this process's to close


def _do(run: Run, order: Order, descriptors: list[int]) -> int:
    from tests.faults.moments import Moments

    if order.often:
        _be_eager()
    if not order.privileged:
        _drop_privileges()
    moments = Moments(run.path.parent, order.die_at) if order.die_at or order.report else None
    code = TASKS[order.task](run, descriptors)
    if moments and order.report:
        names = list(moments.names)
        Path(order.report).write_text(json.dumps(names))
    return code


def _train(run: Run, descriptors: list[int]) -> int:
    from cvae_core.training import worker

    worker._redirect_output(run.log_file)
    return worker._train(run, descriptors[0])


def _claim(run: Run, _: list[int]) -> int:
    lock.release(claim(run))
    return 0


def _create(run: Run, _: list[int]) -> int:
    from tests.faults.evidence import CONFIG

    create_run(run.path.parent, CONFIG, run.id)
    return 0


def _delete(run: Run, _: list[int]) -> int:
    delete_run(run)
    return 0


def _describe(run: Run, _: list[int]) -> int:
    write_about(run.about_file, ABOUT.name, ABOUT.note)
    return 0


def _bin(run: Run, _: list[int]) -> int:
    restore(move_to_trash(run))
    remove(move_to_trash(run).path)
    return 0


def _import(run: Run, _: list[int]) -> int:
    from cvae_core.export.import_run import import_run

    with archive_of(run).open("rb") as stream:
        import_run(stream, run.path.parent, run.id)
    return 0


def archive_of(run: Run) -> Path:
    """Where the archive is that "import" makes the run of."""
    return run.path.parent.with_name("archive.zip")


TASKS: Final[dict[str, Callable[[Run, list[int]], int]]] = {
    "train": _train,
    "claim": _claim,
    "create": _create,
    "delete": _delete,
    "describe": _describe,
    "bin": _bin,
    "import": _import,
}


def _be_eager() -> None:
    from cvae_core.training import engine, session, writer

    engine.CHUNK_SECONDS = 0.0  # type: ignore[misc]
    session._STATUS_SECONDS = -1.0  # type: ignore[misc]
    writer.CHECKPOINT_SECONDS = -1.0  # type: ignore[misc]


def _drop_privileges() -> None:
    """Stay who we are, but with no right that the owner of a file has not."""
    if os.geteuid() == 0:
        header, none = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0), (ctypes.c_uint32 * 6)()
        if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
            raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(int(sys.argv[1]))
