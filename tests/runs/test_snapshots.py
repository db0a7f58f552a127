"""Snapshots: kept bit for bit, published once, healed if damaged, and nothing else taken for one."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvae_core.config.run import RunConfig
from cvae_core.errors import RunDamagedError, RunNotFoundError
from cvae_core.runs.checksums import config_sha256, seal
from cvae_core.runs.snapshots import (
    FACTS_FILE,
    WEIGHTS_FILE,
    load_snapshot,
    publish_snapshot,
    snapshot_epochs,
    snapshot_folder,
)
from tests.runs.examples import are_same, run_in, sealed, some_weights

PLACES = 50
weights = st.dictionaries(
    st.text("abc/_0", min_size=1, max_size=8),
    arrays.arrays(np.float32, arrays.array_shapes(min_dims=1, max_dims=3, max_side=4)),
    max_size=4,
)


def weights_file(folder: Path, epoch: int) -> Path:
    return snapshot_folder(folder, epoch) / WEIGHTS_FILE


@given(weights)
@settings(deadline=None, max_examples=25)
def test_weights_come_back_bit_for_bit(tmp_path_factory: pytest.TempPathFactory, weights: dict) -> None:
    folder = tmp_path_factory.mktemp("bits")
    publish_snapshot(folder, 3, weights)
    assert are_same(load_snapshot(folder, 3), weights)


def test_special_numbers_and_odd_memory_come_back(tmp_path: Path) -> None:
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 1e-45], np.float32)
    weights = {"special": special, "transposed": some_weights()["encoder/0/kernel"].T, "stride": special[::2]}
    publish_snapshot(tmp_path, 0, weights)
    assert are_same(load_snapshot(tmp_path, 0), weights)


def test_snapshots_are_listed_by_epoch(tmp_path: Path) -> None:
    for epoch in (10, 0, 100_000, 2):
        publish_snapshot(tmp_path, epoch, some_weights(epoch))
    assert snapshot_epochs(tmp_path) == [0, 2, 10, 100_000]
    assert are_same(load_snapshot(tmp_path, 10), some_weights(10))


def test_publishing_twice_is_harmless_and_the_first_stays(tmp_path: Path) -> None:
    publish_snapshot(tmp_path, 1, some_weights(1))
    before = weights_file(tmp_path, 1).stat()
    publish_snapshot(tmp_path, 1, some_weights(2))
    assert weights_file(tmp_path, 1).stat() == before
    assert are_same(load_snapshot(tmp_path, 1), some_weights(1))
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


@pytest.mark.parametrize("place", range(PLACES))
def test_a_truncated_snapshot_is_damaged_and_healed_when_published_again(tmp_path: Path, place: int) -> None:
    publish_snapshot(tmp_path, 1, some_weights())
    path = weights_file(tmp_path, 1)
    size = path.stat().st_size
    os.truncate(path, size * place // PLACES)
    with pytest.raises(RunDamagedError, match=r"^The snapshot of epoch 1 is damaged: weights\.safetensors has "):
        load_snapshot(tmp_path, 1)
    publish_snapshot(tmp_path, 1, some_weights())
    assert are_same(load_snapshot(tmp_path, 1), some_weights())
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


def test_any_flipped_bit_is_noticed_and_healed_when_published_again(tmp_path: Path) -> None:
    publish_snapshot(tmp_path, 1, some_weights())
    for name in (WEIGHTS_FILE, FACTS_FILE):
        path = snapshot_folder(tmp_path, 1) / name
        content = path.read_bytes()
        for bit in range(0, 8 * len(content), 11):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            with pytest.raises(RunDamagedError, match=r"^The snapshot of epoch 1 .*\."):
                load_snapshot(tmp_path, 1)
        publish_snapshot(tmp_path, 1, some_weights())
        assert path.read_bytes() == content


def test_a_snapshot_is_of_its_run_and_epoch_alone(tmp_path: Path) -> None:
    ours, theirs = run_in(tmp_path, "ours"), run_in(tmp_path, "theirs", RunConfig())
    for run in (ours, theirs):
        for epoch in (1, 2):
            publish_snapshot(run.snapshots_folder, epoch, some_weights(epoch))
    for source in (theirs.snapshots_folder / "000001", ours.snapshots_folder / "000002"):
        shutil.rmtree(ours.snapshots_folder / "000001")
        shutil.copytree(source, ours.snapshots_folder / "000001")
        with pytest.raises(RunDamagedError, match=r"another configuration \(snapshot\.json\)|is that of epoch 2"):
            load_snapshot(ours.snapshots_folder, 1)
    publish_snapshot(ours.snapshots_folder, 1, some_weights(1))
    ours.config_file.write_text(RunConfig().to_json())
    with pytest.raises(RunDamagedError, match=r"config\.json was changed"):
        load_snapshot(ours.snapshots_folder, 1)


def test_a_snapshot_published_while_the_configuration_was_changed_is_of_the_one_trained_with(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    before, checksum = run.config_file.read_bytes(), config_sha256(run.path)
    run.config_file.write_bytes(before + b" ")
    publish_snapshot(run.snapshots_folder, 1, some_weights(), checksum)
    run.config_file.write_bytes(before)
    assert are_same(load_snapshot(run.snapshots_folder, 1), some_weights())


def plant(folder: Path, content: bytes) -> None:
    """A snapshot of epoch 1 whose checksums are right, whatever its weights hold."""
    folder = snapshot_folder(folder, 1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    facts = {"schema_version": 1, "epoch": 1, "config_sha256": "", "bytes": len(content), "sha256": digest}
    (folder / FACTS_FILE).write_bytes(seal(facts))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema_version": 2}, "of schema version 2; this software reads up to 1"),
        ({"schema_version": None}, "no valid schema_version"), ({"epoch": 2}, "is that of epoch 2"),
        ({"epoch": "1"}, "no valid epoch"), ({"bytes": -1}, "no valid bytes"), ({"bytes": 2**50}, "instead of"),
        ({"bytes": 10**400}, "no valid bytes"), ({"sha256": ""}, "does not match its checksum"),
        ({"sha256": None}, "no valid sha256"), ({"config_sha256": "ab"}, "another configuration"),
        ({"colour": 1}, "unknown field colour"),
    ],
)  # fmt: skip
def test_facts_that_make_no_sense_are_refused(tmp_path: Path, change: dict, sentence: str) -> None:
    publish_snapshot(tmp_path, 1, some_weights())
    path = snapshot_folder(tmp_path, 1) / FACTS_FILE
    path.write_bytes(sealed(path.read_bytes(), **change))
    with pytest.raises(RunDamagedError, match=sentence):
        load_snapshot(tmp_path, 1)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2", "F4", "X", None, 7])
def test_numbers_of_a_kind_that_numpy_lacks_are_refused(tmp_path: Path, dtype: object) -> None:
    for size in (4, 8, 16):
        header = json.dumps({"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, size]}}).encode()
        plant(tmp_path, struct.pack("<Q", len(header)) + header + bytes(size))
        with pytest.raises(RunDamagedError, match=r"cannot be read|of an unknown kind"):
            load_snapshot(tmp_path, 1)


@given(st.binary(max_size=64))
@settings(deadline=None)
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-snapshot"
    plant(folder, content)
    with pytest.raises(RunDamagedError, match="cannot be read"):
        load_snapshot(folder, 1)


def test_a_huge_file_is_refused_at_once(tmp_path: Path) -> None:
    publish_snapshot(tmp_path, 1, some_weights())
    facts = snapshot_folder(tmp_path, 1) / FACTS_FILE
    for bytes_said in (json.loads(facts.read_bytes())["bytes"], 2**40):
        facts.write_bytes(sealed(facts.read_bytes(), bytes=bytes_said))
        with weights_file(tmp_path, 1).open("wb") as file:
            file.truncate(2**40)
        with pytest.raises(RunDamagedError, match="has 1,099,511,627,776 bytes"):
            load_snapshot(tmp_path, 1)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/hosts")])
def test_what_is_no_file_is_damaged(tmp_path: Path, make) -> None:
    for name in (WEIGHTS_FILE, FACTS_FILE):
        publish_snapshot(tmp_path, 1, some_weights())
        path = snapshot_folder(tmp_path, 1) / name
        path.unlink()
        make(path)
        with pytest.raises(RunDamagedError, match=r"is missing|cannot be read"):
            load_snapshot(tmp_path, 1)


def test_what_else_lies_there_is_no_snapshot(tmp_path: Path) -> None:
    publish_snapshot(tmp_path, 2, some_weights())
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    shutil.copytree(tmp_path, outside)
    for name in (".tmp-000003-abcd", "3", "٣٣٣٣٣٣", "000003.bak", "-00001", "0000004", "notes", "+00003"):
        (tmp_path / name).mkdir()
    (tmp_path / "000005").touch()
    (tmp_path / "000006").symlink_to(outside / "000002")
    assert snapshot_epochs(tmp_path) == [2]
    for epoch in (3, 5, 6):
        with pytest.raises(RunNotFoundError):
            load_snapshot(tmp_path, epoch)


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("/nowhere")])
def test_what_stands_in_the_place_of_a_snapshot_gives_way(tmp_path: Path, make) -> None:
    make(tmp_path / "000001")
    publish_snapshot(tmp_path, 1, some_weights())
    assert are_same(load_snapshot(tmp_path, 1), some_weights())
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


@pytest.mark.parametrize("make", [lambda path: None, Path.touch])
def test_without_a_folder_there_are_none(tmp_path: Path, make) -> None:
    make(tmp_path / "snapshots")
    assert snapshot_epochs(tmp_path / "snapshots") == []
    with pytest.raises(RunNotFoundError, match=r"no snapshot of epoch 4\. There are snapshots of no epoch yet\."):
        load_snapshot(tmp_path / "snapshots", 4)


def test_a_missing_epoch_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    for epoch in range(3):
        publish_snapshot(tmp_path, epoch, some_weights())
    with pytest.raises(RunNotFoundError, match=r"no snapshot of epoch 7\. There are snapshots of epochs 0, 1, 2\."):
        load_snapshot(tmp_path, 7)
    for epoch in range(3, 9):
        (tmp_path / f"{epoch:06d}").mkdir()
    with pytest.raises(RunNotFoundError, match="of 9 epochs from 0 to 8"):
        load_snapshot(tmp_path, 100)


@pytest.mark.parametrize("epoch", [-1, 10**9])
def test_an_epoch_out_of_bounds_has_no_snapshot(tmp_path: Path, epoch: int) -> None:
    with pytest.raises(RunNotFoundError):
        load_snapshot(tmp_path, epoch)
