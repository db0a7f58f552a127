"""What the whole files of a run tell where others are damaged: enough to look at it, and to go on with it."""

from __future__ import annotations

from dataclasses import dataclass

from cvae_core.config.run import RunConfig
from cvae_core.errors import RunDamagedError, RunTooNewError
from cvae_core.runs import lock
from cvae_core.runs.metrics import History, MetricsReader
from cvae_core.runs.run import Run, created_at
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
from cvae_core.runs.status import ENDED, State, Status, observed_state, read_status
from cvae_core.short_repr import short_repr


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
