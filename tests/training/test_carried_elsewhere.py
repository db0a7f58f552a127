"""A training that began on one machine and ends on another ends with the same weights."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from cvae_core.export.import_run import ImportedRun, import_run
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.metrics import read_history
from cvae_core.runs.pack import pack_run
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from cvae_core.runs.status import Status
from cvae_core.runs.summary import overview
from cvae_core.training import writer
from tests.living_workers import small_config
from tests.runs.examples import are_same
from tests.training.test_session import stop_after, trained

EPOCHS = 4


@pytest.fixture
def begun(tmp_path: Path) -> Run:
    return create_run(tmp_path / "here", small_config(epochs=EPOCHS), "run")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = create_run(tmp_path_factory.mktemp("undisturbed"), small_config(epochs=EPOCHS), "run")
    assert trained(run).state == "finished"
    return run


def carried(run: Run, folder: Path) -> ImportedRun:
    stream = BytesIO()
    pack_run(run, stream)
    return import_run(stream, folder)


def assert_ends_as(undisturbed: Run, imported: Run) -> None:
    assert trained(imported).state == "finished"
    epochs = snapshot_epochs(undisturbed.snapshots_folder)
    assert snapshot_epochs(imported.snapshots_folder) == epochs
    for epoch in epochs:
        assert are_same(
            load_snapshot(imported.snapshots_folder, epoch), load_snapshot(undisturbed.snapshots_folder, epoch)
        )
    ours, theirs = (read_history(run.metrics_file).epochs for run in (imported, undisturbed))
    assert [(one.epoch, one.train, one.test) for one in ours] == [(one.epoch, one.train, one.test) for one in theirs]


@pytest.mark.parametrize("steps", [0, 3])
def test_a_stopped_run_is_resumed_there(steps: int, begun: Run, undisturbed: Run, tmp_path: Path) -> None:
    assert stop_after(begun, 2, steps).state == "stopped"
    found = carried(begun, tmp_path / "there")
    assert found.resumable and not found.note
    assert overview(found.run).state == "stopped"
    assert_ends_as(undisturbed, found.run)


def test_a_run_packed_while_it_trains_is_resumed_there(
    begun: Run, undisturbed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CHECKPOINT_SECONDS", 0.0)
    archives: list[BytesIO] = []

    def observe(status: Status, record: StepRecord | EpochRecord | None) -> None:
        if record is not None and status.epoch in (1, 2):
            archives.append(BytesIO())
            pack_run(begun, archives[-1])

    assert trained(begun, observe).state == "finished"
    assert len(archives) >= 4
    for number in (0, len(archives) // 2, len(archives) - 1):
        found = import_run(archives[number], tmp_path / f"there-{number}")
        seen = overview(found.run)
        assert seen.state == "stopped"
        assert seen.status is not None and seen.status.epoch in (1, 2)
        assert_ends_as(undisturbed, found.run)
