"""Films of a run, written by a few processes at a time."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from cvae_core.errors import ExportError, ExportStoppedError
from cvae_core.export.animation import FilmFormat
from cvae_core.export.films import FilmReport, Progress, ShouldStop, write_film_files
from cvae_core.export.output import published_together
from cvae_core.export.part import order
from cvae_core.export.settings import PictureSettings
from cvae_core.export.trained_run import TrainedRun

MOST_PROCESSES: Final = 2
_PART_MODULE: Final = "cvae_core.export.part"
_PATIENCE_S: Final = 0.2
# Below this many frames a process more costs longer to start than it saves.
_FRAMES_WORTH_A_PROCESS: Final = 100
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

_Films = Sequence[tuple[PictureSettings, Path]]


def save_films(
    trained: TrainedRun,
    films: _Films,
    film_format: FilmFormat = "gif",
    *,
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
        replace: Whether files of these names may be replaced.
        skip_damaged: Whether to leave out epochs whose snapshots are damaged.
        processes: How many share the films; as many as pay, at most 2, if ``None``.
        progress: Told now and then how many frames are done, and of how many.
        should_stop: Asked before each frame, or several times a second.

    Raises:
        ExportError: A snapshot is damaged, or all are; there are too few images of a label; a file cannot be written.
        ExportStoppedError: ``should_stop`` said so.
        ConfigError: A label is out of range.
    """
    with published_together([path for _, path in films], replace=replace) as drafts:
        wanted = [(settings, draft) for (settings, _), draft in zip(films, drafts, strict=True)]
        count = processes or _worthwhile(len(films), len(films) * len(trained.epochs))
        if count == 1:
            return write_film_files(
                trained, wanted, film_format, skip_damaged=skip_damaged, progress=progress, should_stop=should_stop
            )
        shares = [wanted[index::count] for index in range(min(count, len(wanted)))]
        orders = [order(trained.run, share, film_format, skip_damaged) for share in shares]
        total = len(films) * len(trained.epochs)
        return _collect(orders, lambda done: progress(min(done, total), total), should_stop)


def _worthwhile(films: int, frames: int) -> int:
    return max(1, min(MOST_PROCESSES, os.cpu_count() or 1, films, frames // _FRAMES_WORTH_A_PROCESS))


def _collect(orders: list[dict[str, Any]], progress: Callable[[int], None], should_stop: ShouldStop) -> FilmReport:
    """Start a process for each order, and listen to all until each has reported."""
    done = [0] * len(orders)
    reports: dict[int, FilmReport] = {}
    with ExitStack() as stack, selectors.DefaultSelector() as answers:
        for index, wanted in enumerate(orders):
            process = stack.enter_context(_started(wanted, max(1, (os.cpu_count() or 1) // len(orders))))
            answers.register(process.stdout, selectors.EVENT_READ, index)  # type: ignore[arg-type]
        while len(reports) < len(orders):
            for key, _ in answers.select(_PATIENCE_S):
                message = _heard(key.fileobj)
                if "report" in message:
                    reports[key.data] = _report(message["report"])
                    answers.unregister(key.fileobj)
                done[key.data] = message.get("done", done[key.data])
                progress(sum(done))
            if should_stop():
                raise ExportStoppedError
    first = reports[0]
    return FilmReport(first.epochs, first.skipped, max(report.seconds for report in reports.values()))


@contextmanager
def _started(wanted: dict[str, Any], threads: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process at work; ended, and waited for, when nobody listens any more."""
    process = subprocess.Popen(
        [sys.executable, "-m", _PART_MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=os.environ | dict.fromkeys(_THREADS, str(threads)),
        # Ctrl-C in a terminal reaches the one who asked for the films, who ends this process in good order.
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        yield process
    finally:
        with suppress(OSError):
            process.stdin.close()
        process.stdout.close()  # type: ignore[union-attr]
        process.wait()


def _heard(answers: Any) -> dict[str, Any]:
    """The next message of a process.

    Raises:
        ExportError: It tells of a failure, or ended without a word.
        OSError: It tells of a file that cannot be written.
    """
    line = answers.readline()
    if not line:
        raise ExportError("A process that wrote films ended unexpectedly.", "Try again.")
    message: dict[str, Any] = json.loads(line)
    if "errno" in message:
        raise OSError(message["errno"], message["problem"])
    if "problem" in message:
        raise ExportError(message["problem"], message["advice"])
    return message


def _report(report: dict[str, Any]) -> FilmReport:
    return FilmReport(tuple(report["epochs"]), tuple(report["skipped"]), report["seconds"])
