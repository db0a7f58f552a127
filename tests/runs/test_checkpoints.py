"""Checkpoints: the newest that can be read, and the one before it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvae_core.config.run import RunConfig
from cvae_core.runs.checkpoints import Checkpoint, newest_checkpoint, publish_checkpoint
from tests.runs.examples import are_same, run_in, sealed, some_weights


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
@pytest.mark.parametrize("place", range(0, 50, 7))
def test_a_truncated_newest_one_is_passed_over(tmp_path: Path, file: str, place: int) -> None:
    publish_checkpoint(tmp_path, checkpoint(1))
    publish_checkpoint(tmp_path, checkpoint(2))
    path = tmp_path / "000002-00000000" / file
    os.truncate(path, path.stat().st_size * place // 50)
    assert newest(tmp_path) == (1, 0)


@pytest.mark.parametrize("file", ["state.safetensors", "state.json"])
def test_a_newest_one_with_any_flipped_bit_is_passed_over(tmp_path: Path, file: str) -> None:
    publish_checkpoint(tmp_path, checkpoint(1))
    publish_checkpoint(tmp_path, checkpoint(2, seconds=7.25))
    path = tmp_path / "000002-00000000" / file
    content = path.read_bytes()
    for bit in range(0, 8 * len(content), 7):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        path.write_bytes(flipped)
        assert newest(tmp_path) == (1, 0)


@pytest.mark.parametrize("facts", [b"[]", b"null", b"{}", b"[" * 60_000, b'{"schema_version": 1}'])
def test_facts_of_another_form_are_passed_over(tmp_path: Path, facts: bytes) -> None:
    publish_checkpoint(tmp_path, checkpoint(1))
    publish_checkpoint(tmp_path, checkpoint(2))
    (tmp_path / "000002-00000000" / "state.json").write_bytes(facts)
    assert newest(tmp_path) == (1, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2}, {"epoch": 1}, {"epoch": "2"}, {"epoch": 2.0}, {"epoch": None}, {"step": 7}, {"step": -1},
        {"facts": []}, {"facts": [["a", 1]]}, {"facts": None}, {"config_sha256": "ab"}, {"sha256": "ab"}, {"bytes": 7},
    ],
)  # fmt: skip
def test_facts_that_make_no_sense_are_passed_over(tmp_path: Path, change: dict[str, Any]) -> None:
    publish_checkpoint(tmp_path, checkpoint(1))
    publish_checkpoint(tmp_path, checkpoint(2))
    path = tmp_path / "000002-00000000" / "state.json"
    path.write_bytes(sealed(path.read_bytes()))
    assert newest(tmp_path) == (2, 0)
    path.write_bytes(sealed(path.read_bytes(), **change))
    assert newest(tmp_path) == (1, 0)


def test_a_checkpoint_of_another_run_is_passed_over(tmp_path: Path) -> None:
    ours, theirs = run_in(tmp_path, "ours"), run_in(tmp_path, "theirs", RunConfig())
    publish_checkpoint(ours.checkpoints_folder, checkpoint(1))
    publish_checkpoint(theirs.checkpoints_folder, checkpoint(2))
    shutil.copytree(theirs.checkpoints_folder / "000002-00000000", ours.checkpoints_folder / "000002-00000000")
    assert newest(ours.checkpoints_folder) == (1, 0)


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
