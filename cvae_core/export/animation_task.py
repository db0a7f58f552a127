"""Animations written by one or several processes of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from cvae_core.analysis.network import Progress, no_progress
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.analysis.views import View
from cvae_core.errors import CvaeError, ExportError
from cvae_core.rendering.animation import AnimationReport, write_animations
from cvae_core.rendering.output import AnimationFormat, published_together
from cvae_core.rendering.pictures import PictureView, read_view
from cvae_core.runs.run import Run
from cvae_core.tasks import Task, report_progress, serve

MODULE: Final = "cvae_core.export.animation_task"
MOST_PROCESSES: Final = 2
_POLL_S: Final = 0.2
# With fewer frames a second process takes longer to start than it saves.
_FRAMES_WORTH_A_PROCESS: Final = 100


def request(
    run: Run,
    animations: Sequence[tuple[View, Path]],
    animation_format: AnimationFormat,
    *,
    skip_damaged: bool,
    scale: int | None = None,
) -> dict[str, Any]:
    """What this task should write, as JSON."""
    files = [{"view": view.model_dump(mode="json"), "path": str(path)} for view, path in animations]
    options = {"animation_format": animation_format, "skip_damaged": skip_damaged, "scale": scale}
    return {"run": str(run.path), "files": files, "options": options}


def _write(wanted: dict[str, Any]) -> Mapping[str, Any]:
    animations = [(read_view(file["view"]), Path(file["path"])) for file in wanted["files"]]
    trained = TrainedRun(Run(Path(wanted["run"])))
    try:
        return asdict(write_animations(trained, animations, **wanted["options"], progress=report_progress))
    except BaseException:
        for _, path in animations:  # the caller may have ended and cannot remove incomplete files
            with suppress(OSError):
                path.unlink()
        raise


def save_animations(
    trained: TrainedRun,
    animations: Sequence[tuple[PictureView, Path]],
    animation_format: AnimationFormat = "gif",
    *,
    scale: int | None = None,
    replace: bool = False,
    skip_damaged: bool = False,
    processes: int | None = None,
    progress: Progress = no_progress,
) -> AnimationReport:
    """Write animations over all snapshots of a run; the files appear together when all are complete, or not at all.

    Args:
        trained: The run.
        animations: The view and the file of each.
        animation_format: Of the files.
        scale: As in ``paint``.
        replace: Whether to replace existing files.
        skip_damaged: Whether to leave out epochs whose snapshots are damaged.
        processes: How many share the work; chosen automatically, at most 2, if ``None``.
        progress: Called several times a second with the number of frames done and the total; an error that it raises
            ends the work.

    Raises:
        ExportError: A snapshot is damaged, or all are; a file cannot be written.
        ConfigError: The run lacks what a view names.
    """
    total = len(animations) * len(trained.epochs)
    most = min(MOST_PROCESSES, os.cpu_count() or 1, total // _FRAMES_WORTH_A_PROCESS)
    count = max(1, min(processes or most, len(animations)))
    with published_together([path for _, path in animations], replace=replace) as drafts:
        wanted = [(view, draft) for (view, _), draft in zip(animations, drafts, strict=True)]
        if count == 1:
            return write_animations(
                trained, wanted, animation_format, scale=scale, skip_damaged=skip_damaged, progress=progress
            )
        with ExitStack() as stack:
            tasks = []
            for share in (wanted[index::count] for index in range(count)):
                asked = request(trained.run, share, animation_format, skip_damaged=skip_damaged, scale=scale)
                tasks.append(stack.enter_context(Task(MODULE, asked, max(1, (os.cpu_count() or 1) // count))))
            while waiting := [task for task in tasks if not _has_reported(task)]:
                waiting[0].wait(_POLL_S)
                progress(min(sum(task.done for task in tasks), total), total)
            progress(total, total)
            report = tasks[0].report()
    return AnimationReport(tuple(report["epochs"]), tuple(report["skipped"]))


def _has_reported(task: Task) -> bool:
    """Whether a process has finished; its error is raised here, so that the others stop at once."""
    if not task.ended:
        return False
    try:
        task.report()
    except CvaeError as error:
        raise ExportError(error.problem, error.advice) from error
    return True


if __name__ == "__main__":
    serve(_write)
