"""Everything that a page can do to runs; each function refuses what the server does not allow.

Hidden buttons of a read-only server are not enough: a request need not come from a page that the server has drawn.
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
from cvae_core.runs.run import Run, all_runs, check_run_name
from cvae_core.runs.status import ALIVE, write_about
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
    """The limits of this server.

    Raises:
        ConfigError: An environment variable is invalid.
    """
    return read_limits()


def is_read_only() -> bool:
    """Whether visitors can only look."""
    return limits().read_only


def check_changeable() -> None:
    """Raise ``ReadOnlyError`` on a read-only server."""
    if is_read_only():
        raise ReadOnlyError


def may_force() -> bool:
    """Whether a visitor may start a training that needs too much memory."""
    return not limits().limits_size


def check_fits(configs: Sequence[RunConfig], force: bool = False, can_force: bool = True) -> None:
    """Refuse trainings that need more memory or disk than this machine has.

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
    """Start both trainings of a comparison on the toy data, or none.

    Returns:
        The comparison's name.

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
    """Resume trainings.

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
    """Start to import a run from an archive, in a process of its own.

    Args:
        archive: The uploaded file. The process reads a temporary copy without a name, so nothing of it remains.
        name: Of the new run; by default the name in the archive.

    Returns:
        A task whose report has the fields of ``ImportedRun``.

    Raises:
        CvaeError: The server is read-only or busy, the name is invalid, or the archive is too large.
    """
    check_changeable()
    if name is not None:
        check_run_name(name)
    size = archive.seek(0, SEEK_END)
    archive.seek(0)
    check_upload(limits(), ARCHIVE_MB, size)
    with TemporaryFile() as file:
        try:
            shutil.copyfileobj(archive, file, _COPIED_AT_ONCE)
            file.flush()
        except OSError as error:
            raise StorageError(
                f"The archive could not be written to {gettempdir()}: {error.strerror}.",
                "Free some space there, or set TMPDIR to another folder. Nothing was imported.",
            ) from error
        request = {"what": "import", "archive": file.fileno(), "folder": str(run_data.folder()), "name": name}
        return tasks.start(tasks.RUN_TASK, request, [file.fileno()])


def pause(*runs: Run) -> None:
    """Pause trainings."""
    check_changeable()
    for run in runs:
        launcher.pause(run)


def unpause(*runs: Run) -> None:
    """Continue paused trainings."""
    check_changeable()
    for run in runs:
        launcher.unpause(run)


def stop(*runs: Run) -> None:
    """Stop trainings; what was learnt is kept."""
    check_changeable()
    for run in runs:
        launcher.stop(run)


@dataclass(frozen=True)
class Deletion:
    """Runs that this session deleted together on the current page."""

    title: str
    runs: tuple[Deleted, ...]


def delete(*runs: Run) -> None:
    """Delete runs. This can be undone until the visitor leaves the page, for a day at most.

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
    """Deletions on this page that can be undone, the newest last."""
    return tuple(st.session_state.get(_DELETIONS, ()))


def enter(page: str) -> None:
    """Note the current page; deletions on another page become permanent."""
    if st.session_state.get(_SHOWN_PAGE, page) != page:
        for deletion in st.session_state.pop(_DELETIONS, ()):
            for deleted in deletion.runs:
                remove(deleted.path)
    st.session_state[_SHOWN_PAGE] = page


def describe(run: Run, name: str, note: str) -> None:
    """Set a run's display name and note.

    Raises:
        CvaeError: The server is read-only, or as ``write_about``.
    """
    check_changeable()
    write_about(run.about_file, name, note)


def pruning_plan(run: Run, keep: int) -> Pruning:
    """The snapshots that ``prune`` would delete."""
    return plan_pruning(run, keep=keep)


def prune(run: Run, keep: int) -> None:
    """Delete all but ``keep`` snapshots of a run permanently.

    Raises:
        CvaeError: The server is read-only, or as ``prune``.
    """
    check_changeable()
    prune_run(run, keep=keep)


def keep_spare_worker() -> None:
    """Start a standby worker after the page is drawn, unless a run is alive by then."""
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
    """Once per server, in the background: remove old trash and partly written files."""
    if not is_read_only():
        threading.Thread(target=_tidy_up, args=(run_data.folder(),), daemon=True).start()


def _tidy_up(folder: Path) -> None:
    empty_trash(folder)
    with suppress(CvaeError):
        for run in all_runs(folder):
            remove_leftovers(run.path, LEFTOVER_SECONDS)


@st.cache_resource(show_spinner=False)
def _launcher() -> launcher.Launcher:
    """The server's launcher of workers."""
    return launcher.Launcher()


@st.cache_resource(show_spinner=False)
def _starting() -> threading.Lock:
    """Held while trainings are admitted and started, so that two visitors cannot both take the last slot."""
    return threading.Lock()
