"""Thinning out: first and last stay, nothing of a living run goes, and what is left is as whole as before."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.errors import RunBusyError, RunError, RunNotFoundError
from cvae_core.runs.run import Run, delete_run
from cvae_core.runs.snapshots import load_snapshot, publish_snapshot, snapshot_epochs
from cvae_core.runs.status import read_status, write_status
from cvae_core.runs.storage import keep_evenly, keep_every, plan_pruning, prune
from cvae_core.runs.summary import disk_use, overview, size_words
from tests.runs.examples import are_same, held, run_in, some_weights

rising = st.sets(st.integers(0, 2_000), max_size=80).map(sorted)


def run_with(folder: Path, epochs: int) -> Run:
    run = run_in(folder)
    for epoch in range(epochs):
        publish_snapshot(run.snapshots_folder, epoch, some_weights(epoch))
    write_status(run.status_file, replace(read_status(run.status_file), state="finished", epoch=epochs - 1))
    return run


@given(rising, st.integers(2, 100))
def test_so_many_are_kept_with_both_ends_and_evenly(epochs: list[int], count: int) -> None:
    kept = keep_evenly(epochs, count)
    assert len(kept) == min(count, len(epochs))
    assert list(kept) == sorted(set(kept) & set(epochs))
    if epochs:
        assert (kept[0], kept[-1]) == (epochs[0], epochs[-1])
    places = [epochs.index(epoch) for epoch in kept]
    gaps = [later - earlier for earlier, later in pairwise(places)]
    assert max(gaps, default=0) - min(gaps, default=0) <= 1


@given(rising, st.integers(1, 50))
def test_every_so_many_epochs_and_both_ends_are_kept(epochs: list[int], step: int) -> None:
    kept = keep_every(epochs, step)
    expected = {epoch for epoch in epochs if epoch % step == 0} | set(epochs[:1]) | set(epochs[-1:])
    assert kept == tuple(sorted(expected))


def test_pruning_drops_what_the_plan_says_and_frees_the_room(tmp_path: Path) -> None:
    run = run_with(tmp_path, 10)
    planned = plan_pruning(run, keep=4)
    before = disk_use(run.path)
    assert prune(run, keep=4) == planned
    assert planned.kept == (0, 3, 6, 9)
    assert planned.dropped == (1, 2, 4, 5, 7, 8)
    assert snapshot_epochs(run.snapshots_folder) == [0, 3, 6, 9]
    assert before - disk_use(run.path) == planned.freed_bytes > 0
    assert sorted(path.name for path in run.snapshots_folder.iterdir()) == ["000000", "000003", "000006", "000009"]
    assert all(are_same(load_snapshot(run.snapshots_folder, epoch), some_weights(epoch)) for epoch in planned.kept)
    assert overview(run).state == "finished"
    assert prune(run, keep=4).dropped == ()


def test_a_run_that_trains_is_left_alone(tmp_path: Path) -> None:
    run = run_with(tmp_path, 5)
    with held(run.lock_file), pytest.raises(RunBusyError, match="being trained"):
        prune(run, keep=2)
    assert snapshot_epochs(run.snapshots_folder) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({}, "Give --keep N or --every N"),
        ({"keep": 3, "every": 3}, "Give --keep N or --every N"),
        ({"keep": 1}, "1 were asked for"),
        ({"keep": -5}, "-5 were asked for"),
        ({"every": 0}, "--every expects at least 1; it got 0"),
    ],
)
def test_numbers_that_make_no_sense_drop_nothing(tmp_path: Path, numbers: dict[str, int], words: str) -> None:
    run = run_with(tmp_path, 5)
    with pytest.raises(RunError, match=words):
        prune(run, **numbers)
    assert len(snapshot_epochs(run.snapshots_folder)) == 5


def test_what_was_half_deleted_before_goes_with_the_next_pruning(tmp_path: Path) -> None:
    run = run_with(tmp_path, 4)
    (run.snapshots_folder / ".tmp-000002-abcd").mkdir()
    prune(run, every=3)
    assert sorted(path.name for path in run.snapshots_folder.iterdir()) == ["000000", "000003"]


def test_a_run_without_snapshots_and_one_that_is_gone(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    assert prune(run, keep=2).kept == ()
    delete_run(run)
    with pytest.raises(RunNotFoundError):
        prune(run, keep=2)


def test_the_disk_is_counted_as_du_counts_it(tmp_path: Path) -> None:
    run = run_with(tmp_path, 3)
    (run.path / "worker.log").write_bytes(b"x" * 100_001)
    (run.path / "elsewhere").symlink_to("/usr")
    counted = subprocess.run(["du", "-sk", run.path], capture_output=True, text=True, check=True)
    assert disk_use(run.path) == 1024 * int(counted.stdout.split()[0])
    assert disk_use(tmp_path / "nothing") == 0


def test_sizes_in_words() -> None:
    assert [size_words(size) for size in (0, 512, 99_900, 100_000, 1_234_567, 999_900_000, 2_340_000_000)] == [
        "0.0 kB",
        "0.5 kB",
        "99.9 kB",
        "0.1 MB",
        "1.2 MB",
        "999.9 MB",
        "2.3 GB",
    ]
