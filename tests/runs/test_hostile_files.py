"""Every file of a run damaged in every way: the run says so or shows what it showed, and nothing else notices."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from cvae_core.architecture import Weights
from cvae_core.runs.snapshots import publish_snapshot, snapshot_folder
from tests.runs import hostile
from tests.runs.hostile import EPOCHS, PLACES, UNREAD, Look, World, damaged, look, make_world, noticed
from tests.runs.watch import watched

QUICK_FLIPS, LONG_FLIPS = 150, 3100
FILES = (
    "about.json", "config.json", "status.json", "metrics.jsonl", *UNREAD,
    *(f"snapshots/{epoch:06d}/{name}" for epoch in EPOCHS for name in ("snapshot.json", "weights.safetensors")),
    *(f"checkpoints/{epoch:06d}-00000000/{name}" for epoch in (2, 3) for name in ("state.json", "state.safetensors")),
)  # fmt: skip
RESUME = {"resume", "resume from the older"}
counts: Counter[str] = Counter()


class Stage:
    """A world, and what its run looked like when it was whole."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.before = look(world.run)
        self.untouched = world.untouched()

    def harm(self, name: str, damage: Callable[[Path], object], kind: str) -> set[str]:
        """Do one damage, and say who noticed; fails if somebody is fooled, hangs, or leaves the folder of runs."""
        with damaged(self.world.run.path / name, damage), watched() as seen:
            seen.events.clear()
            began = time.perf_counter()
            after = look(self.world.run)
            assert time.perf_counter() - began < 5.0, f"{kind} {name}"
        assert {path for path in seen.paths() if not path.is_relative_to(self.world.run.path)} == set()
        assert seen.ran() == []
        found = noticed(self.before, after)
        counts[f"{kind}: {'noticed' if found else 'harmless'}"] += 1
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[None]:
    yield
    noticed = sum(number for kind, number in counts.items() if kind.endswith("noticed"))
    print(f"\nFiles of a run damaged: {sum(counts.values()):,}, noticed: {noticed:,}.")
    print(*(f"  {kind}: {number:,}" for kind, number in sorted(counts.items())), sep="\n")


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
        return {"resume"} if rest.startswith("000003") else {"resume from the older"}
    every = {"list", "show", "history", *RESUME, *(f"snapshot {epoch}" for epoch in EPOCHS)}
    return {
        "config.json": every,
        "about.json": {"list", "show"},
        "status.json": {"list", "show"},
        "metrics.jsonl": {"show", "history"},
    }.get(name, set())


def may_tell(name: str) -> set[str]:
    """The readers that a damage to a file may reach: a list looks at the first and the newest snapshot, too."""
    looked_at = name.startswith(("snapshots/000000", "snapshots/000003"))
    return whose(name) | RESUME | ({"list", "show"} if looked_at else set())


def test_these_are_all_files(world: World) -> None:
    assert world.files() == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_truncated_at_every_one_of_fifty_places(name: str, stage: Stage) -> None:
    for place in range(PLACES):
        found = stage.harm(name, lambda path, place=place: hostile.truncated(path, place), "truncated")
        assert whose(name) <= found <= may_tell(name)


def flip(name: str, stage: Stage, count: int) -> None:
    for bit in hostile.random_bits(stage.world.run.path / name, count):
        found = stage.harm(name, lambda path, bit=bit: hostile.flipped(path, bit), "bit flipped")
        assert whose(name) <= found <= may_tell(name)


@pytest.mark.parametrize("name", FILES)
def test_bits_flipped(name: str, stage: Stage) -> None:
    flip(name, stage, QUICK_FLIPS)


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("name", FILES)
def test_every_bit_of_small_files_and_thousands_of_large_ones_flipped(name: str, stage: Stage) -> None:
    flip(name, stage, LONG_FLIPS)


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith("weights.safetensors")])
def test_truncated_at_every_byte(name: str, stage: Stage) -> None:
    for length in range((stage.world.run.path / name).stat().st_size):
        found = stage.harm(name, lambda path, length=length: os.truncate(path, length), "truncated")
        assert whose(name) <= found


@pytest.mark.parametrize("name", FILES)
def test_something_else_in_its_place(name: str, stage: Stage) -> None:
    damages = hostile.in_its_place(stage.world, name)
    if name == "about.json":
        del damages["nothing"]  # nobody need say anything of a run
    for kind, damage in damages.items():
        found = stage.harm(name, damage, kind)
        # Whoever reads a file notices; a link in the place of one that nobody reads breaks the run, too.
        assert whose(name) <= found or name in UNREAD, kind
        if kind.startswith("a link") and "/" not in name:
            assert {"list", "show"} <= found, kind


def test_files_of_the_same_run_do_not_stand_in_for_each_other(stage: Stage) -> None:
    for name in FILES:
        for other in FILES:
            if name not in UNREAD and other != name:
                content = (stage.world.run.path / other).read_bytes()
                found = stage.harm(name, lambda path, content=content: path.write_bytes(content), "swapped")
                assert whose(name) <= found, (name, other)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".json", ".jsonl"))])
