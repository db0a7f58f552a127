"""What the terminal says of a training: only what is known."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from pathlib import Path

from cvae_core.cli.terminal import TrainingProgress
from cvae_core.runs.run import Run
from cvae_core.runs.status import Status, read_status, write_status
from tests.runs.examples import held, run_in


def drawn(run: Run, status: Status) -> str:
    """The last state of the progress bar after a status."""
    terminal = StringIO()
    with TrainingProgress(run, terminal) as progress:
        progress.observe(status, None)
    return terminal.getvalue()


def test_a_run_is_starting_until_its_first_step(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    status = read_status(run.status_file)
    with held(run.lock_file):
        assert "starting" in drawn(run, status)
        loading = replace(status, state="running")
        write_status(run.status_file, loading)
        assert "starting" in drawn(run, loading)
        assert "training" in drawn(run, replace(loading, images_per_second=1e4))


def test_a_run_that_waits_names_the_one_that_trains(tmp_path: Path) -> None:
    run, other = run_in(tmp_path), run_in(tmp_path, "other")
    write_status(other.status_file, replace(read_status(other.status_file), state="running", images_per_second=1e4))
    with held(run.lock_file), held(other.lock_file):
        assert "waiting for other" in drawn(run, read_status(run.status_file))


def test_the_time_left_is_told_where_there_is_an_estimate(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    training = replace(read_status(run.status_file), state="running", images_per_second=1e4)
    assert "about" not in drawn(run, training)
    assert "about 18 h 34 min left" in drawn(run, replace(training, remaining_seconds=66_840.0))
