"""What tests of workers share: small trainings, waiting for a state, and finding a worker's process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.runs.run import Run
from cvae_core.runs.status import State, Status, observed_state

SMALL: dict[str, Any] = {
    "train_limit": 500,
    "test_limit": 100,
    "hidden_widths": (16,),
    "latent_dim": 2,
    "batch_size": 100,
    "dropout_rate": 0.2,
    "seed": 7,
}


def small_config(**settings: Any) -> RunConfig:
    """A training of real digits that takes a moment an epoch."""
    return preset("tutorial").with_settings(SMALL | settings)


def wait_for(run: Run, wanted: Callable[[State, Status], bool], seconds: float = 60.0) -> tuple[State, Status]:
    """Wait until a run is as wanted; fail with what it is instead."""
    deadline = time.monotonic() + seconds
    while True:
        state, status = observed_state(run.lock_file, run.status_file)
        if wanted(state, status):
            return state, status
        if time.monotonic() > deadline:
            log = run.log_file.read_text() if run.log_file.exists() else ""
            raise AssertionError(f"{run.id} is {state} after {seconds} s: {status}\n{log[-2000:]}")
        time.sleep(0.02)


def worker_pid(run: Run) -> int:
    """The newest process that was started for a run."""
    found = worker_pids(run)
    if not found:
        raise AssertionError(f"no process works on {run.id}")
    return found[-1]


def worker_pids(run: Run) -> list[int]:
    """The processes that were started for a run, found by their command lines, the newest last."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"cvae_core.training.worker" in command and str(run.path).encode() in command:
                found.append(int(entry.name))
    return sorted(found)
