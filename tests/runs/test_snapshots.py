"""Snapshots: kept bit for bit, published once, healed if damaged, and nothing else taken for one."""

from __future__ import annotations

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

from cvae_core.errors import RunDamagedError, RunNotFoundError
from cvae_core.runs.snapshots import WEIGHTS_FILE, load_snapshot, publish_snapshot, snapshot_epochs, snapshot_folder
from tests.runs.examples import are_same, some_weights

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
    with pytest.raises(RunDamagedError, match=r"^The snapshot of epoch 1 is damaged: weights\.safetensors cannot be"):
        load_snapshot(tmp_path, 1)
    publish_snapshot(tmp_path, 1, some_weights())
    assert are_same(load_snapshot(tmp_path, 1), some_weights())
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


def test_flipped_bits_of_the_header_are_noticed_or_harmless(tmp_path: Path) -> None:
    publish_snapshot(tmp_path, 1, some_weights())
    path = weights_file(tmp_path, 1)
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    for bit in range(0, 8 * (8 + length), 11):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        try:
            loaded = load_snapshot(tmp_path, 1)
        except RunDamagedError:
            continue
        assert sum(array.nbytes for array in loaded.values()) == len(content) - 8 - length


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2", "F4", "X", None, 7])
def test_numbers_of_a_kind_that_numpy_lacks_are_refused(tmp_path: Path, dtype: object) -> None:
    for size in (4, 8, 16):
        header = json.dumps({"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, size]}}).encode()
        snapshot_folder(tmp_path, 1).mkdir(exist_ok=True)
        weights_file(tmp_path, 1).write_bytes(struct.pack("<Q", len(header)) + header + bytes(size))
        with pytest.raises(RunDamagedError):
            load_snapshot(tmp_path, 1)


@given(st.binary(max_size=64))
@settings(deadline=None)
def test_any_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "any-snapshot"
    snapshot_folder(folder, 1).mkdir(parents=True, exist_ok=True)
    weights_file(folder, 1).write_bytes(content)
    with pytest.raises(RunDamagedError):
        load_snapshot(folder, 1)


def test_a_huge_file_is_refused_at_once(tmp_path: Path) -> None:
    snapshot_folder(tmp_path, 1).mkdir()
    with weights_file(tmp_path, 1).open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(RunDamagedError):
        load_snapshot(tmp_path, 1)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/hosts")])
def test_weights_that_are_no_file_are_missing(tmp_path: Path, make) -> None:
    snapshot_folder(tmp_path, 1).mkdir()
    make(weights_file(tmp_path, 1))
    with pytest.raises(RunDamagedError, match="is missing"):
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
