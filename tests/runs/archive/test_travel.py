"""A run packed here and unpacked there is the same run."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.data import dataset_shape
from cvae_core.errors import ArchiveError, ExportStoppedError, RunDamagedError, RunError, StorageError
from cvae_core.runs import run as directory
from cvae_core.runs.archive import unpack
from cvae_core.runs.archive.pack import pack_run
from cvae_core.runs.metrics import MetricsWriter, read_history
from cvae_core.runs.run import Run, all_runs, create_run
from cvae_core.runs.snapshots import (
    WEIGHTS_FILE,
    load_snapshot,
    newest_checkpoint,
    publish_snapshot,
    snapshot_epochs,
    snapshot_folder,
)
from cvae_core.runs.status import RESUMABLE, Status, write_status
from cvae_core.runs.summary import describe, overview
from tests.dashboard.run_states import living_worker, make_run
from tests.runs.archive.forgery import contents, everything_in, keep_checkpoint, packed, stopped_run, unpacked
from tests.runs.examples import are_same, small_disk, training


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path / "here", "mine", "finished", epochs=5)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


def assert_same_run(first: Run, second: Run) -> None:
    assert describe(first) | {"run": ""} == describe(second) | {"run": ""}
    assert first.config_file.read_bytes() == second.config_file.read_bytes()
    assert read_history(first.metrics_file) == read_history(second.metrics_file)
    for epoch in snapshot_epochs(first.snapshots_folder):
        assert are_same(load_snapshot(first.snapshots_folder, epoch), load_snapshot(second.snapshots_folder, epoch))


def test_a_run_comes_back_the_same(run: Run, there: Path) -> None:
    found = unpacked(packed(run), there)
    assert found.run == Run(there / "mine")
    assert overview(found.run).state == "finished"
    assert_same_run(run, found.run)
    assert [item.id for item in all_runs(there)] == ["mine"]
    assert everything_in(there) == everything_in(run.path.parent)


def test_the_manifest_tells_what_there_is(run: Run, there: Path) -> None:
    manifest = json.loads(contents(packed(run))["manifest.json"])
    files = manifest.pop("files")
    assert manifest == {
        "format": "cvae-run-archive",
        "schema_version": 1,
        "run": "mine",
        "state": "finished",
        "seed": run.config().train.seed,
        "data_sha256": "0" * 64,
        "versions": {"numpy": "2"},
        "epochs": 5,
        "snapshots": [0, 1, 2, 3, 4, 5],
        "all_snapshots": True,
        "checkpoint": None,
    }
    inner = {f"snapshots/{epoch:06d}/{file}" for epoch in range(6) for file in ("weights.safetensors", "snapshot.json")}
    assert files.keys() == inner | {"config.json", "status.json", "metrics.jsonl"}


def test_the_same_run_gives_the_same_bytes(run: Run, there: Path) -> None:
    archive = packed(run)
    for path in run.path.rglob("*"):
        os.utime(path, (1e9, 1e9))
    assert packed(run) == archive
    assert packed(unpacked(archive, there).run) == archive


def test_the_last_snapshot_alone(run: Run, there: Path) -> None:
    found = unpacked(packed(run, "last"), there)
    assert snapshot_epochs(found.run.snapshots_folder) == [5]
    assert not found.manifest.all_snapshots
    assert len(read_history(found.run.metrics_file).epochs) == 5


def test_a_name_of_ones_own_and_a_name_that_is_taken(run: Run, there: Path) -> None:
    archive = packed(run)
    assert unpacked(archive, there, "other").run.id == "other"
    unpacked(archive, there)
    before = everything_in(there)
    with pytest.raises(RunError, match="already a run named 'mine'"):
        unpacked(archive, there)
    with pytest.raises(RunError, match="cannot be the name of a run"):
        unpacked(archive, there, "../up")
    assert everything_in(there) == before


def test_a_folder_of_runs_is_made(run: Run, tmp_path: Path) -> None:
    assert unpacked(packed(run), tmp_path / "deep" / "runs").run.path.is_dir()


def test_a_stopped_run_takes_its_state_along(tmp_path: Path, there: Path) -> None:
    run = stopped_run(tmp_path / "here")
    found = unpacked(packed(run), there).run
    assert overview(found).state == "stopped"
    before, after = newest_checkpoint(run.checkpoints_folder), newest_checkpoint(found.checkpoints_folder)
    assert before is not None and after is not None
    assert (after.epoch, after.step, after.facts) == (before.epoch, before.step, before.facts)
    assert are_same(after.arrays, before.arrays)


def test_only_the_newest_checkpoint_travels_and_a_finished_run_needs_none(tmp_path: Path, there: Path) -> None:
    run = stopped_run(tmp_path / "here")
    keep_checkpoint(run, 1)
    keep_checkpoint(run, 2)
    assert [name for name in contents(packed(run)) if "state.safetensors" in name] == [
        "checkpoints/000002-00000000/state.safetensors"
    ]
    done = make_run(tmp_path / "here", "done", "finished")
    keep_checkpoint(done, 2)
    assert not [name for name in contents(packed(done)) if name.startswith("checkpoints")]


def test_a_failed_run_still_says_why(tmp_path: Path, there: Path) -> None:
    run = make_run(tmp_path / "here", "failed", "failed")
    seen = overview(unpacked(packed(run), there).run)
    assert (seen.state, seen.problem) == ("failed", overview(run).problem)


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
@pytest.mark.parametrize("alive", [True, False])
def test_a_run_under_way_arrives_stopped_with_what_it_had(state: Any, alive: bool, tmp_path: Path, there: Path) -> None:
    run = make_run(tmp_path / "here", "young", state, epochs=3)
    with run.metrics_file.open("ab") as file:
        file.write(b'{"kind": "step", "epo')
    run.snapshots_folder.joinpath(".tmp-000004-abcd").mkdir()
    if alive:
        with living_worker(run):
            archive = packed(run)
    else:
        archive = packed(run)
    found = unpacked(archive, there)
    seen = overview(found.run)
    assert found.manifest.state == (state if alive else "interrupted")
    assert seen.state == "stopped" and seen.state in RESUMABLE
    assert seen.status is not None and (seen.status.epoch, seen.status.step) == (3, 0)
    assert read_history(found.run.metrics_file) == read_history(run.metrics_file)
    assert found.run.metrics_file.read_bytes().endswith(b"\n")
    assert snapshot_epochs(found.run.snapshots_folder) == [0, 1, 2, 3]


def test_what_is_recorded_while_it_is_packed_is_left_out(tmp_path: Path, there: Path) -> None:
    run = make_run(tmp_path / "here", "young", "running", epochs=1)
    more = training(3)[5:]

    def train_on(done: int, total: int) -> None:
        with MetricsWriter(run.metrics_file) as metrics:
            for record in more:
                metrics.append(record)
        publish_snapshot(run.snapshots_folder, 2, load_snapshot(run.snapshots_folder, 1))
        more.clear()

    stream = BytesIO()
    with living_worker(run):
        pack_run(run, stream, progress=train_on)
    found = unpacked(stream.getvalue(), there).run
    assert snapshot_epochs(found.snapshots_folder) == [0, 1]
    assert len(read_history(found.metrics_file).epochs) == 1
    assert len(read_history(run.metrics_file).epochs) > 1


def test_a_run_without_snapshots_has_nothing_to_take(tmp_path: Path) -> None:
    run = create_run(tmp_path, RunConfig(), "fresh")
    with pytest.raises(ArchiveError, match="no snapshot yet"):
        packed(run)
    write_status(run.status_file, Status("finished", 1000, epoch=1000))
    with pytest.raises(ArchiveError, match=r"snapshots of the finished run fresh are missing.* Restore them"):
        packed(run)


def test_a_damaged_snapshot_is_told_and_can_be_left_out(run: Run, there: Path) -> None:
    (snapshot_folder(run.snapshots_folder, 3) / WEIGHTS_FILE).write_bytes(b"torn")
    with pytest.raises(RunDamagedError, match=r"epoch 3 is damaged.*--skip-damaged"):
        packed(run)
    stream = BytesIO()
    manifest = pack_run(run, stream, skip_damaged=True)
    assert (manifest.snapshots, manifest.all_snapshots) == ((0, 1, 2, 4, 5), False)
    assert snapshot_epochs(unpacked(stream.getvalue(), there).run.snapshots_folder) == [0, 1, 2, 4, 5]


def test_links_in_a_run_are_not_followed(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("secret")
    folder = snapshot_folder(run.snapshots_folder, 3)
    (folder / "other.json").symlink_to(secret)
    assert not any("other" in name for name in contents(packed(run)))
    (folder / WEIGHTS_FILE).unlink()
    (folder / WEIGHTS_FILE).symlink_to(secret)
    with pytest.raises(RunDamagedError, match="cannot be read"):
        packed(run)


def test_what_else_lies_in_a_run_stays_there(run: Run) -> None:
    archive = packed(run)
    run.log_file.write_text("private")
    run.tensorboard_folder.mkdir()
    (run.path / "notes.txt").write_text("private")
    (snapshot_folder(run.snapshots_folder, 3) / "notes.txt").write_text("private")
    assert packed(run) == archive


def test_progress_reaches_its_end_and_a_stop_is_obeyed(run: Run, there: Path) -> None:
    told: list[tuple[int, int]] = []
    stream = BytesIO()
    pack_run(run, stream, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] and told == sorted(told)
    with pytest.raises(ExportStoppedError):
        pack_run(run, BytesIO(), should_stop=lambda: True)
    with pytest.raises(ExportStoppedError):
        unpack.unpack_run(stream, there, None, lambda config: None, should_stop=lambda: True)  # type: ignore[arg-type]
    assert everything_in(there) == set()


def test_a_stop_is_obeyed_while_what_came_is_looked_through(run: Run, there: Path) -> None:
    stream, told = BytesIO(packed(run)), list[tuple[int, int]]()
    unpack.unpack_run(stream, there, "whole", dataset_shape, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] and told == sorted(told)
    before, asked = everything_in(there), iter([False] * (len(told) - 1))
    with pytest.raises(ExportStoppedError):
        unpack.unpack_run(stream, there, "stopped", dataset_shape, should_stop=lambda: next(asked, True))
    assert everything_in(there) == before


def test_files_of_an_archive_are_ordinary_files(run: Run) -> None:
    with zipfile.ZipFile(BytesIO(packed(run))) as archive:
        assert {stat.S_ISREG(entry.external_attr >> 16) for entry in archive.infolist()} == {True}


def test_a_full_disk_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(run)
    with small_disk(tmp_path / "disk", size="128k") as disk:
        with pytest.raises(StorageError, match="the disk has room for 0 MB"):
            unpacked(archive, disk)
        monkeypatch.setattr(unpack, "_check_room", lambda folder, total: None)
        with pytest.raises(StorageError, match="The disk is full"):
            unpacked(archive, disk)
        assert everything_in(disk) == set()


def test_what_a_killed_import_left_is_removed_by_the_next(
    run: Run, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, busy = (Run(there / f".tmp-{name}-abcd") for name in ("left", "busy"))
    for draft in (left, busy):
        draft.path.mkdir()
        draft.lock_file.touch()
    unpacked(packed(run), there, "first")
    assert {path.name for path in there.iterdir()} == {".tmp-left-abcd", ".tmp-busy-abcd", "first"}
    monkeypatch.setattr(directory, "_LOCKING_SECONDS", -1.0)
    with living_worker(busy):
        unpacked(packed(run), there, "second")
    assert {path.name for path in there.iterdir()} == {".tmp-busy-abcd", "first", "second"}


def test_what_people_say_of_a_run_travels_with_it(run: Run, there: Path) -> None:
    (run.path / "about.json").write_text('{"name": "Mine", "note": "for the lesson"}')
    found = unpacked(packed(run), there).run
    assert (found.path / "about.json").read_bytes() == (run.path / "about.json").read_bytes()
    (run.path / "about.json").write_bytes(b"\xff")
    assert not (unpacked(packed(run), there, "other").run.path / "about.json").exists()


def test_an_autoencoder_travels_too(tmp_path: Path, there: Path) -> None:
    from tests.networks import random_weights

    config = preset("torn-manifold-conditional")
    run = create_run(tmp_path / "here", config, "torn")
    publish_snapshot(run.snapshots_folder, 0, random_weights(config.model, dataset_shape(config.data)))  # type: ignore[arg-type]
    found = unpacked(packed(run), there).run
    assert overview(found).state == "stopped"
    assert are_same(load_snapshot(found.snapshots_folder, 0), load_snapshot(run.snapshots_folder, 0))
