"""Every file of a run damaged: the run says so or shows what it showed, and nothing else notices or is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from cvae_core.architecture import Weights
from cvae_core.cli.terminal import messages_into
from cvae_core.errors import CvaeError
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import remove_leftovers
from cvae_core.runs.control import take_turn
from cvae_core.runs.metrics import MetricsWriter, cut_back
from cvae_core.runs.run import Run, all_runs, delete_run
from cvae_core.runs.snapshots import Checkpoint, publish_checkpoint, publish_snapshot, snapshot_folder
from cvae_core.runs.status import Status, write_status
from cvae_core.workers import launcher
from tests.runs import damage
from tests.runs.damage import EPOCHS, PLACES, World, damaged, look, make_world, noticed
from tests.runs.examples import some_weights, training

FILES = (
    "about.json", "config.json", "status.json", "metrics.jsonl", "lock", "worker.log",
    *(f"snapshots/{epoch:06d}/{name}" for epoch in EPOCHS for name in ("snapshot.json", "weights.safetensors")),
    *(f"checkpoints/{epoch:06d}-00000000/{name}" for epoch in (2, 3) for name in ("state.json", "state.safetensors")),
)  # fmt: skip
UNREAD = ("lock", "worker.log")
FEW_FLIPS, FEW_CUTS = 10, range(0, PLACES, 10)
LONG = [pytest.mark.slow, pytest.mark.faults]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("damage"))


class Stage:
    """A world, and what its run looked like when it was whole."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.before = look(world.run)
        self.untouched = world.untouched()

    def harm(self, name: str, act: Callable[[Path], object]) -> set[str]:
        """Do one damage, and say who noticed; fails if somebody is fooled."""
        with damaged(self.world.run.path / name, act):
            return noticed(self.before, look(self.world.run))


@pytest.fixture
def stage(world: World) -> Iterator[Stage]:
    found = Stage(world)
    yield found
    assert world.untouched() == found.untouched
    assert look(world.run) == found.before


def whose(name: str) -> set[str]:
    """The readers that a damage to a file must reach."""
    part, _, rest = name.partition("/")
    if part == "snapshots":
        return {f"snapshot {int(rest[:6])}"}
    if part == "checkpoints":
        return {"resume"} if rest.startswith("000003") else set()
    return {
        "config.json": {"list", "show", *(f"snapshot {epoch}" for epoch in EPOCHS)},
        "about.json": {"list", "show"},
        "status.json": {"list", "show"},
        "metrics.jsonl": {"show", "history"},
    }.get(name, set())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("places", [FEW_CUTS, pytest.param(range(PLACES), marks=LONG)], ids=["few", "all"])
def test_truncated(name: str, places: range, stage: Stage) -> None:
    for place in places:
        assert whose(name) <= stage.harm(name, lambda path, place=place: damage.truncated(path, place))


@pytest.mark.parametrize("name", [name for name in FILES if name != "config.json"])
@pytest.mark.parametrize("count", [FEW_FLIPS, pytest.param(3_100, marks=LONG)])
def test_bits_flipped(name: str, count: int, stage: Stage) -> None:
    for bit in damage.random_bits(stage.world.run.path / name, count):
        assert whose(name) <= stage.harm(name, lambda path, bit=bit: damage.flipped(path, bit))


@pytest.mark.parametrize("count", [FEW_FLIPS, pytest.param(3_100, marks=LONG)])
def test_a_flipped_bit_of_the_configuration_raises_nothing_unexpected(count: int, stage: Stage) -> None:
    """A setting of another value may go unnoticed: the file has no checksum, so that people can read and copy it."""
    path = stage.world.run.config_file
    for bit in damage.random_bits(path, count):
        with damaged(path, lambda path, bit=bit: damage.flipped(path, bit)):
            look(stage.world.run)


@pytest.mark.parametrize("name", FILES)
def test_something_else_in_its_place(name: str, stage: Stage) -> None:
    for kind, act in damage.in_its_place(stage.world, name).items():
        if (name, kind) != ("about.json", "nothing"):  # nobody need say anything of a run
            found = stage.harm(name, act)
            assert whose(name) <= found or name in UNREAD, kind
            assert {"list", "show"} <= found or not kind.startswith("a link") or "/" in name, kind


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".json", ".jsonl"))])
def test_a_schema_from_the_future(name: str, stage: Stage) -> None:
    assert whose(name) <= stage.harm(name, damage.of_the_future)
    with damaged(stage.world.run.path / name, damage.of_the_future):
        after = look(stage.world.run)
    for reader in {"list", "show", "snapshot 3"} & whose(name):
        if name != "config.json" or reader != "snapshot 3":
            assert "of schema version 2; this software reads up to 1. Update the software" in after[reader]


