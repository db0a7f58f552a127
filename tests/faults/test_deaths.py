"""A worker that dies at any moment: its run opens, has lost nothing that was published, and goes on to the same end."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cvae_core.runs import lock
from cvae_core.runs.run import Run, all_runs, create_run, delete_run
from cvae_core.runs.summary import overview
from cvae_core.workers.launcher import Launcher
from tests.faults.conftest import NewRun
from tests.faults.evidence import CONFIG, LONGER, Tally, Undisturbed, Witness, trained
from tests.faults.process_fixtures import Nursery, Order
from tests.living_workers import worker_pids

pytestmark = [pytest.mark.slow, pytest.mark.faults]
# Where it hurts: in the words of a moment's name, and which of those that have them.
CHOSEN = {
    "before anything": ("open run/worker.log", 0),
    "inside the status": ("half of run/.tmp-status.json", 2),
    "before the status takes its place": ("rename run/.tmp-status.json", -2),
    "inside a line of metrics": ("half of run/metrics.jsonl", 1),
    "inside a snapshot": ("half of run/snapshots/.tmp-000001/", 0),
    "before a snapshot is published": ("rename run/snapshots/.tmp-000001", 0),
    "inside a checkpoint": ("half of run/checkpoints/.tmp-000001/", -1),
    "while an old checkpoint is removed": ("remove state.", 1),
    "before the last word": ("rename run/.tmp-status.json", -1),
}


def moments_of(run: Run, nursery: Nursery, task: str = "train") -> list[str]:
    """The names of all moments of a task that nothing happens to."""
    report = run.path.parent.with_name(f"{run.path.parent.name}-{task}.json")
    nursery.finish(run, Order(task, often=True, report=str(report)))
    names: list[str] = json.loads(report.read_text())
    return names


@pytest.fixture(scope="session")
def moments(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return moments_of(create_run(tmp_path_factory.mktemp("moments"), CONFIG, "run"), nursery)


def test_nothing_good_that_was_published_is_put_aside(moments: list[str]) -> None:
    """A death just after would leave nothing under its name."""
    assert not [name for name in moments if name.startswith("rename run/") and ".tmp-" not in name]


@pytest.mark.parametrize("name", CHOSEN)
def test_a_death_where_it_hurts(
    name: str, moments: list[str], nursery: Nursery, new_run: NewRun, undisturbed: Undisturbed, tally: Tally
) -> None:
    words, which = CHOSEN[name]
    moment = [number for number, moment in enumerate(moments, 1) if moment.startswith(words)][which]
    witness = new_run(CONFIG)
    with tally.fault():
        die(witness, moment, nursery)
        witness.check_to_the_end(undisturbed)


def die(witness: Witness, moment: int, nursery: Nursery) -> None:
    """Let a worker die at a moment, and make sure that it did."""
    nursery.finish(witness.run, Order(die_at=moment, often=True))
    assert overview(witness.run).state == "interrupted"
    assert not lock.is_held(witness.run.lock_file)


@pytest.fixture
def die_at_each(
    nursery: Nursery, undisturbed: Undisturbed, tally: Tally, subtests: pytest.Subtests
) -> Callable[[list[str], Callable[[int], Witness]], None]:
    """``die_at_each(moments, make)``: at each of them another worker, on a run that ``make`` gives, dies."""

    def die_at_each(moments: list[str], make: Callable[[int], Witness]) -> None:
        for number, name in enumerate(moments, 1):
            with subtests.test(name, number=number), tally.fault():
                witness = make(number)
                die(witness, number, nursery)
                witness.check_to_the_end(undisturbed)

    return die_at_each


def test_a_death_at_every_change_of_a_file(moments: list[str], new_run: NewRun, die_at_each) -> None:
    die_at_each(moments, lambda number: new_run(CONFIG))


def test_a_second_death_at_every_change_while_it_goes_on(
    moments: list[str], nursery: Nursery, new_run: NewRun, undisturbed: Undisturbed, die_at_each
) -> None:
    """The first one left a torn line, a draft, and metrics and a snapshot beyond the newest checkpoint."""
    first = new_run(CONFIG)
    die(first, 1 + moments.index("half of run/checkpoints/.tmp-000001/state.json"), nursery)
    with first.run.metrics_file.open("ab") as metrics:
        metrics.write(b'{"kind": "step", "epo')
    whole = copied(first, "whole")
    again = moments_of(whole.run, nursery)
    whole.check_to_the_end(undisturbed)
    assert len(again) > 30
    die_at_each(again, lambda number: copied(first, str(number)))


def copied(witness: Witness, name: str) -> Witness:
    """The same run in a folder of runs of its own."""
    folder = witness.run.path.parent.with_name(f"copy-{name}")
    shutil.copytree(witness.run.path.parent, folder)
    copy = Witness(Run(folder / witness.run.id), witness.tally)
    copy.look()
    return copy


@pytest.mark.parametrize("number", range(60))
def test_a_kill_at_a_random_moment(
    number: int, lifetimes: dict[bool, float], nursery: Nursery, new_run: NewRun, longer: Undisturbed, tally: Tally
) -> None:
    often = number % 3 > 0
    witness = new_run(LONGER)
    with tally.fault():
        pid = nursery.start(witness.run, Order(often=often))
        kill_when(pid, nursery, witness, time.monotonic() + random.Random(number).random() * lifetimes[often])
        witness.check_to_the_end(longer)


@pytest.mark.parametrize("number", range(20))
def test_a_kill_among_the_last_moments(
    number: int, nursery: Nursery, new_run: NewRun, longer: Undisturbed, tally: Tally
) -> None:
    witness = new_run(LONGER)
    with tally.fault():
        pid = nursery.start(witness.run, Order(often=True))
        while LONGER.train.epochs - 2 not in witness.seen and lock.is_held(witness.run.lock_file):
            witness.look()
        kill_when(pid, nursery, witness, time.monotonic() + random.Random(number).uniform(0.0, 0.15))
        witness.check_to_the_end(longer)


def kill_when(pid: int, nursery: Nursery, witness: Witness, moment: float) -> None:
    """Kill a worker at a moment, or with its last snapshot, and watch what it publishes until then."""
    while time.monotonic() < moment and LONGER.train.epochs not in witness.seen:
        witness.look()
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    nursery.await_end()
    assert not lock.is_held(witness.run.lock_file)


@pytest.mark.parametrize("number", range(20))
def test_a_kill_within_the_first_second_of_a_cold_worker(
    number: int, new_run: NewRun, longer: Undisturbed, tally: Tally
) -> None:
    witness = new_run(LONGER)
    with tally.fault():
        Launcher().resume(witness.run)
        time.sleep(random.Random(number).random())
        (pid,) = worker_pids(witness.run)
        os.kill(pid, signal.SIGKILL)
        while lock.is_held(witness.run.lock_file):
            time.sleep(0.01)
        assert overview(witness.run).state == "interrupted"
        witness.check_to_the_end(longer)


def test_a_launcher_that_dies_at_any_change(
    nursery: Nursery, new_run: NewRun, undisturbed: Undisturbed, tally: Tally
) -> None:
    moments = moments_of(new_run(CONFIG).run, nursery, "claim")
    assert len(moments) >= 3
    for number in range(1, len(moments) + 1):
        witness = new_run(CONFIG)
        with tally.fault():
            nursery.finish(witness.run, Order("claim", die_at=number))
            assert overview(witness.run).state == "interrupted"
            witness.check_to_the_end(undisturbed)


def test_a_death_at_any_change_while_a_run_is_made(
    nursery: Nursery, tmp_path: Path, undisturbed: Undisturbed, tally: Tally
) -> None:
    moments = moments_of(Run(tmp_path / "runs" / "run"), nursery, "create")
    assert len(moments) > 8
    for number in range(1, len(moments) + 1):
        run = Run(tmp_path / str(number) / "run")
        with tally.fault():
            nursery.finish(run, Order("create", die_at=number))
            if all_runs(run.path.parent):  # it is there at once and whole, or not at all, and then its name is free
                assert overview(run).state == "interrupted"
            else:
                create_run(run.path.parent, CONFIG, run.id)
            Witness(run, tally).check(undisturbed)


def test_a_death_at_any_change_while_a_run_is_deleted(
    nursery: Nursery, new_run: NewRun, undisturbed: Undisturbed, tally: Tally
) -> None:
    """It is there and whole, or it is gone, and its neighbour knows nothing of it."""
    whole = new_run(CONFIG)
    assert trained(create_run(whole.run.path.parent, CONFIG, "neighbour")).state == "finished"
    assert trained(whole.run).state == "finished"
    moments = moments_of(copied(whole, "deleted").run, nursery, "delete")
    assert len(moments) > 8
    for number in range(1, len(moments) + 1):
        witness = copied(whole, str(number))
        with tally.fault():
            nursery.finish(witness.run, Order("delete", die_at=number))
            Witness(Run(witness.run.path.with_name("neighbour")), tally).check_to_the_end(undisturbed)
            if witness.run in all_runs(witness.run.path.parent):
                witness.check_to_the_end(undisturbed)
                delete_run(witness.run)
            assert [run.id for run in all_runs(witness.run.path.parent)] == ["neighbour"]
