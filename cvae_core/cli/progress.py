"""The progress of a training, on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final, Self, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn
from rich.table import Column

from cvae_core.cli.terminal import plain, printable
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.remaining_time import time_left
from cvae_core.runs.directory import Run
from cvae_core.runs.overview import overview
from cvae_core.runs.status import Status

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
