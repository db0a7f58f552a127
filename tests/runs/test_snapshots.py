"""Snapshots and checkpoints: kept bit for bit, published once, healed or passed over if damaged."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvae_core.errors import RunDamagedError, RunNotFoundError
from cvae_core.runs.checksums import seal
from cvae_core.runs.snapshots import (
    SNAPSHOT_FILE,
    WEIGHTS_FILE,
    Checkpoint,
    load_snapshot,
    newest_checkpoint,
    publish_checkpoint,
    publish_snapshot,
    snapshot_epochs,
    snapshot_folder,
)
from tests.runs.examples import are_same, sealed, some_weights

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


def test_a_damaged_snapshot_is_healed_when_published_again(tmp_path: Path) -> None:
    for name in (WEIGHTS_FILE, SNAPSHOT_FILE):
        publish_snapshot(tmp_path, 1, some_weights())
        path = snapshot_folder(tmp_path, 1) / name
        content = path.read_bytes()
        for place in range(0, len(content), len(content) // 5):
            for damaged in (content[:place], content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]):
                path.write_bytes(damaged)
                with pytest.raises(RunDamagedError, match=r"^The snapshot of epoch 1 .*\."):
                    load_snapshot(tmp_path, 1)
        publish_snapshot(tmp_path, 1, some_weights())
        assert path.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["000001"]


def test_a_snapshot_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    publish_snapshot(tmp_path, 1, some_weights())
    facts = snapshot_folder(tmp_path, 1) / SNAPSHOT_FILE
    facts.write_bytes(sealed(facts.read_bytes(), config_sha256="ab" * 32))
    assert are_same(load_snapshot(tmp_path, 1), some_weights())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema_version": 2}, "of schema version 2; this software reads up to 1"),
        ({"schema_version": None}, "no valid schema_version"),
        ({"epoch": 2}, "is that of epoch 2"),
        ({"epoch": "1"}, "no valid epoch"),
        ({"bytes": 2**50}, "instead of"),
        ({"sha256": ""}, "does not match its checksum"),
        ({"sha256": None}, "no valid sha256"),
    ],
)
def test_facts_that_make_no_sense_are_refused(tmp_path: Path, change: dict, sentence: str) -> None:
    publish_snapshot(tmp_path, 1, some_weights())
    path = snapshot_folder(tmp_path, 1) / SNAPSHOT_FILE
    path.write_bytes(sealed(path.read_bytes(), **change))
    with pytest.raises(RunDamagedError, match=sentence):
        load_snapshot(tmp_path, 1)


def plant(folder: Path, content: bytes) -> None:
    """A snapshot of epoch 1 whose checksums are right, whatever its weights hold."""
    folder = snapshot_folder(folder, 1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS_FILE).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    facts = {"schema_version": 1, "epoch": 1, "bytes": len(content), "sha256": digest}
    (folder / SNAPSHOT_FILE).write_bytes(seal(facts))


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2", "F4", "X", None, 7])
def test_numbers_of_a_kind_that_numpy_lacks_are_refused(tmp_path: Path, dtype: object) -> None:
    for size in (4, 8, 16):
        header = json.dumps({"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, size]}}).encode()
        plant(tmp_path, struct.pack("<Q", len(header)) + header + bytes(size))
        with pytest.raises(RunDamagedError, match=r"cannot be read|of an unknown kind"):
            load_snapshot(tmp_path, 1)


def test_a_huge_file_is_refused_at_once(tmp_path: Path) -> None:
    publish_snapshot(tmp_path, 1, some_weights())
    facts = snapshot_folder(tmp_path, 1) / SNAPSHOT_FILE
    for bytes_said in (json.loads(facts.read_bytes())["bytes"], 2**40):
        facts.write_bytes(sealed(facts.read_bytes(), bytes=bytes_said))
        with weights_file(tmp_path, 1).open("wb") as file:
            file.truncate(2**40)
        with pytest.raises(RunDamagedError, match="has 1,099,511,627,776 bytes"):
            load_snapshot(tmp_path, 1)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/hosts")])
def test_what_is_no_file_is_damaged(tmp_path: Path, make) -> None:
    for name in (WEIGHTS_FILE, SNAPSHOT_FILE):
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


def checkpoint(epoch: int, step: int = 0, **facts: Any) -> Checkpoint:
    return Checkpoint(epoch, step, some_weights(100 * epoch + step), facts)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def newest(folder: Path) -> tuple[int, int] | None:
    found = newest_checkpoint(folder)
    return (found.epoch, found.step) if found else None


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    facts = {"seconds": 1.5, "best": float("inf"), "words": ["a", None, True], "deep": {"n": 1}}
    publish_checkpoint(tmp_path, checkpoint(3, 40, **facts))
    found = newest_checkpoint(tmp_path)
    assert found is not None
    assert (found.epoch, found.step, found.facts) == (3, 40, facts)
    assert are_same(found.arrays, some_weights(340))


def test_arrays_of_other_kinds_come_back_as_they_were(tmp_path: Path) -> None:
    arrays: Any = {"moment": np.ones((2, 3), np.float32), "count": np.array(7, np.int64), "sum": np.array([1e300])}
    publish_checkpoint(tmp_path, Checkpoint(0, 0, arrays, {}))
    found = newest_checkpoint(tmp_path)
    assert found is not None and are_same(found.arrays, arrays)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, Path.touch])
def test_without_any_training_starts_at_the_beginning(tmp_path: Path, make) -> None:
    make(tmp_path / "checkpoints")
    assert newest_checkpoint(tmp_path / "checkpoints") is None


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    for moment in ((0, 0), (0, 90), (1, 5), (9, 0), (10, 0)):
        publish_checkpoint(tmp_path, checkpoint(*moment))
        assert newest(tmp_path) == moment
    assert names(tmp_path) == ["000009-00000000", "000010-00000000"]


def test_a_later_one_at_the_same_moment_takes_its_place(tmp_path: Path) -> None:
    publish_checkpoint(tmp_path, checkpoint(1, 2, seconds=1.0))
    publish_checkpoint(tmp_path, checkpoint(1, 2, seconds=2.0))
    found = newest_checkpoint(tmp_path)
    assert found is not None and found.facts == {"seconds": 2.0}
    assert names(tmp_path) == ["000001-00000002"]


@pytest.mark.parametrize("file", ["state.safetensors", "state.json"])
@pytest.mark.parametrize("place", range(0, 50, 10))
def test_a_truncated_newest_one_is_passed_over(tmp_path: Path, file: str, place: int) -> None:
    publish_checkpoint(tmp_path, checkpoint(1))
    publish_checkpoint(tmp_path, checkpoint(2))
    path = tmp_path / "000002-00000000" / file
    os.truncate(path, path.stat().st_size * place // 50)
    assert newest(tmp_path) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"epoch": 1},
        {"epoch": "2"},
        {"step": 7},
        {"facts": []},
        {"sha256": "ab"},
        {"bytes": 7},
    ],
)
def test_facts_that_make_no_sense_are_passed_over(tmp_path: Path, change: dict[str, Any]) -> None:
    publish_checkpoint(tmp_path, checkpoint(1))
    publish_checkpoint(tmp_path, checkpoint(2))
    path = tmp_path / "000002-00000000" / "state.json"
    path.write_bytes(sealed(path.read_bytes(), config_sha256="as earlier versions wrote it"))
    assert newest(tmp_path) == (2, 0)
    path.write_bytes(sealed(path.read_bytes(), **change))
    assert newest(tmp_path) == (1, 0)


def test_after_falling_back_the_good_ones_stay_and_the_damaged_goes(tmp_path: Path) -> None:
    for epoch in (1, 9):
        publish_checkpoint(tmp_path, checkpoint(epoch))
    (tmp_path / "000009-00000000" / "state.json").unlink()
    publish_checkpoint(tmp_path, checkpoint(2))
    assert names(tmp_path) == ["000001-00000000", "000002-00000000"]
    assert newest(tmp_path) == (2, 0)


def test_what_else_lies_there_is_neither_read_nor_counted_nor_removed(tmp_path: Path) -> None:
    publish_checkpoint(tmp_path / "outside", checkpoint(8))
    folder = tmp_path / "checkpoints"
    for epoch in (1, 2):
        publish_checkpoint(folder, checkpoint(epoch))
    strange = ["zzz", ".tmp-000009-00000000-ab", "٣٣٣٣٣٣-٣٣٣٣٣٣٣٣", "000003"]
    for name in strange:
        (folder / name).mkdir()
    (folder / "000008-00000000").symlink_to(tmp_path / "outside" / "000008-00000000")
    assert newest(folder) == (2, 0)
    publish_checkpoint(folder, checkpoint(3))
    assert set(names(folder)) == {*strange, "000008-00000000", "000002-00000000", "000003-00000000"}
    assert newest(tmp_path / "outside") == (8, 0)
