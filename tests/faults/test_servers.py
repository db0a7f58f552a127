"""The server dies while people use it: what they had changed is changed or as it was, and trainings do not notice."""

from __future__ import annotations

import json
import random
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from cvae_core.export.import_run import import_run
from cvae_core.runs.atomic_io import remove_leftovers
from cvae_core.runs.pack import pack_run
from cvae_core.runs.run import Run, all_runs, create_run
from cvae_core.runs.status import ALIVE, About, read_about
from cvae_core.runs.storage import TRASH, empty_trash
from tests.e2e.conftest import DASHBOARD, streamlit_process
from tests.faults.client import Visitor
from tests.faults.conftest import NewRun
from tests.faults.evidence import CONFIG, LONGER, Tally, Undisturbed, Witness, trained
from tests.faults.process_fixtures import ABOUT, Nursery, Order, archive_of
from tests.living_workers import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.faults]
HOME = DASHBOARD / "Home.py"
_LONGEST_VISIT = 2.0
_TRAINING_SECONDS = 180.0  # a busy machine takes its time to load TensorFlow


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run."""
    run = create_run(tmp_path_factory.mktemp("whole") / "runs", CONFIG, "run")
    assert trained(run).state == "finished"
    return run


@pytest.fixture
def copy(whole: Run, tmp_path: Path) -> Run:
    """The same in a place of its own."""
    return copied(whole, tmp_path / "runs")


def copied(run: Run, folder: Path, name: str = "run") -> Run:
    shutil.copytree(run.path, folder / name)
    return Run(folder / name)


def moments_of(run: Run, nursery: Nursery, task: str) -> int:
    """How many moments there are at which a server can die that does something."""
    report = run.path.parent.with_name(f"{task}.json")
    nursery.finish(run, Order(task, report=str(report)))
    return len(json.loads(report.read_text()))


def test_a_death_at_any_change_while_a_run_is_named(
    copy: Run, whole: Run, nursery: Nursery, tmp_path: Path, undisturbed: Undisturbed, tally: Tally
) -> None:
    count = moments_of(copy, nursery, "describe")
    assert count >= 3
    for number in range(1, count + 1):
        run = copied(whole, tmp_path / str(number))
        with tally.fault():
            nursery.finish(run, Order("describe", die_at=number))
            assert read_about(run.about_file) in (About(), ABOUT)
            remove_leftovers(run.path)  # as the server does that is started an hour later
            Witness(run, tally).check_to_the_end(undisturbed)


def test_a_death_at_any_change_while_a_run_is_deleted_given_back_and_deleted_for_good(
    copy: Run, whole: Run, nursery: Nursery, tmp_path: Path, undisturbed: Undisturbed, tally: Tally
) -> None:
    count = moments_of(copy, nursery, "bin")
    assert count > 10
    for number in range(1, count + 1):
        run = copied(whole, tmp_path / str(number))
        with tally.fault():
            nursery.finish(run, Order("bin", die_at=number))
            empty_trash(run.path.parent, older_than=-60.0)  # as the server does that is started a day later
            if all_runs(run.path.parent):
                Witness(run, tally).check_to_the_end(undisturbed)
            assert not list((run.path.parent / TRASH).glob("*"))


@pytest.mark.parametrize("step", [5, 1])
def test_a_death_at_any_change_while_a_run_is_imported(
    step: int, whole: Run, nursery: Nursery, tmp_path: Path, undisturbed: Undisturbed, tally: Tally
) -> None:
    first = Run(tmp_path / "first" / "run")
    with archive_of(first).open("wb") as stream:
        pack_run(whole, stream)
    count = moments_of(first, nursery, "import")
    assert count > 20
    for number in range(1, count + 1, step):
        run = Run(tmp_path / str(number) / "run")
        with tally.fault():
            nursery.finish(run, Order("import", die_at=number))
            if not all_runs(run.path.parent):  # it is there whole, or not at all, and then its name is free
                with archive_of(run).open("rb") as stream:
                    import_run(stream, run.path.parent, run.id)
            assert [found.id for found in all_runs(run.path.parent)] == [run.id]
            Witness(run, tally).check_to_the_end(undisturbed)


@pytest.mark.parametrize("number", range(20))
def test_a_server_is_killed_while_its_visitors_train_name_and_delete(
    number: int,
    new_run: NewRun,
    whole: Run,
    longer: Undisturbed,
    undisturbed: Undisturbed,
    tally: Tally,
    tmp_path: Path,
) -> None:
    training = new_run(LONGER)
    assert trained(training.run, until=1).state == "stopped"
    training.look()
    folder = training.run.path.parent
    named, deleted = (copied(whole, folder, name) for name in ("named", "deleted"))
    environment = {"CVAE_RUNS": str(folder)}
    with tally.fault():
        with streamlit_process(HOME, environment, tmp_path / "first.log") as (url, server):
            visit_until_it_dies(url, server.kill, random.Random(number).random() * _LONGEST_VISIT)
            assert server.wait(10) < 0
        with streamlit_process(HOME, environment, tmp_path / "second.log") as (url, _):
            with Visitor(url, "named") as again:
                assert "Delete" in again.buttons
            wait_for(training.run, lambda state, status: state not in ALIVE, _TRAINING_SECONDS)
            training.check_to_the_end(longer)
            Witness(named, tally).check_to_the_end(undisturbed)
            assert read_about(named.about_file) in (About(), About("Mine", ""))
            for left in [deleted] if deleted in all_runs(folder) else [*map(Run, (folder / TRASH).glob("*"))]:
                Witness(left, tally).check_to_the_end(undisturbed)


def visit_until_it_dies(url: str, kill: object, after: float) -> None:
    """Three visitors at work on a server that dies so many seconds after the first of them pressed a button."""
    with Visitor(url, "run") as first, Visitor(url, "named") as second, Visitor(url, "deleted") as third:
        first.press("Resume", wait=False)
        death = threading.Timer(after, kill)  # type: ignore[arg-type]
        death.start()
        with suppress(ConnectionClosed, OSError, TimeoutError):
            second.press("Save", Name="Mine")
            while True:
                for label in ("Delete", "Delete", "Undo"):
                    third.press(label)
        death.join()