def test_a_schema_from_the_future(name: str, stage: Stage) -> None:
    assert whose(name) <= stage.harm(name, hostile.of_the_future, "future schema")
    with damaged(stage.world.run.path / name, hostile.of_the_future):
        after = look(stage.world.run)
    for reader in {"list", "show", "snapshot 3"} & whose(name):
        if name != "config.json" or reader != "snapshot 3":
            assert "of schema version 2; this software reads up to 1. Update the software" in after[reader]


@pytest.mark.parametrize("content", hostile.other_histories().values(), ids=hostile.other_histories().keys())
def test_well_sealed_metrics_that_cannot_be_those_of_the_run(content: bytes, stage: Stage) -> None:
    found = stage.harm("metrics.jsonl", lambda path: path.write_bytes(content), "wrong history")
    assert "show" in found


OTHER_WEIGHTS: dict[str, Callable[[Weights], Weights]] = {
    "one short": lambda weights: weights | {"z_mean/kernel": weights["z_mean/kernel"][:-1]},
    "transposed": lambda weights: weights | {"output/kernel": weights["output/kernel"].T},
    "flat": lambda weights: {name: array.reshape(-1) for name, array in weights.items()},
    "a scalar": lambda weights: weights | {"z_mean/bias": np.array(1.0, np.float32)},
    "empty": lambda weights: weights | {"z_mean/kernel": np.zeros((3, 0), np.float32)},
    "none": lambda weights: {},
    "one missing": lambda weights: {name: array for name, array in weights.items() if name != "z_mean/bias"},
    "one more": lambda weights: weights | {"spare": np.zeros(1, np.float32)},
    "renamed": lambda weights: {name.upper(): array for name, array in weights.items()},
    **{
        kind: lambda weights, kind=kind: {name: array.astype(kind) for name, array in weights.items()}  # type: ignore[misc]
        for kind in ("float64", "float16", "int32", "uint8", "bool", "complex64")
    },
}


@pytest.mark.parametrize("change", OTHER_WEIGHTS.values(), ids=OTHER_WEIGHTS.keys())
def test_weights_of_another_shape_or_kind_with_the_right_checksum(
    change: Callable[[Weights], Weights], tmp_path: Path
) -> None:
    world = make_world(tmp_path)
    before, folder = look(world.run), world.run.snapshots_folder
    snapshot_folder(folder, 1).rename(folder / ".tmp-old")
    publish_snapshot(folder, 1, change(hostile.weights(world.run, 1)))
    assert noticed(before, look(world.run)) == {"snapshot 1"}
    counts["other weights: noticed"] += 1


FOLDERS = ("snapshots", "snapshots/000001", "checkpoints", "checkpoints/000003-00000000", "control", "tensorboard")
STAND_INS: dict[str, Callable[[Path, Path], object]] = {
    "a link to a copy": lambda path, copy: path.symlink_to(copy),
    "a link to nowhere": lambda path, copy: path.symlink_to(copy / "nowhere"),
    "a file": lambda path, copy: path.write_text("file"),
    "a pipe": lambda path, copy: os.mkfifo(path),
}


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("stand_in", STAND_INS.values(), ids=STAND_INS.keys())
def test_something_else_in_place_of_a_folder(
    name: str, stand_in: Callable[[Path, Path], object], tmp_path: Path
) -> None:
    world = make_world(tmp_path)
    before, untouched = look(world.run), world.untouched()
    (world.run.path / name).rename(tmp_path / "moved")
    stand_in(world.run.path / name, world.outside / "run" / name)
    with watched() as seen:
        after = look(world.run)
    assert {path for path in seen.paths() if not path.is_relative_to(world.run.path)} == set()
    after["show"] = after["show"] if "/" not in name else before["show"]  # it lists one snapshot less, which is so
    found = noticed(before, after)
    assert found >= ({"list", "show"} if "/" not in name else {"snapshot 1"} if name[0] == "s" else {"resume"})
    assert world.untouched() == untouched


def test_runs_of_one_configuration_have_the_same_weights_so_mixing_them_up_is_harmless(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    twin = hostile.complete_run(world.runs, "twin")
    before: Look = look(world.run)
    for name in (name for name in FILES if name.startswith(("snapshots", "checkpoints", "config"))):
        (world.run.path / name).write_bytes((twin.path / name).read_bytes())
        assert noticed(before, look(world.run)) == set()


def test_runs_of_one_configuration_have_equal_checksums_whatever_their_names(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    before = {name: text for name, text in look(world.run).items() if name.startswith(("snapshot", "resume", "his"))}
    moved = type(world.run)(world.run.path.rename(world.runs / "renamed"))
    assert {name: text for name, text in look(moved).items() if name in before} == before
