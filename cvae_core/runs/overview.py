"""What a person wants to know of a run at a glance; a run that cannot be read says why and hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cvae_core.config import RunConfig
from cvae_core.errors import ConfigError, CvaeError, RunDamagedError
from cvae_core.records import EpochRecord, Losses
from cvae_core.runs.about import About, about_or_problem
from cvae_core.runs.directory import Run, all_runs
from cvae_core.runs.disk import disk_use
from cvae_core.runs.files import is_real_folder
from cvae_core.runs.metrics import History, MetricsReader
from cvae_core.runs.queue import is_small, max_workers, turn_count
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import ENDED, State, Status, observed_state, read_status
from cvae_core.runs.worker_log import why_interrupted
from cvae_core.short_repr import short_repr


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
        state, status = observed_state(run.lock_file, run.status_file)
        problem, advice = _problem(run, state, status)
        return Overview(run, state, config, status, problem, advice, about, about_problem)
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
    """All facts of a run as JSON holds them; losses as in ``Losses``.

    Raises:
        RunDamagedError: A file of it cannot be read.
    """
    config, seen = run.config(), overview(run)
    history = whole_history(run, MetricsReader(run.metrics_file))
    about, about_problem = about_or_problem(run.about_file)
    facts: dict[str, Any] = {
        "run": run.id,
        **asdict(about),
        "state": seen.state,
        "config": config.model_dump(mode="json"),
        "data_sha256": history.begins[-1].data_sha256 if history.begins else None,
        "epochs": [_epoch(record) for record in history.epochs],
        "snapshots": snapshot_epochs(run.snapshots_folder),
        "disk_bytes": disk_use(run.path),
    }
    if about_problem:
        facts["about_problem"] = about_problem
    return facts | ({"problem": seen.problem, "advice": seen.advice} if seen.problem else {})


def whole_history(run: Run, reader: MetricsReader) -> History:
    """All records of a run so far, as many as its status tells of.

    Until a run has ended its status may be ahead: after a loss of power the last few lines can be missing. They are
    written again when it is resumed.

    Args:
        run: The run.
        reader: Of its metrics.

    Raises:
        RunDamagedError: The metrics or the status cannot be read, or lines at the end are missing.
    """
    status = read_status(run.status_file)  # first: the metrics of a living run only grow
    history = reader.refresh()
    if status.state in ENDED and history.position < (status.epoch, status.step):
        raise RunDamagedError(
            f"The metrics of the run end at epoch {history.position[0]}, although it got to epoch {status.epoch}: "
            f"lines are missing ({run.metrics_file.name}).",
            "Restore the file from a copy, or delete the run.",
        )
    return history


def _epoch(record: EpochRecord) -> dict[str, Any]:
    return {
        "epoch": record.epoch,
        "train": _losses(record.train),
        "test": _losses(record.test) | {"kl_per_dimension": list(record.test.kl_per_dimension)},
        "seconds": record.seconds,
    }


def _losses(losses: Losses) -> dict[str, Any]:
    return {"loss": losses.loss, "reconstruction": losses.reconstruction, "kl": losses.kl}
