"""One folder of runs for several users: each trains, deletes and looks; another's runs stay that user's."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cvae_core.runs import lock
from cvae_core.runs.control import take_turn
from cvae_core.runs.run import Run, delete_run
from cvae_core.runs.status import write_about
from cvae_core.runs.storage import TRASH, move_to_trash, prune, restore
from cvae_core.workers.launcher import claim, stop
from tests.runs.examples import run_in

OTHER = 65_534  # nobody
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for another user")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder where everyone may make things and nobody may remove another's; pytest's own are closed to others."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    (path / "runs").mkdir()
    (path / "runs").chmod(0o1777)
    yield path / "runs"
    shutil.rmtree(path)


def train_for_a_moment(run: Run) -> None:
    """Take a turn as a worker does, and give it back."""
    alive, turn = lock.acquire(run.lock_file), take_turn(run, 1)
    assert alive is not None and turn is not None
    lock.release(alive)
    lock.release(turn)


def use_everything(folder: Path, name: str) -> None:
    """Train, delete and restore."""
    train_for_a_moment(run_in(folder, name))
    restore(move_to_trash(Run(folder / name)))
    delete_run(run_in(folder, f"{name}-deleted"))


def said_by_other(act: Callable[[], object]) -> str:
    """How a call ends in a process of another user: "done", or with which error.

    Forked, as the interpreter may be in a folder that other users cannot enter.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(OTHER)
            os.setuid(OTHER)
            act()
            os.write(writer, b"done")
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("mode", [0o1777, 0o2775, 0o755])
def test_what_all_need_is_as_open_as_the_folder_whatever_the_umask(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    before = os.umask(0o077)
    try:
        use_everything(folder, "run")
    finally:
        os.umask(before)
    found = {path.name: stat.S_IMODE((folder / path).stat().st_mode) for path in (folder / ".turns", folder / TRASH)}
    assert found == {".turns": mode, TRASH: mode}
    assert stat.S_IMODE((folder / ".turns" / "turn-0").stat().st_mode) == mode & 0o666


@as_root
@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_another_user_trains_and_deletes_too(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        use_everything(folder, "first")
    finally:
        os.umask(before)
    assert said_by_other(lambda: use_everything(folder, "second")) == "done"
    use_everything(folder, "third")


@as_root
def test_a_turn_that_only_its_maker_may_write_can_be_taken_by_others(folder: Path) -> None:
    use_everything(folder, "first")
    (folder / ".turns" / "turn-0").chmod(0o644)
    assert said_by_other(lambda: use_everything(folder, "second")) == "done"


@as_root
@pytest.mark.parametrize("mode", [0o1777, 0o777])
@pytest.mark.parametrize(
    "change",
    [
        delete_run,
        move_to_trash,
        lambda run: prune(run, keep=2),
        lambda run: write_about(run.about_file, "mine", ""),
        stop,
        claim,
    ],
    ids=["delete", "trash", "prune", "about", "stop", "resume"],
)
def test_another_users_run_is_theirs(folder: Path, mode: int, change: Callable[[Run], object]) -> None:
    folder.chmod(mode)
    run = run_in(folder)
    train_for_a_moment(run)
    before = sorted(path.name for path in run.path.rglob("*"))
    said = said_by_other(lambda: change(run))
    assert re.fullmatch(
        r"StorageError: \S+ could not be written: Permission denied\. \S+ belongs to the user root\. .*", said
    )
    assert sorted(path.name for path in run.path.rglob("*")) == before
    assert not [path for path in folder.iterdir() if path.name.startswith(".tmp-")]
