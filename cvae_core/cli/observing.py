"""Work that takes a while: a progress bar to tell, and Ctrl-C as a wish to end in good order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Column

from cvae_core.cli.signals import stop_on_signal
from cvae_core.cli.terminal import printable
from cvae_core.errors import ExportStoppedError
from cvae_core.remaining_time import RemainingTime, time_left

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
