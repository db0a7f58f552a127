"""Output to the terminal: our messages and progress bars, without the output of compiled libraries."""

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from io import TextIOWrapper
from pathlib import Path
from types import FrameType, TracebackType
from typing import Annotated, Any, Final, Self, TextIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn
from rich.table import Column
from rich.text import Text

from cvae_core.errors import ConfigError, ExportStoppedError, storage_errors
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.remaining_time import RemainingTime, time_left
from cvae_core.runs.atomic_io import open_to_append
from cvae_core.runs.run import Run
from cvae_core.runs.status import Status
from cvae_core.runs.summary import overview
from cvae_core.text import is_unsafe

_STANDARD_ERROR = 2
_LEAST_WIDTH: Final = 20


def replace_unencodable() -> None:
    """Print replacement characters where the encoding of the terminal lacks a character, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def ignore_tiny_width() -> None:
    """Print as to a terminal of 80 columns where COLUMNS, or the terminal itself, claims fewer than can be read."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) < _LEAST_WIDTH:
        del os.environ["COLUMNS"]
    if shutil.get_terminal_size().columns < _LEAST_WIDTH:
        os.environ["COLUMNS"] = "80"


def printable(text: str) -> str:
    """The text with replacement characters for all that a terminal could take for a command.

    Args:
        text: Words that may come from a file. A line break is no part of them.
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if is_unsafe(character) else character for character in text)


def plain(text: str) -> Text:
    """``printable`` for rich, which takes nothing in it for markup."""
    return Text(printable(text))


@contextmanager
def told_if_killed(sentence: str) -> Iterator[None]:
    """Say a sentence on standard error if this process dies before the end.

    A shell says it: when memory runs out, compiled libraries end this process without asking Python.
    """
    command = ["/bin/sh", "-c", 'read -r line || printf "%s\\n" "$1" >&2', "sh", sentence]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            watcher.communicate(b"over\n")


@contextmanager
def messages_into(log: Path) -> Iterator[TextIO]:
    """Send log records, and whatever else is written to standard error, into a file.

    Args:
        log: The file; appended to.

    Yields:
        The terminal, for what the person should see.

    Raises:
        StorageError: The file cannot be written, or is a link.
    """
    with storage_errors(log):
        opened = open_to_append(log)
    with os.fdopen(opened, "a", encoding="utf-8") as file, _sent_into(file.fileno()) as screen:
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logging.getLogger("cvae_core").addHandler(handler)
        try:
            yield screen
        finally:
            logging.getLogger("cvae_core").removeHandler(handler)


@contextmanager
def nothing_printed_by_others() -> Iterator[None]:
    """Drop what compiled libraries write to standard error; what Python writes there still comes."""
    with Path(os.devnull).open("w") as nowhere, _sent_into(nowhere.fileno()) as screen, redirect_stderr(screen):
        yield


@contextmanager
def _sent_into(descriptor: int) -> Iterator[TextIO]:
    """Let standard error go elsewhere for a while; gives where it went before."""
    terminal = os.dup(_STANDARD_ERROR)
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with os.fdopen(terminal, "w", encoding=encoding, errors="replace") as screen:
        os.dup2(descriptor, _STANDARD_ERROR)
        try:
            yield screen
        finally:
            os.dup2(terminal, _STANDARD_ERROR)


RunsOption = Annotated[
    str | None, typer.Option("--runs", metavar="DIR", help="The folder of runs. Default: CVAE_RUNS, or ./runs.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The name of a run, as `cvae runs list` shows it.")]


def print_json(value: Any) -> None:
    """Print a value as JSON to standard output, on one line if it is small."""
    text = json.dumps(value)
    typer.echo(text if len(text) < 200 else json.dumps(value, indent=2))


def parse_settings(assignments: list[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` pairs.

    Raises:
        ConfigError: One of them has no name or no '='.
    """
    settings: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--set expects NAME=VALUE, such as latent_dim=2; it got {assignment!r}.")
        settings[name.strip()] = None if value.strip().lower() in ("", "none") else value.strip()
    return settings


@contextmanager
def stop_on_signal(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and a polite kill ask for a clean stop; a second one ends at once.

    Args:
        stop: Set when the first one comes.
    """

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


Observer = tuple[Callable[[int, int], None], Callable[[], bool]]
_INTERRUPTED: Final = 130


@contextmanager
def observed(work: str, as_json: bool) -> Iterator[Observer]:
    """A progress bar to tell, and whether to stop; a stop that was asked for ends the command.

    Args:
        work: What is done, in a few words.
        as_json: Draw nothing.
    """
    stop = threading.Event()
    columns = (
        TextColumn("{task.description}", style="bold", markup=False, table_column=Column(overflow="fold")),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", table_column=Column(no_wrap=True)),
    )
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, disable=as_json or not console.is_terminal, transient=True)
    try:
        with stop_on_signal(stop), bar:
            task = bar.add_task(printable(work), total=None, left="")
            remaining = RemainingTime()

            def show(done: int, total: int) -> None:
                left = remaining.add(time.monotonic(), done / total) if total else None
                bar.update(task, completed=done, total=total, left=time_left(left))

            yield show, stop.is_set
    except ExportStoppedError as stopped:
        typer.echo(str(stopped), err=True)
        raise typer.Exit(_INTERRUPTED) from None


_STATES = {
    "starting": "starting",
    "paused": "paused",
    "running": "training",
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
}
# Columns of text: below the first there is no room for a bar, below the second none for the speed beside it.
_WIDTH_FOR_BAR: Final = 75
_WIDTH_FOR_SPEED: Final = 100


class TrainingProgress:
    """A progress bar that is told what happens.

    Args:
        run: The run that is trained.
        terminal: Where to draw; ``None`` to draw nothing.
    """

    def __init__(self, run: Run, terminal: TextIO | None) -> None:
        console = Console(file=terminal)
        self._progress = Progress(*_columns(console.width), console=console, disable=terminal is None)
        self._run = run
        self._task = self._progress.add_task("starting", total=1.0, epoch="0", left="", speed="", loss="")
        if terminal is not None:
            console.print(plain(f"Run {run.id} in {run.path.parent}"), soft_wrap=True)

    def observe(self, status: Status, record: StepRecord | EpochRecord | None) -> None:
        """Show where the training stands.

        Args:
            status: Of the run.
            record: What was measured just now, if anything.
        """
        if self._progress.disable:
            return
        shown: dict[str, Any] = {"completed": status.progress, "epoch": f"{status.epoch} of {status.epochs}"}
        shown["left"] = time_left(status.remaining_seconds)
        if isinstance(record, StepRecord):
            shown["speed"] = f"{record.images_per_second:,.0f} images/s"
        if isinstance(record, EpochRecord):
            shown["loss"] = _test_loss(record)
        self._progress.update(self._task, description=self._state(status), **shown)

    def _state(self, status: Status) -> str:
        if status.state not in ("queued", "running") or status.images_per_second > 0.0:
            return _STATES[status.state]
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
    """A bar between the words where it fits; else the words alone, over as many lines as they take."""
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


def _test_loss(record: EpochRecord) -> str:
    """In nats where there is a KL; else it is a mean squared error, of which the first digits are zeros."""
    loss = record.test.loss
    return f"test loss {loss:.2f} nats" if record.test.kl_per_dimension else f"test loss {loss:.4f}"
