"""What commands share: options, JSON, progress bars, and a terminal without the output of compiled libraries."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import TextIOWrapper
from pathlib import Path
from types import FrameType, TracebackType
from typing import Annotated, Any, Final, Self, TextIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, TaskProgressColumn, TextColumn
from rich.progress import Progress as ProgressBar
from rich.table import Column
from rich.text import Text

from cvae_core.analysis.network import Progress
from cvae_core.errors import ExportStoppedError, StoppedError, storage_errors
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.remaining_time import RemainingTime, time_left
from cvae_core.runs.atomic_io import open_to_append
from cvae_core.runs.run import Run
from cvae_core.runs.status import Status
from cvae_core.runs.summary import overview
from cvae_core.text import is_unsafe

INTERRUPTED: Final = 130  # the exit code after Ctrl-C
STANDARD_ERROR: Final = 2
_LEAST_WIDTH: Final = 20

RunsOption = Annotated[
    str | None, typer.Option("--runs", metavar="DIR", help="The folder of runs. Default: CVAE_RUNS, or ./runs.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The name of a run, as `cvae runs list` shows it.")]


def prepare_terminal() -> None:
    """Print replacement characters for what the terminal cannot encode, and ignore a width that nobody can read."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) < _LEAST_WIDTH:
        del os.environ["COLUMNS"]
    if shutil.get_terminal_size().columns < _LEAST_WIDTH:
        os.environ["COLUMNS"] = "80"


def printable(text: str) -> str:
    """Replace every character, line breaks too, that a terminal could interpret as a command."""
    return "".join("\N{REPLACEMENT CHARACTER}" if is_unsafe(character) else character for character in text)


def plain(text: str) -> Text:
    """``printable`` for rich, without markup."""
    return Text(printable(text))


def print_json(value: Any) -> None:
    """Print a value as JSON to standard output, on one line if it is small."""
    text = json.dumps(value)
    typer.echo(text if len(text) < 200 else json.dumps(value, indent=2))


@contextmanager
def exit_message_if_killed(sentence: str) -> Iterator[None]:
    """Print a sentence to standard error if this process dies before the end.

    A shell prints it: when memory runs out, compiled libraries end this process without notice to Python.
    """
    command = ["/bin/sh", "-c", 'read -r line || printf "%s\\n" "$1" >&2', "sh", sentence]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            watcher.communicate(b"over\n")


@contextmanager
def messages_into(log: Path) -> Iterator[TextIO]:
    """Append log records, and everything else that is written to standard error, to a file.

    Yields:
        The terminal, for what the person should see.

    Raises:
        StorageError: The file cannot be written, or is a link.
    """
    with storage_errors(log):
        opened = open_to_append(log)
    with os.fdopen(opened, "a", encoding="utf-8") as file, _redirected(file.fileno()) as terminal:
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logging.getLogger("cvae_core").addHandler(handler)
        try:
            yield terminal
        finally:
            logging.getLogger("cvae_core").removeHandler(handler)


@contextmanager
def silence_libraries() -> Iterator[None]:
    """Drop what compiled libraries write to standard error; what Python writes is still shown."""
    with Path(os.devnull).open("w") as nowhere, _redirected(nowhere.fileno()) as terminal, redirect_stderr(terminal):
        yield


@contextmanager
def _redirected(descriptor: int) -> Iterator[TextIO]:
    """Redirect the file descriptor of standard error; yields the terminal."""
    terminal = os.dup(STANDARD_ERROR)
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with os.fdopen(terminal, "w", encoding=encoding, errors="replace") as screen:
        os.dup2(descriptor, STANDARD_ERROR)
        try:
            yield screen
        finally:
            os.dup2(terminal, STANDARD_ERROR)


