"""All that a page can do to runs. It is done here and nowhere else, so here it is refused where it is not allowed.

A page of a read-only server shows no button that would be refused; but what reaches the server need not come from a
page that it has drawn.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any, Final

import streamlit as st

from cvae_core.config.run import RunConfig
from cvae_core.errors import CvaeError, ReadOnlyError, StorageError
from cvae_core.runs.atomic_io import LEFTOVER_SECONDS, remove, remove_leftovers
from cvae_core.runs.metadata import write_about
from cvae_core.runs.run import Run, all_runs, check_run_name
from cvae_core.runs.status import ALIVE
from cvae_core.runs.storage import Deleted, Pruning, empty_trash, move_to_trash, plan_pruning, restore
from cvae_core.runs.storage import prune as prune_run
from cvae_core.runs.summary import overview, overviews
from cvae_core.tasks import Task
from cvae_core.workers import launcher
from cvae_core.workers.quotas import (
    Limits,
    check_admission,
    check_memory,
    check_resources,
    check_upload,
    read_limits,
    training_cost,
)
from dashboard.cache import run_data
from dashboard.shared import tasks
from dashboard.shared.comparisons import new_comparison

FORCE_LABEL: Final = "Train anyway"
ARCHIVE_MB: Final = 1024  # server.maxUploadSize is one more
_COPIED_AT_ONCE: Final = 2**20
_SPARE_DELAY_SECONDS: Final = 3.0
_DELETIONS: Final = "deletions"
_SHOWN_PAGE: Final = "shown_page"


def limits() -> Limits:
    """What visitors may do.

    Raises:
        ConfigError: An environment variable makes no sense.
    """
    return read_limits()


def is_read_only() -> bool:
    """Whether visitors look and change nothing."""
    return limits().read_only


def check_changeable() -> None:
    """Refuse to change anything on a read-only server.

    Raises:
        ReadOnlyError: It is one.
    """
    if is_read_only():
        raise ReadOnlyError


def may_force() -> bool:
    """Whether a visitor may start a training that needs more memory than one should take."""
    return not limits().limits_size


def check_fits(configs: Sequence[RunConfig], force: bool = False, can_force: bool = True) -> None:
    """Refuse trainings for which this machine has too little memory or disk.

    Args:
        configs: Trainings that start together.
        force: Leave the memory unchecked, where visitors may do so.
        can_force: Whether the page has a checkbox for that.

    Raises:
        CvaeError: As ``check_resources``.
    """
    way_out = f"To train anyway, tick “{FORCE_LABEL}”." if can_force and may_force() else ""
    check_resources(run_data.folder(), configs, force and may_force(), way_out)


def start(config: RunConfig, name: str | None, force: bool = False) -> Run:
    """Start a training.

    Args:
        config: All settings.
        name: Of the run; made from time and preset if ``None``.
        force: As for ``check_fits``.

    Raises:
        CvaeError: The server does not take it, or as ``Launcher.start``.
    """
    return _start({name: config}, force)[0]


def start_comparison(settings: dict[str, Any]) -> str:
    """Start both trainings of the torn manifold, or none.

    Returns:
        The pair's name.

    Raises:
        CvaeError: As ``start``.
    """
    name, configs = new_comparison(settings)
    _start(dict(configs), can_force=False)
    return name


def _start(configs: dict[Any, RunConfig], force: bool = False, can_force: bool = True) -> list[Run]:
    check_changeable()
    with _starting():
        check_admission(limits(), run_data.folder(), list(configs.values()))
        check_fits(list(configs.values()), force, can_force)
        return [_launcher().start(run_data.folder(), config, name) for name, config in configs.items()]


def resume(*runs: Run) -> None:
    """Go on with trainings.

    Raises:
        CvaeError: The server does not take one, or as ``Launcher.resume``.
    """
    check_changeable()
    with _starting():
        configs = [run.config() for run in runs]
        check_admission(limits(), run_data.folder(), configs)
        for config in configs:
            check_memory(training_cost(config), "Or use `cvae resume --force`." if may_force() else "")
        for run in runs:
            _launcher().resume(run)


def import_run(archive: IO[bytes], name: str | None) -> Task:
    """Begin to make a run of an archive, in a process of its own.

    Args:
        archive: As it was uploaded. The process gets a copy on the disk that has no name, so whatever happens nothing
            is left of that once the process has ended.
        name: The name that the run gets; that of the archive if ``None``.

    Returns:
        Work that reports what ``ImportedRun`` tells.

    Raises:
        CvaeError: The server is read-only, the name is no valid one, the archive is larger than it takes, there is no
            room for it, or the server is at work for too many others.
    """
    check_changeable()
    if name is not None:
        check_run_name(name)
    size = archive.seek(0, SEEK_END)
    archive.seek(0)
    check_upload(limits(), ARCHIVE_MB, size)
    with TemporaryFile() as file:
        _copy(archive, file)
        request = {"what": "import", "archive": file.fileno(), "folder": str(run_data.folder()), "name": name}
        return tasks.start(tasks.RUN_TASK, request, [file.fileno()])


def _copy(archive: IO[bytes], file: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(archive, file, _COPIED_AT_ONCE)
        file.flush()
    except OSError as error:
        raise StorageError(
            f"The archive could not be kept in {gettempdir()} while it is unpacked: {error.strerror}.",
            "Free some space there, or name another folder in TMPDIR. Nothing was imported.",
        ) from error


def pause(*runs: Run) -> None:
    """Let trainings wait."""
    check_changeable()
    for run in runs:
        launcher.pause(run)


def unpause(*runs: Run) -> None:
    """Let paused trainings go on."""
    check_changeable()
    for run in runs:
        launcher.unpause(run)


def stop(*runs: Run) -> None:
    """End trainings, keeping what was learnt."""
    check_changeable()
    for run in runs:
        launcher.stop(run)


@dataclass(frozen=True)
class Deletion:
    """Runs that this session deleted together on its present page.

    Attributes:
        title: What people call them.
        runs: Where they are.
    """

    title: str
    runs: tuple[Deleted, ...]


def delete(*runs: Run) -> None:
    """Delete runs; until the page is left that can be undone, for a day at most.

    Raises:
        CvaeError: The server is read-only, or as ``move_to_trash``; runs before that one are deleted.
    """
    check_changeable()
    title, deleted = " and ".join(overview(run).title for run in runs), list[Deleted]()
    try:
        for run in runs:
            gone = move_to_trash(run)
            deleted.append(gone)
    finally:
        if deleted:
            st.session_state.setdefault(_DELETIONS, []).append(Deletion(title, tuple(deleted)))


def undo(deletion: Deletion) -> None:
    """Restore deleted runs.

    Raises:
        CvaeError: The server is read-only, or as ``restore``; the others can still be restored.
    """
    check_changeable()
    if deletion in deletions():
        for deleted in deletion.runs:
            if deleted.path.exists() or not deleted.run.path.exists():
                restore(deleted)
        st.session_state[_DELETIONS].remove(deletion)


def deletions() -> Sequence[Deletion]:
    """What was deleted on this page and can be undone, the newest last."""
    return tuple(st.session_state.get(_DELETIONS, ()))


def enter(page: str) -> None:
    """Note which page is drawn: what was deleted on another is deleted permanently."""
    if st.session_state.get(_SHOWN_PAGE, page) != page:
        for deletion in st.session_state.pop(_DELETIONS, ()):
            for deleted in deletion.runs:
                remove(deleted.path)
    st.session_state[_SHOWN_PAGE] = page


def describe(run: Run, name: str, note: str) -> None:
    """Give a run a name and a note.

    Raises:
        CvaeError: The server is read-only, or as ``write_about``.
    """
    check_changeable()
    write_about(run.about_file, name, note)


def what_thinning_drops(run: Run, keep: int) -> Pruning:
    """What ``thin_out`` would do."""
    return plan_pruning(run, keep=keep)


def thin_out(run: Run, keep: int) -> None:
    """Keep so many snapshots of a run, for good.

    Raises:
        CvaeError: The server is read-only, or as ``prune``.
    """
    check_changeable()
    prune_run(run, keep=keep)


def keep_spare_worker() -> None:
    """Warm a spare worker, after the page that asks for it was drawn, unless a run needs the processor by then."""
    if is_read_only():
        return
    timer = threading.Timer(_SPARE_DELAY_SECONDS, _keep_spare_unless_busy, (_launcher(), run_data.folder()))
    timer.daemon = True
    timer.start()


def _keep_spare_unless_busy(starter: launcher.Launcher, runs: Path) -> None:
    if not any(item.state in ALIVE for item in overviews(runs)):
        starter.keep_spare()


@st.cache_resource(show_spinner=False)
def tidy_up() -> None:
    """Once for each server, beside its first page: remove old trash, and what was left half written."""
    if not is_read_only():
        threading.Thread(target=_tidy_up, args=(run_data.folder(),), daemon=True).start()


def _tidy_up(folder: Path) -> None:
    empty_trash(folder)
    with suppress(CvaeError):
        for run in all_runs(folder):
            remove_leftovers(run.path, LEFTOVER_SECONDS)


@st.cache_resource(show_spinner=False)
def _launcher() -> launcher.Launcher:
    """Starts workers; one for the whole server."""
    return launcher.Launcher()


@st.cache_resource(show_spinner=False)
def _starting() -> threading.Lock:
    """Held while a training is admitted and started, so that two visitors cannot take the same last room."""
    return threading.Lock()
