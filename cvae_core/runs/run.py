"""The folder of runs and the folder of one run: names, places, creation and deletion."""

from __future__ import annotations

import errno
import math
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cvae_core.config.fields import format_value
from cvae_core.config.run import RunConfig
from cvae_core.errors import (
    ConfigError,
    RunBusyError,
    RunDamagedError,
    RunError,
    RunNotFoundError,
    advice,
    reason,
    storage_errors,
)
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import (
    LEFTOVER_SECONDS,
    draft_of,
    is_link,
    is_own_file,
    is_real_folder,
    named_path,
    read_text,
    remove,
    remove_leftovers,
    replace_file,
    synchronise,
)
from cvae_core.runs.checksums import parsed_object
from cvae_core.runs.status import Status, write_status

RUNS_VARIABLE: Final = "CVAE_RUNS"
DEFAULT_RUNS: Final = "runs"
_FILES: Final = ("config.json", "lock", "status.json", "metrics.jsonl", "worker.log")
_FOLDERS: Final = ("snapshots", "checkpoints", "control", "tensorboard")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True)
class Run:
    """One run, as the folder that holds it.

    Attributes:
        path: The folder; its name is the id of the run.
    """

    path: Path

    @property
    def id(self) -> str:
        """The name of the run."""
        return self.path.name

    @property
    def config_file(self) -> Path:
        """Written once, before the worker starts."""
        return self.path / "config.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the living worker."""
        return self.path / "lock"

    @property
    def status_file(self) -> Path:
        """State, progress and error."""
        return self.path / "status.json"

    @property
    def metrics_file(self) -> Path:
        """One JSON record a line."""
        return self.path / "metrics.jsonl"

    @property
    def about_file(self) -> Path:
        """Its name and a note, by people for people."""
        return self.path / "about.json"

    @property
    def snapshots_folder(self) -> Path:
        """One folder an epoch: weights."""
        return self.path / "snapshots"

    @property
    def checkpoints_folder(self) -> Path:
        """The newest complete states of training: what resume needs."""
        return self.path / "checkpoints"

    @property
    def control_folder(self) -> Path:
        """Requests to the worker."""
        return self.path / "control"

    @property
    def tensorboard_folder(self) -> Path:
        """TensorBoard event files."""
        return self.path / "tensorboard"

    @property
    def log_file(self) -> Path:
        """What the worker printed."""
        return self.path / "worker.log"

    def config(self) -> RunConfig:
        """The configuration that the run was started with.

        Raises:
            RunDamagedError: The file is missing, damaged, or of a newer version, or a link or something else stands in
                the place of a part of the run.
        """
        self._check_parts()
        text = read_text(self.config_file, "The configuration of the run")
        try:
            return RunConfig.from_json(text)
        except ConfigError as error:
            raise RunDamagedError(f"{self.config_file.name}: {error.problem}", error.advice) from None

    def _check_parts(self) -> None:
        """A link may lead out of the folder of runs, where nothing may be read or written."""
        for part in (*_FILES, *_FOLDERS):
            try:
                mode = (self.path / part).lstat().st_mode
            except OSError:
                continue
            if stat.S_ISLNK(mode):
                raise RunDamagedError(f"The run {self.id} has a link in place of its own {part}.")
            if part in _FOLDERS and not stat.S_ISDIR(mode):
                raise RunDamagedError(f"The run {self.id} has something else in place of its folder {part}.")


def runs_folder(chosen: str | Path | None = None) -> Path:
    """Where the runs are: what was chosen, else ``CVAE_RUNS``, else ``./runs``."""
    return named_path(chosen or os.environ.get(RUNS_VARIABLE) or DEFAULT_RUNS)


def check_run_name(name: str) -> str:
    """The name itself, if it can be one.

    Raises:
        RunError: It is empty, too long, starts with a dot, or has characters that a file name should not have.
    """
    if not isinstance(name, str):
        raise RunError(f"The name of a run should be text; it is {format_value(name)}.")
    if not _can_be_name(name):
        problem = f"{format_value(name)} cannot be the name of a run."
        rule = (
            "Use up to 80 characters: letters A to Z, digits, '-', '_' and single '.', starting with a letter or digit."
        )
        raise RunError(
            problem,
            f"{rule} `cvae runs note` then gives it a name of any characters.",
            f"{problem} {rule} You can give it any name afterwards, under “Name and note”.",
        )
    return name


def _can_be_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and ".." not in name


def create_run(folder: Path, config: RunConfig, name: str | None = None) -> Run:
    """Make the folder of a new run, with its configuration and the state "queued".

    Args:
        folder: The folder of runs; made if missing.
        config: The configuration.
        name: The name of the run; made from time and preset if ``None``.

    Raises:
        RunError: The name is no valid one or is taken.
        StorageError: The folder cannot be written.
    """
    name = _new_name(config) if name is None else name
    with drafted_run(folder, name) as draft:
        replace_file(draft.config_file, config.to_json(), durable=True)
        write_status(draft.status_file, Status.new(config.train.epochs), durable=True)
    return Run(folder / name)


def check_new_name(folder: Path, name: str) -> None:
    """Refuse a name that a new run cannot have.

    Raises:
        RunError: The name is no valid one or is taken.
    """
    if os.path.lexists(folder / check_run_name(name)):
        raise _taken(name)