@contextmanager
def stop_on_signal(stop: threading.Event) -> Iterator[None]:
    """Set ``stop`` at the first Ctrl-C or SIGTERM; a second one ends the process at once."""

    def request(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def observed(work: str, as_json: bool, stopped: StoppedError | None = None) -> Iterator[Progress]:
    """A progress bar; after Ctrl-C the next report of progress ends the command.

    Args:
        work: What is done, in a few words.
        as_json: Whether to draw nothing.
        stopped: The error after Ctrl-C; by default it says that nothing was written.

    Yields:
        Takes the work done and the total.
    """
    stop, remaining = threading.Event(), RemainingTime()
    columns = (
        TextColumn("{task.description}", style="bold", markup=False, table_column=Column(overflow="fold")),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", table_column=Column(no_wrap=True)),
    )
    console = Console(stderr=True)
    bar = ProgressBar(*columns, console=console, disable=as_json or not console.is_terminal, transient=True)
    task = bar.add_task(printable(work), total=None, left="")

    def progress(done: int, total: int) -> None:
        if stop.is_set():
            raise stopped or ExportStoppedError
        left = remaining.add(time.monotonic(), done / total) if total else None
        bar.update(task, completed=done, total=total, left=time_left(left))

    try:
        with stop_on_signal(stop), bar:
            yield progress
    except (StoppedError, ExportStoppedError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(INTERRUPTED) from None


# Terminals narrower than the first have no room for a bar, narrower than the second none for the speed.
_WIDTH_FOR_BAR: Final = 75
_WIDTH_FOR_SPEED: Final = 100


class TrainingProgress:
    """The progress bar of a training.

    Args:
        run: The run that is trained.
        terminal: Where to draw; ``None`` to draw nothing.
    """

    def __init__(self, run: Run, terminal: TextIO | None) -> None:
        console = Console(file=terminal)
        self._progress = ProgressBar(*_columns(console.width), console=console, disable=terminal is None)
        self._run = run
        self._task = self._progress.add_task("starting", total=1.0, epoch="0", left="", speed="", loss="")
        if terminal is not None:
            console.print(plain(f"Run {run.id} in {run.path.parent}"), soft_wrap=True)

    def observe(self, status: Status, record: StepRecord | EpochRecord | None) -> None:
        """Show the status of the run, and the newest record of its metrics if there is one."""
        if self._progress.disable:
            return
        shown: dict[str, Any] = {"completed": status.progress, "epoch": f"{status.epoch} of {status.epochs}"}
        shown["left"] = time_left(status.remaining_seconds)
        if isinstance(record, StepRecord):
            shown["speed"] = f"{record.images_per_second:,.0f} images/s"
        if isinstance(record, EpochRecord):
            # Without a KL term the loss is a mean squared error, which needs more digits.
            digits, unit = (2, " nats") if record.test.kl_per_dimension else (4, "")
            shown["loss"] = f"test loss {record.test.loss:.{digits}f}{unit}"
        self._progress.update(self._task, description=self._state(status), **shown)

    def _state(self, status: Status) -> str:
        if status.state not in ("queued", "running"):
            return status.state
        if status.images_per_second > 0.0:
            return "training"
        ahead = overview(self._run).ahead
        return escape(printable(f"waiting for {', '.join(ahead)}")) if ahead else "starting"

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def _columns(width: int) -> list[ProgressColumn]:
    """A bar between the words where it fits; else the words alone, on as many lines as they need."""
    epoch, left = "epoch {task.fields[epoch]}", "{task.fields[left]}"
    speed, loss = "{task.fields[speed]}", "{task.fields[loss]}"
    if width < _WIDTH_FOR_BAR:
        words = f"[bold]{{task.description}}[/] {{task.percentage:.0f}}%  {epoch}  {left}  {speed}  {loss}"
        return [TextColumn(words, table_column=Column(overflow="fold"))]
    return [
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn(epoch),
        TextColumn(left, table_column=Column(no_wrap=True)),
        *([TextColumn(speed)] if width >= _WIDTH_FOR_SPEED else []),
        TextColumn(loss),
    ]