OTHER_WEIGHTS: dict[str, Callable[[Weights], Weights]] = {
    "one short": lambda weights: weights | {"z_mean/kernel": weights["z_mean/kernel"][:-1]},
    "transposed": lambda weights: weights | {"output/kernel": weights["output/kernel"].T},
    "none": lambda weights: {},
    "one missing": lambda weights: {name: array for name, array in weights.items() if name != "z_mean/bias"},
    "one more": lambda weights: weights | {"spare": np.zeros(1, np.float32)},
    "float64": lambda weights: {name: array.astype("float64") for name, array in weights.items()},
}


@pytest.mark.parametrize("change", OTHER_WEIGHTS.values(), ids=OTHER_WEIGHTS.keys())
def test_weights_that_do_not_fit_the_configuration(change: Callable[[Weights], Weights], stage: Stage) -> None:
    folder, world = stage.world.run.snapshots_folder, stage.world
    snapshot_folder(folder, 1).rename(folder / ".tmp-old")
    publish_snapshot(folder, 1, change(damage.weights(world.run, 1)))
    assert noticed(stage.before, look(world.run)) == {"snapshot 1"}
    damage.shutil.rmtree(snapshot_folder(folder, 1))
    (folder / ".tmp-old").rename(snapshot_folder(folder, 1))


@pytest.mark.parametrize("name", ["snapshots", "snapshots/000001", "checkpoints", "checkpoints/000003-00000000"])
@pytest.mark.parametrize("stand_in", ["a link", "a file", "a pipe"])
def test_something_else_in_place_of_a_folder(name: str, stand_in: str, tmp_path: Path) -> None:
    world = make_world(tmp_path)
    before, untouched, place = look(world.run), world.untouched(), world.run.path / name
    place.rename(tmp_path / "moved")
    if stand_in == "a link":
        place.symlink_to(world.outside / "run" / name)
    else:
        (Path.touch if stand_in == "a file" else os.mkfifo)(place)
    after = look(world.run)
    after["show"] = after["show"] if "/" not in name else before["show"]  # it lists one snapshot less, which is so
    found = noticed(before, after)
    assert found >= ({"list", "show"} if "/" not in name else {"snapshot 1"} if name[0] == "s" else {"resume"})
    assert world.untouched() == untouched


def _turn(run: Run) -> None:
    alive = launcher.claim(run)
    try:
        turn = take_turn(run, 1)
        assert turn is not None
        lock.release(turn)
    finally:
        lock.release(alive)


def _log(run: Run) -> None:
    with messages_into(run.log_file):
        os.write(2, b"a message\n")


def _append(run: Run) -> None:
    with MetricsWriter(run.metrics_file) as writer:
        writer.append(training(4)[-4])


WRITES: dict[str, Callable[[Run], object]] = {
    "turn": _turn,
    "pause": launcher.pause,
    "continue": launcher.unpause,
    "log": _log,
    "status": lambda run: write_status(run.status_file, Status.new(3)),
    "cut": lambda run: cut_back(run.metrics_file, 2, 0),
    "append": _append,
    "snapshot": lambda run: publish_snapshot(run.snapshots_folder, 1, damage.weights(run, 1)),
    "checkpoint": lambda run: publish_checkpoint(run.checkpoints_folder, Checkpoint(4, 0, some_weights(), {})),
    "tidy": lambda run: remove_leftovers(run.snapshots_folder),
    "delete": delete_run,
}
WRITTEN = (
    "config.json", "status.json", "metrics.jsonl", "lock", "worker.log", "control", "control/pause", "snapshots",
    "snapshots/000001", "snapshots/000001/snapshot.json", "checkpoints", "checkpoints/000003-00000000", "../.turns",
    "../.turns/turn-0",
)  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_nothing_is_written_behind_a_link(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock.acquire, "__defaults__", (0.0,))
    for target in ("copy", "nothing", "pipe"):
        world = make_world(tmp_path / target)
        copy = world.outside / "run" / name.removeprefix("../")
        if not copy.exists():
            copy.mkdir(parents=True)
        (world.runs / ".turns").mkdir()
        place = Path(os.path.normpath(world.run.path / name))
        with suppress(FileNotFoundError):
            place.rename(tmp_path / f"moved-{target}")
        if target == "pipe":
            os.mkfifo(place)
        else:
            place.symlink_to(copy if target == "copy" else world.outside / "nothing-yet")
        before = world.untouched()
        for what, write in WRITES.items():
            try:
                write(world.run)
            except CvaeError as error:
                assert error.problem.endswith(".") and len(str(error)) < 400, what
            assert world.untouched() == before, (target, what)
        assert "neighbour" in {run.id for run in all_runs(world.runs)}
