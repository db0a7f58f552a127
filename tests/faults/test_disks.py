"""A disk that is full, or may no longer be written, while a worker writes: one sentence, and afterwards all goes on."""

from __future__ import annotations

import errno
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cvae_core.runs.metrics import MetricsWriter
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.summary import overview
from tests.faults.conftest import NewRun
from tests.faults.evidence import CONFIG, LONGER, Tally, Undisturbed, Witness, trained
from tests.faults.process_fixtures import Nursery, Order
from tests.runs.examples import small_disk

pytestmark = pytest.mark.slow
PAGE = 4096
FULL = re.compile(r"The disk is full: \S+ could not be written\.")


def fill(disk: Path, left: int = 0) -> Path:
    """Fill a disk up to a few bytes; gives the file to remove."""
    filler = disk / "filler"
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(PAGE))
        except OSError as error:
            assert error.errno == errno.ENOSPC
    os.truncate(filler, max(0, filler.stat().st_size - left))
    return filler


def full_from(calls: int, disk: Path, write: Callable[..., Any], left: int) -> Callable[..., Any]:
    """A way of writing that finds the disk full at one of its calls."""
    made = 0

    def first_fill(*given: Any, **named: Any) -> Any:
        nonlocal made
        made += 1
        if made == calls:
            fill(disk, left)
        return write(*given, **named)

    return first_fill


@pytest.mark.parametrize("left", [0, 2 * PAGE])
@pytest.mark.parametrize("target", ["writer.publish_snapshot", "writer.publish_checkpoint", "session.write_status"])
def test_a_disk_that_is_full_when_something_is_written(
    target: str, left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Undisturbed, tally: Tally
) -> None:
    from cvae_core.training import session, writer

    module, name = target.split(".")
    home = {"session": session, "writer": writer}[module]
    with small_disk(tmp_path / "disk", "4m") as disk, tally.fault():
        run = create_run(disk, CONFIG, "run")
        monkeypatch.setattr(writer, "CHECKPOINT_SECONDS", -1.0)
        monkeypatch.setattr(session, "_STATUS_SECONDS", -1.0)
        monkeypatch.setattr(home, name, full_from(3, disk, getattr(home, name), left))
        status = trained(run)
        monkeypatch.undo()
        assert status.state == "failed"
        assert FULL.fullmatch(status.problem), status.problem
        goes_on_with_space(run, disk, undisturbed, tally)


def goes_on_with_space(run: Run, disk: Path, expected: Undisturbed, tally: Tally) -> None:
    """It can be looked at while the disk is full, and goes on to its end once there is space."""
    witness = Witness(run, tally)
    witness.check(expected)
    (disk / "filler").unlink()
    witness.check_to_the_end(expected)


@pytest.mark.parametrize("lines", ["metrics", "TensorBoard's"])
def test_a_disk_that_is_full_when_a_line_is_appended(
    lines: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, longer: Undisturbed, tally: Tally
) -> None:
    """What is left of the last page is filled first, and then a line is torn."""
    from cvae_core.training import session
    from cvae_core.training.writer import EventFile

    config = LONGER.with_settings({"snapshot_every": LONGER.train.epochs})
    with small_disk(tmp_path / "disk", "4m") as disk, tally.fault():
        run = create_run(disk, config, "run")
        monkeypatch.setattr(session, "_STATUS_SECONDS", 1e9)
        append, add = MetricsWriter.append, EventFile.add
        monkeypatch.setattr(MetricsWriter, "append", full_from(4, disk, append, 0) if lines == "metrics" else append)
        monkeypatch.setattr(EventFile, "add", only_it(disk, add) if lines != "metrics" else lambda *_: None)
        status = trained(run)
        monkeypatch.undo()
        assert FULL.fullmatch(status.problem), status.problem
        assert ("metrics.jsonl" if lines == "metrics" else "tfevents") in status.problem
        expected = Undisturbed(
            config, {epoch: longer.weights[epoch] for epoch in (0, LONGER.train.epochs)}, longer.losses
        )
        goes_on_with_space(run, disk, expected, tally)


def only_it(disk: Path, add: Callable[..., Any]) -> Callable[..., Any]:
    """Full while this is written, and not before and after."""

    def full_meanwhile(*given: Any) -> None:
        filler = fill(disk)
        add(*given)
        filler.unlink()

    return full_meanwhile


@pytest.mark.faults
@pytest.mark.parametrize("number", range(20))
def test_a_disk_that_fills_at_a_random_moment(
    number: int, tmp_path: Path, nursery: Nursery, lifetimes: dict[bool, float], longer: Undisturbed, tally: Tally
) -> None:
    chance = random.Random(number)
    with small_disk(tmp_path / "disk", "8m") as disk, tally.fault():
        witness = Witness(create_run(disk, LONGER, "run"), tally)
        nursery.start(witness.run, Order(often=True))
        watch(witness, chance.random() * lifetimes[True])
        filler = fill(disk, chance.randrange(8) * PAGE)
        nursery.await_end()
        assert overview(witness.run).state in ("failed", "interrupted", "finished")
        witness.check(longer)
        filler.unlink()
        witness.check_to_the_end(longer)


def watch(witness: Witness, seconds: float) -> None:
    """Look at what a worker publishes for a while."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        witness.look()
        time.sleep(0.002)


PLACES: dict[str, Callable[[Run], Path]] = {
    "the run": lambda run: run.path,
    "its snapshots": lambda run: run.snapshots_folder,
    "its checkpoints": lambda run: run.checkpoints_folder,
}
QUICKLY = ["its snapshots"]


@pytest.mark.parametrize(
    "place", [pytest.param(place, marks=[] if place in QUICKLY else pytest.mark.faults) for place in PLACES]
)
def test_a_folder_that_becomes_read_only(
    place: str, nursery: Nursery, new_run: NewRun, longer: Undisturbed, tally: Tally
) -> None:
    witness = new_run(LONGER)
    folder = PLACES[place](witness.run)
    with tally.fault():
        nursery.start(witness.run, Order(often=True, privileged=False))
        while 3 not in witness.seen:
            watch(witness, 0.01)
        folder.chmod(0o555)
        nursery.await_end()
        seen = overview(witness.run)
        if place == "the run":  # its last word cannot be written there
            assert seen.state == "interrupted"
        else:
            assert seen.state == "failed"
            assert re.fullmatch(rf"{folder}/\S+ could not be written: Permission denied\.", seen.problem)
        witness.check(longer)
        folder.chmod(0o755)
        witness.check_to_the_end(longer)
