"""What a person wants to know of a run at a glance; a run that cannot be read says why and hides no other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvae_core.config import RunConfig
from cvae_core.errors import CvaeError
from cvae_core.records import EpochRecord, Losses
from cvae_core.runs.directory import Run, all_runs
from cvae_core.runs.metrics import read_history
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import State, Status, observed_state


@dataclass(frozen=True)
class Overview:
    """A run at a glance.

    Attributes:
        run: The run.
        state: As it is now; "broken" if a file of it cannot be read.
        config, status: ``None`` if broken.
        problem, advice: Why it is broken or failed and what to do; empty otherwise.
    """

    run: Run
    state: State
    config: RunConfig | None
    status: Status | None
    problem: str = ""
    advice: str = ""


def overview(run: Run) -> Overview:
    """Look at one run; never raises because of what its files hold."""
    try:
        state, status = observed_state(run.lock_file, run.status_file)
        return Overview(run, state, run.config(), status, status.problem, status.advice)
    except CvaeError as error:
        return Overview(run, "broken", None, None, error.problem, error.advice or "Delete it, or restore its files.")


def overviews(folder: Path) -> list[Overview]:
    """Every run of a folder, the newest first."""
    views = [overview(run) for run in all_runs(folder)]
    return [view for view in views if view.run.path.is_dir()]  # a run may be deleted while it is looked at


def describe(run: Run) -> dict[str, Any]:
    """All facts of a run as JSON holds them; losses as in ``Losses``.

    Raises:
        RunDamagedError: A file of it cannot be read.
    """
    state, status = observed_state(run.lock_file, run.status_file)
    history = read_history(run.metrics_file)
    facts: dict[str, Any] = {
        "run": run.id,
        "state": state,
        "config": run.config().model_dump(mode="json"),
        "data_sha256": history.begins[-1].data_sha256 if history.begins else None,
        "epochs": [_epoch(record) for record in history.epochs],
        "snapshots": snapshot_epochs(run.snapshots_folder),
    }
    return facts | ({"problem": status.problem, "advice": status.advice} if status.problem else {})


def _epoch(record: EpochRecord) -> dict[str, Any]:
    return {
        "epoch": record.epoch,
        "train": _losses(record.train),
        "test": _losses(record.test) | {"kl_per_dimension": list(record.test.kl_per_dimension)},
        "seconds": record.seconds,
    }


def _losses(losses: Losses) -> dict[str, Any]:
    return {"loss": losses.loss, "reconstruction": losses.reconstruction, "kl": losses.kl}
