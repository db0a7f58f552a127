"""Two servers over one folder of runs, one of which is killed and started again while a run trains."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cvae_core.runs import lock
from cvae_core.runs.metrics import read_history
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from cvae_core.runs.status import ALIVE, read_status
from cvae_core.workers import launcher
from tests.e2e.conftest import DASHBOARD, OpenPage, streamlit_process, the_button
from tests.faults.evidence import Tally, Witness, trained
from tests.living_workers import small_config, wait_for
from tests.runs.examples import are_same

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
HOME = DASHBOARD / "Home.py"
CONFIG = small_config(epochs=100_000, snapshot_schedule="every", snapshot_every=50)
_LONG_MS = 60_000


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """A run that was stopped after a few epochs; it is stopped again at the end."""
    made = create_run(tmp_path / "runs", CONFIG, "shared")
    assert trained(made, until=2).state == "stopped"
    yield made
    launcher.stop(made)
    wait_for(made, lambda state, status: state not in ALIVE)


def test_two_servers_share_a_run_and_one_of_them_is_killed(run: Run, open_page: OpenPage, tmp_path: Path) -> None:
    witness = Witness(run, Tally())
    environment = {"CVAE_RUNS": str(run.path.parent)}
    with (
        streamlit_process(HOME, environment, tmp_path / "first.log") as (first_url, first_server),
        streamlit_process(HOME, environment, tmp_path / "second.log") as (second_url, _),
    ):
        first = open_page(f"{first_url}/train?run={run.id}")
        the_button(first, "Resume").click()
        expect(the_button(first, "Pause")).to_be_visible(timeout=_LONG_MS)
        second = open_page(f"{second_url}/train?run={run.id}")
        wait_for(run, lambda state, status: status.epoch >= 60)
        the_button(second, "Pause").click()
        for page in (first, second):
            expect(the_button(page, "Continue")).to_be_visible(timeout=_LONG_MS)
        witness.look()
        first.close()
        first_server.kill()
        first_server.wait()
        paused = read_status(run.status_file)
        with streamlit_process(HOME, environment, tmp_path / "again.log") as (again_url, _):
            again = open_page(again_url)
            assert lock.is_held(run.lock_file), "the worker died with its server"
            again.get_by_role("link", name=run.id).click()
            the_button(again, "Continue").click()
            wait_for(run, lambda state, status: status.epoch >= paused.epoch + 60)
            the_button(second, "Stop").click()
            for page in (again, second):
                expect(the_button(page, "Resume")).to_be_visible(timeout=_LONG_MS)
    witness.look()
    assert_undisturbed(run, tmp_path)


def assert_undisturbed(run: Run, folder: Path) -> None:
    """All that it published is what a training that nothing happened to publishes."""
    epochs = snapshot_epochs(run.snapshots_folder)
    undisturbed = create_run(folder / "undisturbed", CONFIG, "run")
    trained(undisturbed, until=epochs[-1] + 1)
    assert epochs == snapshot_epochs(undisturbed.snapshots_folder)
    for epoch in epochs:
        ours, theirs = (load_snapshot(one.snapshots_folder, epoch) for one in (run, undisturbed))
        assert are_same(ours, theirs)
    history = read_history(run.metrics_file)
    assert [record.epoch for record in history.epochs] == list(range(1, read_status(run.status_file).epoch + 1))
    assert len(history.begins) == 2
