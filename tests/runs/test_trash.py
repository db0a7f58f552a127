"""The trash: what is deleted comes back whole, and is deleted permanently after a day."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvae_core.errors import RunBusyError, RunError, RunNotFoundError, StorageError
from cvae_core.runs.atomic_io import remove
from cvae_core.runs.run import all_runs
from cvae_core.runs.storage import TRASH, empty_trash, move_to_trash, restore
from tests.runs.examples import held, run_in


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def in_trash(folder: Path) -> list[str]:
    return sorted(path.name.rpartition("-")[0] for path in (folder / TRASH).iterdir())


def test_what_was_deleted_is_out_of_sight_and_comes_back_whole(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    before = files(run.path)
    deleted = move_to_trash(run)
    assert (all_runs(tmp_path), in_trash(tmp_path)) == ([], ["run"])
    empty_trash(tmp_path)
    assert restore(deleted) == run
    assert (files(run.path), in_trash(tmp_path)) == (before, [])


def test_what_is_old_is_deleted_permanently(tmp_path: Path) -> None:
    deleted = move_to_trash(run_in(tmp_path))
    empty_trash(tmp_path, older_than=-60.0)
    assert in_trash(tmp_path) == []
    with pytest.raises(RunNotFoundError, match="deleted permanently"):
        restore(deleted)


def test_one_name_deleted_twice(tmp_path: Path) -> None:
    first, second = move_to_trash(run_in(tmp_path)), move_to_trash(run_in(tmp_path))
    assert in_trash(tmp_path) == ["run", "run"]
    restore(second)
    with pytest.raises(RunError, match="Another run is named run by now"):
        restore(first)
    assert first.path.is_dir()


def test_a_run_that_trains_is_not_deleted(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    with held(run.lock_file), pytest.raises(RunBusyError):
        move_to_trash(run)
    assert run.path.is_dir()


def test_emptying_follows_no_link_and_removes_what_earlier_versions_left(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").touch()
    runs = tmp_path / "runs"
    empty_trash(runs)
    (runs / TRASH / "server" / "token" / "run").mkdir(parents=True)
    (runs / TRASH / "linked").symlink_to(tmp_path / "outside")
    empty_trash(runs, older_than=-60.0)
    assert (list((runs / TRASH).iterdir()), (tmp_path / "outside" / "precious").exists()) == ([], True)
    remove(runs / TRASH)
    (runs / TRASH).symlink_to(tmp_path / "outside")
    empty_trash(runs, older_than=-60.0)
    run = run_in(runs)
    with pytest.raises(StorageError, match="is a link"):
        move_to_trash(run)
    assert run.path.is_dir() and (tmp_path / "outside" / "precious").exists()
