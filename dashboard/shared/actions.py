"""All that a page can do to runs. It is done here and nowhere else, so here it is refused where it is not allowed.

A page of a read-only server shows no button that would be refused; but what reaches the server need not come from a
page that it has drawn.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from contextlib import suppress
from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import IO, Any, Final

import streamlit as st

from cvae_core.config.run import RunConfig
from cvae_core.errors import CvaeError, ReadOnlyError, StorageError
from cvae_core.export.requests import IMPORT_MODULE, import_order
from cvae_core.runs.atomic_io import LEFTOVER_SECONDS, remove_leftovers
from cvae_core.runs.metadata import write_about
from cvae_core.runs.run import Run, all_runs, check_run_name
from cvae_core.runs.status import ALIVE
from cvae_core.runs.storage import Pruning, Trash, plan_pruning
from cvae_core.runs.storage import prune as prune_run
from cvae_core.runs.summary import overview, overviews
from cvae_core.tasks import Task
from cvae_core.workers import launcher
from cvae_core.workers.cost import check_memory, training_cost
from cvae_core.workers.quotas import Limits, check_admission, check_resources, check_upload, read_limits
from dashboard.cache import run_data
from dashboard.shared import tasks
from dashboard.shared.pairs import new_pair
from dashboard.shared.trash import Deletion, Deletions

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


def start_pair(settings: dict[str, Any]) -> str:
    """Start both trainings of the torn manifold, or none.

    Returns:
        The pair's name.

    Raises:
        CvaeError: As ``start``.
    """
    name, configs = new_pair(settings)
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


def bring(archive: IO[bytes], name: str | None) -> Task:
    """Begin to make a run of an archive, in a process of its own.

    Args:
        archive: As it was uploaded. The process gets a copy on the disk that has no name, so whatever happens nothing
            is left of that once the process has ended.
        name: The name that the run gets; that of the archive if ``None``.

    Returns:
        Work that reports as ``import_order`` says.

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
        order = import_order(file.fileno(), run_data.folder(), name)
        return tasks.start(IMPORT_MODULE, order, [file.fileno()])


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


def delete(*runs: Run) -> None:
    """Delete runs; until the page is left that can be undone.

    Raises:
        CvaeError: The server is read-only, or as ``Bin.put``; runs before that one are deleted.
    """
    check_changeable()
    title, deleted = " and ".join(overview(run).title for run in runs), []
    try:
        for run in runs:
            gone = _bin(str(run_data.folder())).put(run)
            deleted.append(gone)
    finally:
        if deleted:
            _deletions().add(title, deleted)


def undo(deletion: Deletion) -> None:
    """Give deleted runs back.

    Raises:
        CvaeError: The server is read-only, or as ``Bin.restore``.
    """
    check_changeable()
    _deletions().undo(deletion)


def deletions() -> Sequence[Deletion]:
    """What was deleted on this page and can be undone."""
    found: Deletions | None = st.session_state.get(_DELETIONS)
    return found.pending if found else ()


def enter(page: str) -> None:
    """Note which page is drawn: what was deleted on another is deleted for good."""
    st.session_state[_SHOWN_PAGE] = page
    found: Deletions | None = st.session_state.get(_DELETIONS)
    if found is None:
        return
    if found.page != page:
        found.empty()
    found.page = page
    found.stay()
    _while_connected(found.token, found)


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


def tidy_up() -> None:
    """Once for each server: delete for good what servers that are dead left to be undone, or had half written."""
    if not is_read_only():
        _bin(str(run_data.folder()))


@st.cache_resource(show_spinner=False)
def _launcher() -> launcher.Launcher:
    """Starts workers; one for the whole server."""
    return launcher.Launcher()


@st.cache_resource(show_spinner=False)
def _starting() -> threading.Lock:
    """Held while a training is admitted and started, so that two visitors cannot take the same last room."""
    return threading.Lock()


@st.cache_resource(show_spinner=False)
def _bin(folder: str) -> Trash:
    """The bin of this server; what others left is swept beside the first page."""
    made = Trash(Path(folder))
    threading.Thread(target=_sweep, args=(made, Path(folder)), daemon=True).start()
    return made


def _sweep(own: Trash, folder: Path) -> None:
    with suppress(CvaeError):  # another server is at it
        own.sweep()
    with suppress(CvaeError):
        for run in all_runs(folder):
            remove_leftovers(run.path, LEFTOVER_SECONDS)


def _deletions() -> Deletions:
    """Those of this session."""
    if _DELETIONS not in st.session_state:
        page = st.session_state.get(_SHOWN_PAGE, "")
        st.session_state[_DELETIONS] = Deletions(_bin(str(run_data.folder())), page)
    found: Deletions = st.session_state[_DELETIONS]
    _while_connected(found.token, found)
    return found


@st.cache_resource(scope="session", on_release=Deletions.leave, show_spinner=False)
def _while_connected(token: str, _of: Deletions) -> Deletions:  # noqa: ARG001  tells one session from another
    """Kept for as long as the browser is there; Streamlit tells its end."""
    return _of
