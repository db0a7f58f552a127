"""A run packed here and unpacked there is the same run; an archive that is damaged or lies is refused."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import stat
import warnings
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.data import dataset_shape, shape_of
from cvae_core.errors import ArchiveError, ExportStoppedError, RunDamagedError, RunError, StorageError
from cvae_core.runs import unpack
from cvae_core.runs.metrics import MetricsWriter, read_history
from cvae_core.runs.pack import Manifest, pack_run
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
from tests.runs.archives import (
    FACTS,
    MANIFEST,
    WEIGHTS,
    Files,
    contents,
    everything_in,
    forged,
    keep_checkpoint,
    packed,
    refusal,
    resealed,
    stopped_run,
    unpacked,
    with_arrays,
    with_config,
    zipped,
)
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
    with zipfile.ZipFile(BytesIO(packed(run))) as archive:
        assert {stat.S_ISREG(entry.external_attr >> 16) for entry in archive.infolist()} == {True}


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
    run.log_file.write_text("what else lies there stays there")
    (snapshot_folder(run.snapshots_folder, 3) / "notes.txt").write_text("private")
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


def test_a_failed_run_still_says_why(tmp_path: Path, there: Path) -> None:
    run = make_run(tmp_path / "here", "failed", "failed")
    seen = overview(unpacked(packed(run), there).run)
    assert (seen.state, seen.problem) == ("failed", overview(run).problem)


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
    unpack.unpack_run(stream, there, "whole", shape_of, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] and told == sorted(told)
    before, asked = everything_in(there), iter([False] * (len(told) - 1))
    with pytest.raises(ExportStoppedError):
        unpack.unpack_run(stream, there, "stopped", shape_of, should_stop=lambda: next(asked, True))
    assert everything_in(there) == before


def test_a_full_disk_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed(run)
    with small_disk(tmp_path / "disk", size="128k") as disk:
        with pytest.raises(StorageError, match="the disk has room for 0 MB"):
            unpacked(archive, disk)
        monkeypatch.setattr(unpack, "_check_room", lambda folder, total: None)
        with pytest.raises(StorageError, match="The disk is full"):
            unpacked(archive, disk)
        assert everything_in(disk) == set()


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


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return packed(stopped_run(tmp_path_factory.mktemp("good"), "mine"))


def test_the_good_one_is_taken(archive: bytes, there: Path) -> None:
    assert unpacked(archive, there).run.id == "mine"
    assert unpacked(forged(archive, lambda files, manifest: None), there, "zipped-again").run.id == "zipped-again"


def test_an_archive_of_an_earlier_version_is_taken(archive: bytes, there: Path) -> None:
    def age(files: Files, manifest: dict[str, Any]) -> None:
        old = {"config_sha256": hashlib.sha256(files["config.json"]).hexdigest()}
        for name in [name for name in files if name.endswith(".json") and name != "config.json"]:
            files[name] = resealed(files[name], **old)
        begin, *others = files["metrics.jsonl"].splitlines(keepends=True)
        files["metrics.jsonl"] = b"".join([resealed(begin, **old), *others])

    assert overview(unpacked(forged(archive, age), there).run).state == "stopped"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), bytes(10_000)])
def test_what_is_no_zip_file(content: bytes, there: Path) -> None:
    assert re.search("it is empty|not a ZIP file|is cut off", refusal(content, there))


@pytest.mark.parametrize("place", range(5))
def test_cut_off_anywhere(place: int, archive: bytes, there: Path) -> None:
    refusal(archive[: len(archive) * place // 5], there)
    refusal(archive[: -place - 1], there)


@pytest.mark.parametrize("count", [10, pytest.param(300, marks=[pytest.mark.slow, pytest.mark.faults])])
def test_a_flipped_bit_is_noticed_or_harmless(count: int, archive: bytes, tmp_path: Path) -> None:
    good, chance = unpacked(archive, tmp_path / "good", "mine").run, random.Random(count)
    directory = archive.index(b"PK\x01\x02")
    for number in range(count):
        place = chance.randrange(directory * (number % 2), len(archive))  # every second one in the list of the files
        flipped = bytearray(archive)
        flipped[place] ^= 1 << chance.randrange(8)
        try:
            found = unpacked(bytes(flipped), tmp_path / "flipped", "mine").run
        except ArchiveError:
            assert not everything_in(tmp_path / "flipped")
            continue
        assert describe(found) == describe(good)
        for path in good.path.rglob("*.safetensors"):
            assert (found.path / path.relative_to(good.path)).read_bytes() == path.read_bytes()
        shutil.rmtree(tmp_path / "flipped")


BAD_NAMES = (
    "../evil.json", "snapshots/../../evil.json", "/etc/evil.json", "C:/evil.json", "..\\evil.json", "lock", "evil.sh",
    "control/stop", "snapshots/", "snapshots/1/weights.safetensors", "snapshots/٠٠٠٠٠١/weights.safetensors",
    "snapshots/000001/deep/weights.safetensors", "snapshots/000001/weights.pickle", "snapshots/000001/state.json",
    "./config.json", "", "![](http://outside/picture.png)", "Config.json", "config.json\n",
)  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_no_run_has(name: str, archive: bytes, there: Path) -> None:
    said = refusal(forged(archive, lambda files, manifest: files.update({name: b"evil"})), there)
    assert "it holds a file that no run has" in said and "http" not in said


def test_a_name_that_goes_on_after_its_end(archive: bytes, there: Path) -> None:
    made = forged(archive, lambda files, manifest: files.update({"config.json#.txt": b"evil"}))
    assert "that no run has" in refusal(made.replace(b"config.json#", b"config.json\0"), there)


def test_names_twice_or_missing(archive: bytes, there: Path) -> None:
    files = contents(archive)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert "a file twice" in refusal(zipped([*files.items(), (WEIGHTS, files[WEIGHTS])]), there)
    for name in ("config.json", "status.json", "metrics.jsonl", MANIFEST):
        rest = {other: content for other, content in files.items() if other != name}
        assert f"{name} is missing" in refusal(zipped(rest), there)
    assert "lists other files" in refusal(zipped(files | {"snapshots/000009/weights.safetensors": b"x"}), there)
    del files[WEIGHTS]
    assert "lists other files" in refusal(zipped(files), there)


@pytest.mark.parametrize(
    "field",
    [("external_attr", mode << 16) for mode in (0o120777, 0o060644, 0o010644, 0o040755)]
    + [("compress_type", zipfile.ZIP_BZIP2)],
)
def test_links_devices_and_other_compressions(field: tuple[str, int], archive: bytes, there: Path) -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, content in contents(archive).items():
            entry = zipfile.ZipInfo(name)
            if name == WEIGHTS:
                setattr(entry, *field)
            made.writestr(entry, content)
    assert "a link or no ordinary file" in refusal(stream.getvalue(), there)


def test_a_bomb(archive: bytes, there: Path) -> None:
    made = forged(archive, lambda files, manifest: files.update({"metrics.jsonl": bytes(70 * 2**20)}))
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as squeezed:
        for name, content in contents(made).items():
            squeezed.writestr(name, content)
    assert "it would unfold to more than 4 times its size" in refusal(stream.getvalue(), there)


def test_too_many_files_and_a_long_manifest(archive: bytes, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = contents(archive)
    long = zipped(files | {MANIFEST: files[MANIFEST] + b" " * 9 * 2**20})
    assert "its manifest is larger than 8 MiB" in refusal(long, there)
    monkeypatch.setattr(unpack, "MOST_FILES", 3)
    assert "too many files; there may be 3" in refusal(archive, there)


def _put(**new: bytes) -> Callable[[Files, dict[str, Any]], None]:
    return lambda files, manifest: files.update({name.replace("__", "."): content for name, content in new.items()})


def _config(**changes: Any) -> Callable[[Files, dict[str, Any]], None]:
    return lambda files, manifest: with_config(files, **changes)


def _status(**changes: Any) -> Callable[[Files, dict[str, Any]], None]:
    return lambda files, manifest: files.update({"status.json": resealed(files["status.json"], **changes)})


def _manifest(**changes: Any) -> Callable[[Files, dict[str, Any]], None]:
    return lambda files, manifest: manifest.update(changes)


def _later(files: Files, manifest: dict[str, Any]) -> None:
    files["snapshots/000900/weights.safetensors"] = files[WEIGHTS]
    files["snapshots/000900/snapshot.json"] = resealed(files[FACTS], epoch=900)
    manifest["snapshots"].append(900)


def _short(files: Files, manifest: dict[str, Any]) -> None:
    name, array = next(iter(load(files[WEIGHTS]).items()))
    with_arrays(files, WEIGHTS, FACTS, save(load(files[WEIGHTS]) | {name: array[:-1].copy()}))


BROKEN: dict[str, tuple[Callable[[Files, dict[str, Any]], None], str]] = {
    "no config": (_put(config__json=b"{"), "onfiguration is not valid JSON"),
    "config from the future": (_config(schema_version=99), "schema version 99"),
    "unknown setting": (_config(evil=1), "no setting 'evil'"),
    "other network": (_config(model={"latent_dim": 3}), "should be float32"),
    "unknown data": (_config(data={"dataset": "weather"}), "no data set 'weather'"),
    "no status": (_put(status__json=b"[]"), "the status of the run should be a JSON object"),
    "unknown state": (_status(state="dancing"), "the status of the run has no valid state"),
    "other epochs": (_status(epochs=7), "more epochs than its configuration"),
    "a later snapshot": (_later, "more epochs than its configuration"),
    "no metrics": (_put(metrics__jsonl=b"nonsense\n"), "lines of its metrics cannot be read, 1 in all"),
    "no weights": (_put(**{WEIGHTS: b"torn"}), "the snapshot of epoch 1 is damaged"),
    "weights of another shape": (_short, "should be float32"),
    "no name": (_put(about__json=b"[]"), "the file with the name and note of the run"),
    "no state": (_put(**{"checkpoints/000002-00000000/state__json": b"{}"}), "a checkpoint has no valid"),
    "another format": (_manifest(format="zip"), "its manifest is not valid: format"),
    "manifest from the future": (_manifest(schema_version=2), "it is of schema version 2"),
    "a name to climb with": (_manifest(run="../up"), "the name of its run is not valid"),
    "other snapshots": (_manifest(snapshots=[0, 1]), "lists other snapshots"),
    "one setting more": (_manifest(evil=1), "its manifest is not valid"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_files_that_no_reader_takes(fault: str, archive: bytes, there: Path) -> None:
    change, words = BROKEN[fault]
    assert words in refusal(forged(archive, change), there)


@settings(max_examples=25)
@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(max_size=9), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_bytes_are_no_manifest(content: bytes) -> None:
    with pytest.raises(ArchiveError):
        Manifest.from_json(content)
