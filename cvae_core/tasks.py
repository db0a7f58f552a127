"""Work in a process of its own, for somebody who waits for it and may stop it.

The process reads one line of JSON that says what to do, and answers with lines of JSON: how much is done, and in the
end a report or an error. It stops when its standard input says anything more or is closed, so it never outlives who
started it by more than a step.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Self

from cvae_core.errors import CvaeError, StoppedError, as_cvae_error, sudden_end
from cvae_core.plugins import load_plugins
from cvae_core.processes import command, environment
from cvae_core.remaining_time import RemainingTime
from cvae_core.text import short_repr

Work = Callable[[dict[str, Any]], Mapping[str, Any]]


def serve(work: Work) -> None:
    """Do in this process what its standard input asks for.

    Args:
        work: Takes what was asked for and gives the report, both as JSON values. Calls ``report_progress``.
    """
    wanted = json.loads(sys.stdin.readline())
    try:
        load_plugins()
        _say({"report": work(wanted)})
    except CvaeError as error:
        _say({"problem": error.problem, "advice": error.advice})
    except OSError as error:
        _say({"errno": error.errno, "problem": str(error)})
    except Exception as error:
        told = as_cvae_error(error)
        if told is None:
            raise
        _say({"problem": told.problem, "advice": told.advice})


def report_progress(done: int, total: int) -> None:
    """Tell who waits how much is done.

    Raises:
        StoppedError: Nobody wants the rest.
    """
    if is_cancelled():
        raise StoppedError
    _say({"done": done, "total": total})


def is_cancelled() -> bool:
    """Whether who waited has gone, or wants no more."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _say(message: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


@dataclass
class _Heard:
    """What a process has said by now."""

    done: int = 0
    total: int = 0
    remaining: RemainingTime = field(default_factory=RemainingTime)
    report: dict[str, Any] | None = None
    error: Exception | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    __repr__ = short_repr


class Task:
    """A process at work. It is stopped when this object is no longer in use.

    Args:
        module: Its main function calls ``serve``.
        order: What to do, as JSON holds it.
        threads: How many the process may use for products of matrices.
        files: Descriptors of open files that the process gets under the same numbers.
        on_end: Called in another thread once the process has ended, well or not.
    """

    def __init__(
        self,
        module: str,
        order: Mapping[str, Any],
        threads: int = 1,
        *,
        files: Sequence[int] = (),
        on_end: Callable[[], object] = lambda: None,
    ) -> None:
        self._heard = _Heard()
        process = subprocess.Popen(
            command(module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(threads),
            # Ctrl-C in a terminal reaches the one who waits, who ends this process in good order.
            start_new_session=True,
            pass_fds=files,
        )
        assert process.stdin is not None
        self._close = weakref.finalize(self, _close, process.stdin)
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(dict(order)).encode() + b"\n")
            process.stdin.flush()
        threading.Thread(target=_listen, args=(process, self._heard, on_end), daemon=True).start()

    @property
    def done(self) -> int:
        """Steps that are done."""
        return self._heard.done

    @property
    def total(self) -> int:
        """Steps that there are; 0 as long as that is not known."""
        return self._heard.total

    @property
    def ended(self) -> bool:
        """Whether the process has ended, well or not."""
        return self._heard.ended.is_set()

    @property
    def is_stopped(self) -> bool:
        """Whether the process was asked to end; it may not have ended yet."""
        return not self._close.alive

    @property
    def seconds_left(self) -> float | None:
        """An estimate of the time left; ``None`` until the pace is known."""
        return self._heard.remaining.seconds

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the process has ended, but at most so long."""
        self._heard.ended.wait(seconds)

    def stop(self) -> None:
        """Ask the process to end; it does so after its next step."""
        self._close()

    def report(self) -> dict[str, Any]:
        """What came of it; waits until there is something.

        Raises:
            CvaeError: The process failed, and says why; a ``StoppedError`` if it was stopped.
            OSError: A file could not be read or written.
        """
        self.wait()
        if self._heard.report is None:
            raise self._stopped_or_failed()
        return self._heard.report

    def _stopped_or_failed(self) -> Exception:
        if self.is_stopped:
            return StoppedError()
        return self._heard.error or CvaeError("A process ended unexpectedly.", "Try again.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self.wait()


def _close(stream: IO[bytes]) -> None:
    with suppress(OSError):
        stream.close()


def _listen(process: subprocess.Popen[bytes], heard: _Heard, on_end: Callable[[], object]) -> None:
    """Take down what a process says until its end."""
    assert process.stdout is not None
    try:
        with process.stdout:
            for line in process.stdout:
                _take_down(json.loads(line), heard)
    finally:
        code = process.wait()
        heard.error = heard.error or sudden_end(code)
        on_end()
        heard.ended.set()


def _take_down(message: dict[str, Any], heard: _Heard) -> None:
    if "report" in message:
        heard.report = message["report"]
    elif "errno" in message:
        heard.error = OSError(message["errno"], message["problem"])
    elif "problem" in message:
        heard.error = CvaeError(message["problem"], message["advice"])
    else:
        heard.done, heard.total = message["done"], message["total"]
        if heard.total:
            heard.remaining.add(time.monotonic(), heard.done / heard.total)