@contextmanager
def drafted_run(folder: Path, name: str) -> Iterator[Run]:
    """Fill the folder of a new run out of sight, then publish it under its name; nothing is left if filling fails.

    Args:
        folder: The folder of runs; made if missing.
        name: The name of the run.

    Yields:
        The draft: a run of another name, with its folders and a lock that nobody holds.

    Raises:
        RunError: The name is no valid one or is taken.
        StorageError: The folder cannot be written.
    """
    check_new_name(folder, name)
    final = Run(folder / name)
    draft = Run(draft_of(final.path))
    remove_leftovers(folder, LEFTOVER_SECONDS)  # of a creation or deletion that was killed
    with storage_errors(final.path):
        try:
            draft.path.mkdir(parents=True)
            held = lock.acquire(draft.lock_file)  # refuses a file system that cannot lock
            if held is not None:
                lock.release(held)
            for place in (draft.snapshots_folder, draft.checkpoints_folder, draft.control_folder):
                place.mkdir()
            yield draft
            _publish(draft, final)
        finally:
            remove(draft.path)


def _publish(draft: Run, final: Run) -> None:
    try:
        draft.path.rename(final.path)
    except OSError:
        if os.path.lexists(final.path):
            raise _taken(final.id) from None
        raise
    synchronise(final.path.parent)


def _taken(name: str) -> RunError:
    return RunError(f"There is already a run named {name!r}.", "Choose another name, or delete that run first.")


def _new_name(config: RunConfig) -> str:
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    label = re.sub(r"[^A-Za-z0-9]+", "-", config.preset).strip("-") or "custom"
    return f"{stamp}-{label[:40]}-{secrets.token_hex(2)}"


def open_run(folder: Path, name: str) -> Run:
    """An existing run by its name.

    Raises:
        RunError: The name is no valid one.
        RunNotFoundError: There is no such run.
    """
    run = Run(folder / check_run_name(name))
    if not is_real_folder(run.path):
        if is_link(run.path):
            raise RunNotFoundError(
                f"{name!r} in {folder} is a link, and links are not followed.",
                "Copy the run there, or name the folder that it is in with --runs or CVAE_RUNS.",
            )
        raise RunNotFoundError(
            f"There is no run {name!r} in {folder}.",
            "`cvae runs list` shows those that there are.",
        )
    return run


def all_runs(folder: Path) -> list[Run]:
    """Every run in a folder, damaged ones included, the newest first; empty if there is no such folder.

    Raises:
        RunError: The system does not let us read the folder, or it is none.
    """
    try:
        entries = list(folder.iterdir())
        if entries and not os.access(folder, os.X_OK):  # only their names may be read, which is as good as nothing
            raise PermissionError(errno.EACCES, "what is in it cannot be seen", str(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        if isinstance(error, NotADirectoryError) and not os.path.lexists(folder):  # a file stands further up
            return []
        raise RunError(
            f"The folder of runs {folder} cannot be read: {reason(error)}.",
            advice(error, "Choose a folder that you may read (--runs or CVAE_RUNS)."),
        ) from error
    found = [Run(path) for path in entries if _can_be_name(path.name) and is_real_folder(path)]
    return sorted(found, key=lambda run: (created_at(run), run.id), reverse=True)


def linked_runs(folder: Path) -> list[str]:
    """The names of links in a folder that could be runs otherwise; they are not followed."""
    with suppress(OSError):
        return sorted(path.name for path in folder.iterdir() if _can_be_name(path.name) and is_link(path))
    return []


def created_at(run: Run) -> float:
    """When a run was made, seconds since 1970, as its status says: a copy or a backup has other file times.

    If the status does not say so, it is when the configuration was written; 0 if there is none.
    """
    with suppress(RunError):
        text = read_text(run.status_file, "The status of the run")
        moment = parsed_object(text, "The status of the run", run.status_file.name).get("created_at")
        if isinstance(moment, float) and 0.0 < moment < math.inf:
            return moment
    with suppress(OSError):
        return run.config_file.lstat().st_mtime
    return 0.0


def delete_run(run: Run) -> None:
    """Delete a run that no worker is busy with.

    Raises:
        RunNotFoundError: It is gone already.
        RunBusyError: Its worker lives.
        StorageError: The folder cannot be changed.
    """
    deleted = draft_of(run.path)
    with held_idle(run):
        with storage_errors(run.path):
            run.path.rename(deleted)
        remove(deleted)
        remove_leftovers(deleted.parent, LEFTOVER_SECONDS)


@contextmanager
def held_idle(run: Run) -> Iterator[None]:
    """Keep every worker off a run that has none.

    Raises:
        RunNotFoundError: It is gone.
        RunBusyError: Its worker lives.
        StorageError: The folder cannot be changed.
    """
    descriptor = _claimed(run) if is_real_folder(run.path) else None
    try:
        if not is_real_folder(run.path):  # another may have deleted it while we waited for its lock
            raise RunNotFoundError(f"There is no run {run.id!r} any more.")
        _check_writable(run)
        yield
    finally:
        if descriptor is not None:
            lock.release(descriptor)


def _check_writable(run: Run) -> None:
    """Refuse a run of another user: in a shared folder it could be moved, and what it holds could not be deleted."""
    if not os.access(run.path, os.W_OK | os.X_OK):
        with storage_errors(run.path):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(run.path))


def _claimed(run: Run) -> int | None:
    """The lock of a run; ``None`` if something else stands in its place, which no worker can have locked."""
    if os.path.lexists(run.lock_file) and not is_own_file(run.lock_file):
        return None
    descriptor = lock.acquire(run.lock_file)
    if descriptor is None:
        raise RunBusyError(f"The run {run.id} is being trained.", "Stop it first.")
    return descriptor
