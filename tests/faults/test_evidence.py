"""The evidence itself: what was lost, torn or doubled does not escape it."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from cvae_core.errors import RunDamagedError
from cvae_core.runs.metrics import MetricsWriter, cut_back, read_history
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import publish_snapshot, snapshot_folder
from tests.faults.conftest import NewRun
from tests.faults.evidence import CONFIG, Tally, Undisturbed, trained

pytestmark = pytest.mark.slow


def lose(run: Run, expected: Undisturbed) -> None:
    shutil.rmtree(snapshot_folder(run.snapshots_folder, 1))


def rewrite(run: Run, expected: Undisturbed) -> None:
    lose(run, expected)
    publish_snapshot(run.snapshots_folder, 1, expected.weights[2])


def halve(run: Run, expected: Undisturbed) -> None:
    for path in snapshot_folder(run.snapshots_folder, 1).iterdir():
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("harm", [lose, rewrite, halve])
def test_a_snapshot_that_is_not_as_it_was_counts_as_lost(
    harm: Callable[[Run, Undisturbed], None], new_run: NewRun, undisturbed: Undisturbed
) -> None:
    witness = new_run(CONFIG)
    witness.tally = Tally()
    assert trained(witness.run).state == "finished"
    with witness.tally.fault():
        witness.check_to_the_end(undisturbed)
    with pytest.raises(AssertionError, match=r"epochs \[1\] were published"), witness.tally.fault():
        harm(witness.run, undisturbed)
        witness.check(undisturbed)
    assert str(witness.tally) == "faults tried 2, survived 1, snapshots lost 1"


@pytest.mark.parametrize("epochs", [(2,), (1, 1, 2), (1, 2, 2), (2, 1)])
def test_a_gap_or_a_double_in_the_metrics_is_seen(
    epochs: tuple[int, ...], new_run: NewRun, undisturbed: Undisturbed
) -> None:
    witness = new_run(CONFIG)
    assert trained(witness.run).state == "finished"
    records = {record.epoch: record for record in read_history(witness.run.metrics_file).epochs}
    witness.check(undisturbed)
    cut_back(witness.run.metrics_file, 0, 0)
    with MetricsWriter(witness.run.metrics_file) as metrics:
        for epoch in epochs:
            metrics.append(records[epoch])
    with pytest.raises((AssertionError, RunDamagedError)):
        witness.check(undisturbed)
