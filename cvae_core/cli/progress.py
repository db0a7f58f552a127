"""The progress of a training, on a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.directory import Run
from cvae_core.runs.status import Status

_STATES = {
    "queued": "waiting for its turn",
    "paused": "paused",
    "running": "training",
    "finished": "finished",
    "stopped": "stopped",
    "failed": "failed",
}


class TrainingProgress:
    """A progress bar that is told what happens.

    Args:
        run: The run that is trained.
        terminal: Where to draw; ``None`` to draw nothing.
    """

    def __init__(self, run: Run, terminal: TextIO | None) -> None:
        console = Console(file=terminal)
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("epoch {task.fields[epoch]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[speed]}"),
            TextColumn("{task.fields[loss]}"),
            console=console,
            disable=terminal is None,
        )
        self._task = self._progress.add_task("starting", total=1.0, epoch="0", speed="", loss="")
        if terminal is not None:
            console.print(f"Run {run.id} in {run.path.parent}", highlight=False, soft_wrap=True)

    def observe(self, status: Status, record: StepRecord | EpochRecord | None) -> None:
        """Show where the training stands.

        Args:
            status: Of the run.
            record: What was measured just now, if anything.
        """
        shown: dict[str, Any] = {"completed": status.progress, "epoch": f"{status.epoch} of {status.epochs}"}
        if isinstance(record, StepRecord):
            shown["speed"] = f"{record.images_per_second:,.0f} images/s"
        if isinstance(record, EpochRecord):
            shown["loss"] = _test_loss(record)
        self._progress.update(self._task, description=_STATES[status.state], **shown)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


def _test_loss(record: EpochRecord) -> str:
    """In nats where there is a KL; else it is a mean squared error, of which the first digits are zeros."""
    loss = record.test.loss
    return f"test loss {loss:.2f} nats" if record.test.kl_per_dimension else f"test loss {loss:.4f}"
