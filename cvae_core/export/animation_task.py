"""A process that writes some of the films of a run, for another one that waits for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.analysis.views import View
from cvae_core.errors import CvaeError, ExportError, ExportStoppedError
from cvae_core.rendering.animation import FilmReport, Progress, ShouldStop, write_film_files
from cvae_core.rendering.output import FilmFormat, published_together
from cvae_core.rendering.pictures import PictureView, read_view
from cvae_core.runs.run import Run
from cvae_core.tasks import Task, is_cancelled, report_progress, serve

MODULE: Final = "cvae_core.export.animation_task"


def order(
    run: Run,
    films: Sequence[tuple[View, Path]],
    film_format: FilmFormat,
    *,
    skip_damaged: bool,
    scale: int | None = None,
) -> dict[str, Any]:
    """What to write, as JSON holds it."""
    wanted = [{"view": view.model_dump(mode="json"), "path": str(path)} for view, path in films]
    return {
        "run": str(run.path),
        "films": wanted,
        "format": film_format,
        "skip_damaged": skip_damaged,
        "scale": scale,
    }


def _write(wanted: dict[str, Any]) -> Mapping[str, Any]:
    films = [(read_view(film["view"]), Path(film["path"])) for film in wanted["films"]]
    with _nothing_by_halves([path for _, path in films]):
        report = write_film_files(
            TrainedRun(Run(Path(wanted["run"]))),
            films,
            wanted["format"],
            scale=wanted["scale"],
            skip_damaged=wanted["skip_damaged"],
            progress=report_progress,
            should_stop=is_cancelled,
        )
    return asdict(report)


@contextmanager
def _nothing_by_halves(paths: Sequence[Path]) -> Iterator[None]:
    """Remove the files if they did not become whole: who asked for them may be gone."""
    try:
        yield
    except BaseException:
        for path in paths:
            with suppress(OSError):
                path.unlink()
        raise


MOST_PROCESSES: Final = 2
_PATIENCE_S: Final = 0.2
# Below this many frames a process more costs longer to start than it saves.
_FRAMES_WORTH_A_PROCESS: Final = 100

_Films = Sequence[tuple[PictureView, Path]]


def save_films(
    trained: TrainedRun,
    films: _Films,
    film_format: FilmFormat = "gif",
    *,
    scale: int | None = None,
    replace: bool = False,
    skip_damaged: bool = False,
    processes: int | None = None,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> FilmReport:
    """Write films over all snapshots of a run into files, which appear when all of them are whole, or not at all.

    Args:
        trained: The run.
        films: What each shows, and its file.
        film_format: The form of the files.
        scale: How many times larger than one to one each is, 1 to 8; what suits it if ``None``.
        replace: Whether files of these names may be replaced.
        skip_damaged: Whether to leave out epochs whose snapshots are damaged.
        processes: How many share the films; as many as pay, at most 2, if ``None``.
        progress: Told now and then how many frames are done, and of how many.
        should_stop: Asked before each frame, or several times a second.

    Raises:
        ExportError: A snapshot is damaged, or all are; a file cannot be written.
        ExportStoppedError: ``should_stop`` said so.
        ConfigError: The run lacks what a view names.
    """
    with published_together([path for _, path in films], replace=replace) as drafts:
        wanted = [(view, draft) for (view, _), draft in zip(films, drafts, strict=True)]
        count = processes or _worthwhile(len(films), len(films) * len(trained.epochs))
        if count == 1:
            return write_film_files(
                trained,
                wanted,
                film_format,
                scale=scale,
                skip_damaged=skip_damaged,
                progress=progress,
                should_stop=should_stop,
            )
        shares = [wanted[index::count] for index in range(min(count, len(wanted)))]
        orders = [order(trained.run, share, film_format, skip_damaged=skip_damaged, scale=scale) for share in shares]
        total = len(films) * len(trained.epochs)
        return _collect(orders, lambda done: progress(min(done, total), total), should_stop)


def _worthwhile(films: int, frames: int) -> int:
    return max(1, min(MOST_PROCESSES, os.cpu_count() or 1, films, frames // _FRAMES_WORTH_A_PROCESS))


def _collect(orders: list[dict[str, Any]], progress: Callable[[int], None], should_stop: ShouldStop) -> FilmReport:
    """Start a process for each order, and listen to all until each has reported."""
    threads = max(1, (os.cpu_count() or 1) // len(orders))
    with ExitStack() as stack:
        tasks = [stack.enter_context(Task(MODULE, wanted, threads)) for wanted in orders]
        while waiting := [task for task in tasks if not _has_reported(task)]:
            waiting[0].wait(_PATIENCE_S)
            progress(sum(task.done for task in tasks))
            if should_stop():
                raise ExportStoppedError
        progress(sum(task.done for task in tasks))
        reports = [film_report(task.report()) for task in tasks]
    return FilmReport(reports[0].epochs, reports[0].skipped, max(report.seconds for report in reports))


def _has_reported(task: Task) -> bool:
    """Whether a process is through; what went wrong with it is raised here.

    Raises:
        ExportError: It tells of a failure, or ended without a word.
        OSError: It tells of a file that cannot be written.
    """
    if not task.ended:
        return False
    try:
        task.report()
    except CvaeError as error:
        raise ExportError(error.problem, error.advice) from error
    return True


def film_report(report: dict[str, Any]) -> FilmReport:
    """The report of ``part``, out of JSON."""
    return FilmReport(tuple(report["epochs"]), tuple(report["skipped"]), report["seconds"])


if __name__ == "__main__":
    serve(_write)
