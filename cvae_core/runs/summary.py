"""How much of the disk a run takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cvae_core.config.run import RunConfig
from cvae_core.errors import ConfigError, CvaeError, RunDamagedError, StorageError
from cvae_core.records import EpochRecord, Losses
from cvae_core.runs.atomic_io import is_real_folder
from cvae_core.runs.control import is_small, max_workers, turn_count
from cvae_core.runs.metadata import About, about_or_problem
from cvae_core.runs.metrics import History, MetricsReader
from cvae_core.runs.recovery import damaged_snapshots, followed_history, known_status
from cvae_core.runs.run import Run, all_runs
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import State, Status, why_interrupted
from cvae_core.short_repr import short_repr

_BLOCK: Final = 512  # the unit of st_blocks, whatever the file system's own


def disk_use(path: Path) -> int:
    """Bytes that a file, or a folder and all below it, takes on the disk, as ``du`` counts them.

    Links are not followed; what cannot be read or goes meanwhile counts nothing.
    """
    try:
        taken = path.lstat().st_blocks * _BLOCK
    except OSError:
        return 0
    folders: list[str | Path] = [path] if is_real_folder(path) else []
    while folders:  # and no recursion: folders may be nested deeper than that can go
        here, found = _contents(folders.pop())
        taken += here
        folders += found
    return taken


def _contents(folder: str | Path) -> tuple[int, list[str]]:
    """Bytes that the entries of a folder take, what is below them left out; and which of them are folders."""
    taken, folders = 0, []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            taken += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
    return taken, folders


def size_words(size: int) -> str:
    """A size as people read it: in MB, or GB where it is large."""
    if size < 1e5:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


@dataclass(frozen=True)
class Overview:
    """A run at a glance.

    Attributes:
        run: The run.
        state: As it is now; "broken" if a file of it cannot be read, "queued" only where it waits for other runs, and
            "starting" from its turn to its first step.
        config, status: ``None`` if broken.
        problem, advice: Why it is broken, failed or, if that is known, interrupted, and what to do; empty otherwise.
        about: What people call it and say of it.
        about_problem: Why that cannot be read and what to do; empty otherwise.
        ahead: Titles of the runs that a queued one waits for; empty otherwise.
        damage: Which part of a run that can be looked at is damaged or missing, in whole sentences; empty if none is.
    """

    run: Run
    state: State
    config: RunConfig | None
    status: Status | None
    problem: str = ""
    advice: str = ""
    about: About = field(default_factory=About)
    about_problem: str = ""
    ahead: tuple[str, ...] = ()
    damage: str = ""

    __repr__ = short_repr

    @property
    def title(self) -> str:
        """Its name, or its id if nobody gave it one."""
        return self.about.name or self.run.id


def overview(run: Run) -> Overview:
    """Look at one run; never raises because of what its files hold."""
    return _with_turn(_read(run), lambda: map(_read, all_runs(run.path.parent)))


def _read(run: Run) -> Overview:
    """A run as its own files tell of it."""
    about, about_problem = about_or_problem(run.about_file)
    try:
        config = run.config()
        state, status, damage = known_status(run, config)
        problem, advice = _problem(run, state, status)
        damage = damage or damaged_snapshots(run, config, state, status)
        return Overview(run, state, config, status, problem, advice, about, about_problem, damage=damage)
    except CvaeError as error:
        advice = error.advice or "Delete this run, or restore its files."
        return Overview(run, "broken", None, None, error.problem, advice, about, about_problem)


def _problem(run: Run, state: State, status: Status) -> tuple[str, str]:
    return why_interrupted(run.log_file) if state == "interrupted" else (status.problem, status.advice)


def overviews(folder: Path) -> list[Overview]:
    """Every run of a folder, the newest first."""
    views = [_read(run) for run in all_runs(folder)]
    views = [view for view in views if is_real_folder(view.run.path)]  # a run may be deleted while it is looked at
    return [_with_turn(view, lambda: views) for view in views]


def _with_turn(item: Overview, all_of_folder: Callable[[], Iterable[Overview]]) -> Overview:
    """Tell a run that waits for others from one that is about to train."""
    if item.state == "queued" and (ahead := _ahead(item, all_of_folder())):
        return replace(item, ahead=ahead)
    before_first_step = item.status is not None and item.status.images_per_second == 0.0
    starting = item.state == "queued" or (item.state == "running" and before_first_step)
    return replace(item, state="starting") if starting else item


def _ahead(item: Overview, others: Iterable[Overview]) -> tuple[str, ...]:
    """Titles of the runs that keep a queued one from training; none if there is a free turn for it."""
    assert item.config is not None
    small = is_small(item.config)
    rivals = [other for other in others if other.config is not None and is_small(other.config) == small]
    training = [other for other in rivals if other.state == "running"]
    waiting = [other for other in rivals if other.state == "queued" and _asked(other) < _asked(item)]
    ahead = [*training, *sorted(waiting, key=_asked)]
    return tuple(other.title for other in ahead) if len(ahead) >= turn_count(_limit(), small) else ()


def _asked(item: Overview) -> tuple[float, str]:
    """Orders the runs that wait for a turn."""
    assert item.status is not None
    return item.status.queued_at, item.run.id


def _limit() -> int:
    """How many trainings may run at once, as far as this process knows."""
    try:
        return max_workers()
    except ConfigError:
        return 1


def describe(run: Run) -> dict[str, Any]:
    """All facts of a run as JSON holds them; losses as in ``Losses``, of very many epochs a selection.

    Raises:
        RunDamagedError: Its configuration cannot be read, or its status and all its weights.
        StorageError: The machine cannot read one of these.
    """
    config, seen = run.config(), overview(run)
    if seen.status is None:
        known_status(run, config)  # raises
    history, lost = _history(run)
    about, about_problem = about_or_problem(run.about_file)
    facts: dict[str, Any] = {
        "run": run.id,
        **asdict(about),
        "state": seen.state,
        "config": config.model_dump(mode="json"),
        "data_sha256": history.begins[-1].data_sha256 if history.begins else None,
        "epochs": [_epoch(record) for record in history.epochs],
        "epochs_recorded": history.epoch_count,
        "snapshots": snapshot_epochs(run.snapshots_folder),
        "disk_bytes": disk_use(run.path),
    }
    if about_problem:
        facts["about_problem"] = about_problem
    if damages := [sentence for sentence in (seen.damage, lost) if sentence]:
        facts["damage"] = damages
    return facts | ({"problem": seen.problem, "advice": seen.advice} if seen.problem else {})


def _history(run: Run) -> tuple[History, str]:
    try:
        return followed_history(run, MetricsReader(run.metrics_file))
    except (RunDamagedError, StorageError) as error:
        return History(), str(error)


def _epoch(record: EpochRecord) -> dict[str, Any]:
    return {
        "epoch": record.epoch,
        "train": _losses(record.train),
        "test": _losses(record.test) | {"kl_per_dimension": list(record.test.kl_per_dimension)},
        "seconds": record.seconds,
    }


def _losses(losses: Losses) -> dict[str, Any]:
    return {"loss": losses.loss, "reconstruction": losses.reconstruction, "kl": losses.kl}
