"""Two launchers that are told to resume the same run at once: one worker trains it, and the other launcher is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cvae_core.errors import RunError
from cvae_core.runs import lock
from cvae_core.runs.metrics import read_history
from cvae_core.runs.status import read_status
from cvae_core.workers.launcher import claim
from tests.faults.concurrent_launcher import Rival
from tests.faults.conftest import NewRun
from tests.faults.evidence import CONFIG, LONGER, Tally, Undisturbed, trained
from tests.living_workers import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.faults]


@pytest.fixture(scope="module")
def rivals() -> Iterator[list[Rival]]:
    both = [Rival(), Rival()]
    yield both
    for rival in both:
        rival.close()


@pytest.mark.parametrize("number", range(20))
def test_two_launchers_resume_the_same_run_at_once(
    number: int, rivals: list[Rival], new_run: NewRun, longer: Undisturbed, tally: Tally
) -> None:
    witness = new_run(LONGER)
    assert trained(witness.run, until=1 + number).state == "stopped"
    with tally.fault():
        for rival in rivals[:: 1 if number % 2 else -1]:
            rival.resume(witness.run)
        assert sorted(rival.outcome() for rival in rivals) == ["RunBusyError", "launched"]
        wait_for(witness.run, lambda state, status: state == "finished")
        assert len(read_history(witness.run.metrics_file).begins) == 2, "two workers were at work"
        witness.check_to_the_end(longer)


def test_a_launcher_that_waited_for_the_lock_until_the_run_was_finished(
    new_run: NewRun, undisturbed: Undisturbed, tally: Tally
) -> None:
    """It was told to resume while the run was not finished, and finds it so when it gets the lock."""
    witness = new_run(CONFIG)
    assert trained(witness.run).state == "finished"
    with tally.fault():
        with pytest.raises(RunError, match="is finished; there is nothing to resume"):
            lock.release(claim(witness.run))
        assert read_status(witness.run.status_file).state == "finished"
        witness.check_to_the_end(undisturbed)
