"""The summary of a run: its observed state, progress and problems, also where some of its files are damaged."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cvae_core.config.run import RunConfig
from cvae_core.errors import ConfigError, CvaeError, RunDamagedError, RunTooNewError, StorageError
from cvae_core.records import EpochRecord, Losses
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import is_real_folder
from cvae_core.runs.control import is_small, max_workers, turn_count
from cvae_core.runs.metrics import History, MetricsReader
from cvae_core.runs.run import Run, all_runs, created_at
from cvae_core.runs.snapshots import (
    Checkpoint,
    check_snapshot_files,
    checkpoint_folders,
    load_checkpoint,
    newest_known_epoch,
    newest_known_moment,
    scheduled_epochs,
    snapshot_epochs,
)
from cvae_core.runs.status import (
    ENDED,
    About,
    State,
    Status,
    about_or_problem,
    observed_state,
    read_status,
    why_interrupted,
)
from cvae_core.text import short_repr


def known_status(run: Run, config: RunConfig) -> tuple[State, Status, str]:
    """The state and the status of a run; if its status file is damaged, what its other files tell.

    Args:
        run: The run.
        config: Its configuration.

    Returns:
        State, status, and what is damaged, in whole sentences; empty if nothing is.

    Raises:
        RunTooNewError: A newer version wrote the status.
        RunDamagedError: The status is damaged, and there is neither a snapshot nor a checkpoint.
    """
    try:
        return *observed_state(run.lock_file, run.status_file), ""
    except RunTooNewError:
        raise
    except RunDamagedError as error:
        status = _status_from_weights(run, config)
        if status is None:
            raise
        alive = lock.is_held(run.lock_file)
        state: State = status.state if alive or status.state in ENDED else "interrupted"
        return state, status, f"{error.problem} Its state follows from its snapshots and checkpoints."


def _status_from_weights(run: Run, config: RunConfig) -> Status | None:
    epoch = newest_known_epoch(run.snapshots_folder)
    moment = newest_known_moment(run.checkpoints_folder)
    if epoch is None and moment is None:
        return None
    epochs = config.train.epochs
    reached, step = max((min(epoch or 0, epochs), 0), moment or (0, 0))
    created = created_at(run)
    return Status(
        "finished" if epoch == epochs else "running",
        epochs,
        min(reached, epochs),
        step,
        created_at=created,
        updated_at=created,
    )


def damaged_snapshots(run: Run, config: RunConfig, state: State, status: Status) -> str:
    """What is missing or damaged of the first and the newest snapshot of a run that is not training, as sentences.

    Pruning keeps both. An archive may hold the last one alone, so then the first is not missed. The weights themselves
    are not read.
    """
    if (state not in ENDED and state != "interrupted") or (status.epoch, status.step) == (0, 0):
        return ""
    epochs = snapshot_epochs(run.snapshots_folder)
    # A training may end between an epoch and its snapshot, which is then made when it is resumed.
    until = status.epoch if state == "finished" or status.step else status.epoch - 1
    newest = max(epoch for epoch in scheduled_epochs(config.train) if epoch <= max(0, until))
    found = []
    if 0 not in epochs and len(epochs) != 1 and newest > 0:
        found.append("The snapshot of epoch 0, the first, is missing.")
    if not epochs or epochs[-1] < newest:
        there = f"the newest is of epoch {epochs[-1]:,}" if epochs else "there is none"
        which = "last" if state == "finished" else "newest"
        found = [*(found if epochs else []), f"The snapshot of epoch {newest:,}, the {which}, is missing; {there}."]
    for epoch in {*epochs[:1], *epochs[-1:]}:
        try:
            check_snapshot_files(run.snapshots_folder, epoch)
        except RunDamagedError as error:
            found.append(str(error) if isinstance(error, RunTooNewError) else error.problem)
    return " ".join(found)


def without_snapshots(run: Run) -> tuple[str, str]:
    """Why a run without any snapshot cannot be shown or packed, and what to do.

    Raises:
        RunDamagedError: Its status is damaged.
    """
    if known_status(run, run.config())[0] == "finished":
        return f"The snapshots of the finished run {run.id} are missing.", "Restore them from a copy, or train again."
    return f"The run {run.id} has no snapshot yet.", "Train it for a while first."


def followed_history(run: Run, reader: MetricsReader) -> tuple[History, str]:
    """The history of a run so far, and what is lost of it as a sentence; empty if nothing is.

    Until a run has ended its status may be ahead: after a loss of power the last few lines can be missing. They are
    written again when it is resumed.

    Args:
        run: The run.
        reader: Of its metrics.

    Raises:
        RunDamagedError: The metrics cannot be read at all, or a newer version wrote them.
    """
    try:
        status = read_status(run.status_file)  # first: the metrics of a living run only grow
        reached = (status.epoch, status.step) if status.state in ENDED else (0, 0)
    except RunDamagedError:
        reached = (0, 0)
    history = reader.refresh()
    return history, history.losses_missing(reached)


@dataclass(frozen=True)
class ResumePoint:
    """Where training goes on.

    Attributes:
        checkpoint: From which; ``None`` for the beginning.
        notes: What is damaged or lost, each in whole sentences.
    """

    checkpoint: Checkpoint | None
    notes: tuple[str, ...]

    __repr__ = short_repr


def resume_point(run: Run, history: History) -> ResumePoint:
    """Choose a whole checkpoint: the newest, or an older one if from there all losses are recorded again.

    Args:
        run: The run.
        history: Of it, as its metrics tell.
    """
    chosen: Checkpoint | None = None
    notes = []
    for folder in reversed(checkpoint_folders(run.checkpoints_folder)):
        try:
            found = load_checkpoint(folder)
        except RunDamagedError as error:
            notes.append(f"{error.problem} ({folder.name})")
            continue
        if chosen is None or history.has_epochs_until(found.epoch):
            chosen = found
        if history.has_epochs_until(found.epoch):
            break
    if chosen is not None:
        lost = history.losses_missing((chosen.epoch, 0), (chosen.epoch, chosen.step))
        going_on = f"Training goes on from epoch {chosen.epoch:,}, step {chosen.step:,}."
        return ResumePoint(chosen, (*notes, *([lost] if lost else []), *([going_on] if notes or lost else [])))
    if history.position > (0, 0) or notes:
        notes.append("There is no whole checkpoint: training starts again at the beginning, with the same result.")
    return ResumePoint(None, tuple(notes))


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
