"""Runs by name: created, opened, listed and deleted, whatever else lies in their folder."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cvae_core.config.run import RunConfig
from cvae_core.errors import RunBusyError, RunDamagedError, RunError, RunNotFoundError, StorageError
from cvae_core.runs import run as directory
from cvae_core.runs.run import Run, all_runs, check_run_name, create_run, delete_run, open_run, runs_folder
from cvae_core.runs.status import read_status, write_status
from tests.runs.examples import CONFIG, held, run_in

BAD_NAMES = [
    "", ".", "..", ".hidden", "-rf", "_x", "a/b", "/etc", "../up", "a..b", "a\\b", "a b", "a\n", "a\0b", "x" * 81,
    "naïve", "٣", "run🎲", "~", "C:", ".tmp-x", "x" * 10_000,
]  # fmt: skip


def test_a_new_run_waits_with_its_configuration(tmp_path: Path) -> None:
    run = create_run(tmp_path / "deep" / "runs", CONFIG, "first")
    assert run.id == "first"
    assert run.config() == CONFIG
    status = read_status(run.status_file)
    assert (status.state, status.epochs, status.epoch) == ("queued", 10, 0)
    assert run.snapshots_folder.is_dir() and run.checkpoints_folder.is_dir() and run.control_folder.is_dir()
    assert [path.name for path in run.path.parent.iterdir()] == ["first"]


def test_names_are_made_up_and_differ(tmp_path: Path) -> None:
    names = {create_run(tmp_path, CONFIG).id for _ in range(20)}
    assert len(names) == 20
    assert all(check_run_name(name) == name and "quick" in name for name in names)


@pytest.mark.parametrize("preset", ["", "../../etc", "日本", "x" * 100, "a b"])
def test_a_made_up_name_is_valid_whatever_the_preset(tmp_path: Path, preset: str) -> None:
    assert open_run(tmp_path, create_run(tmp_path, RunConfig(preset=preset)).id).config().preset == preset


@pytest.mark.parametrize("name", ["a", "7", "x" * 80, "A-b_c.d", "2024.01.02"])
def test_good_names(tmp_path: Path, name: str) -> None:
    assert open_run(tmp_path, create_run(tmp_path, CONFIG, name).id) == Run(tmp_path / name)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_names_are_refused_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    for act in (check_run_name, lambda name: open_run(tmp_path, name), lambda name: create_run(tmp_path, CONFIG, name)):
        with pytest.raises(RunError, match=r"cannot be the name of a run\. Use up to 80 characters") as caught:
            act(name)
        assert len(str(caught.value)) < 300
    assert list(tmp_path.iterdir()) == []


def test_a_taken_name_is_refused_and_the_first_run_stays(tmp_path: Path) -> None:
    run_in(tmp_path)
    with pytest.raises(RunError, match=r"^There is already a run named 'run'\. Choose another name"):
        create_run(tmp_path, RunConfig(), "run")
    assert open_run(tmp_path, "run").config() == CONFIG
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, lambda path: path.symlink_to("/nowhere/at/all")])
def test_a_name_that_something_else_has_is_taken(tmp_path: Path, make) -> None:
    make(tmp_path / "run")
    with pytest.raises(RunError, match="already a run named"):
        run_in(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("nothing", "file"):
        with pytest.raises(RunNotFoundError, match=f"^There is no run '{name}' in "):
            open_run(tmp_path, name)


def set_created(run: Run, moment: float) -> None:
    write_status(run.status_file, replace(read_status(run.status_file), created_at=float(moment)))


def test_the_order_of_runs_survives_touching_and_copying(tmp_path: Path) -> None:
    folder, names = tmp_path / "runs", ["new", "middle", "old"]
    for age, name in enumerate(names):
        run = run_in(folder, name)
        set_created(run, 10**9 - age)
        os.utime(run.config_file, (10**9 + age, 10**9 + age))
    assert [run.id for run in all_runs(folder)] == names
    copied = shutil.copytree(folder, tmp_path / "copy", copy_function=shutil.copyfile)
    assert [run.id for run in all_runs(copied)] == names


@pytest.mark.parametrize("status", [None, b"{", b"[]", b'{"created_at": 0.0}', b'{"created_at": NaN}', b"{}"])
def test_a_run_that_does_not_say_when_it_was_made_is_as_old_as_its_configuration(
    tmp_path: Path, status: bytes | None
) -> None:
    for moment, name in enumerate(["old", "silent", "new"], 10**9):
        set_created(run_in(tmp_path, name), moment)
    silent = Run(tmp_path / "silent")
    os.utime(silent.config_file, (10**9 + 1, 10**9 + 1))
    silent.status_file.unlink()
    if status is not None:
        silent.status_file.write_bytes(status)
    assert [run.id for run in all_runs(tmp_path)] == ["new", "silent", "old"]


def test_runs_are_listed_the_newest_first_and_nothing_else(tmp_path: Path) -> None:
    outside = run_in(tmp_path / "elsewhere", "outside")
    folder = tmp_path / "runs"
    for age, name in enumerate(["new", "middle", "old"]):
        set_created(run_in(folder, name), 10**9 - age)
    (folder / "link").symlink_to(outside.path)
    (folder / ".tmp-draft").mkdir()
    (folder / ".turns").mkdir()
    (folder / "a..b").mkdir()
    (folder / "with space").mkdir()
    (folder / "notes.txt").touch()
    assert [run.id for run in all_runs(folder)] == ["new", "middle", "old"]


def test_a_link_is_no_run(tmp_path: Path) -> None:
    outside = run_in(tmp_path / "elsewhere", "outside")
    (tmp_path / "link").symlink_to(outside.path)
    with pytest.raises(RunNotFoundError):
        open_run(tmp_path, "link")


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir])
def test_a_folder_without_runs_lists_none(tmp_path: Path, make) -> None:
    make(tmp_path / "runs")
    assert all_runs(tmp_path / "runs") == []


def test_a_folder_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    for folder in (tmp_path, tmp_path / "behind" / "a closed door"):
        with pytest.raises(RunError, match="cannot be read: Permission denied"):
            all_runs(folder)


def test_a_folder_that_tells_names_alone_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(tmp_path, "hidden")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.X_OK)  # root may do everything
    with pytest.raises(RunError, match="cannot be read: Permission denied"):
        all_runs(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(RunError, match=r"runs cannot be read: Not a directory\. Choose a folder"):
        all_runs(tmp_path / "runs")


def test_a_deleted_run_is_gone(tmp_path: Path) -> None:
    run_in(tmp_path, "stays")
    delete_run(run_in(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["stays"]
    with pytest.raises(RunNotFoundError):
        delete_run(Run(tmp_path / "run"))


def test_a_run_that_is_being_trained_is_not_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_in(tmp_path)
    with held(run.lock_file):
        monkeypatch.setattr(directory.lock.acquire, "__defaults__", (0.0,))
        with pytest.raises(RunBusyError, match=r"run is being trained\. Stop it first\."):
            delete_run(run)
    assert run.config() == CONFIG


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, lambda path: path.symlink_to("/tmp")])
def test_a_run_whose_lock_is_damaged_can_be_deleted(tmp_path: Path, make) -> None:
    run = run_in(tmp_path)
    run.lock_file.unlink()
    make(run.lock_file)
    delete_run(run)
    assert list(tmp_path.iterdir()) == []
    assert Path("/tmp").is_dir()


def test_deleting_follows_no_link(tmp_path: Path) -> None:
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "gold").touch()
    run = run_in(tmp_path / "runs")
    run.snapshots_folder.rmdir()
    run.snapshots_folder.symlink_to(treasure)
    delete_run(run)
    assert (treasure / "gold").exists()


@pytest.mark.parametrize("part", ["config.json", "status.json", "snapshots", "checkpoints", "control", "lock"])
def test_a_run_with_a_link_out_of_it_is_not_opened(tmp_path: Path, part: str) -> None:
    run = run_in(tmp_path)
    (run.path / part).rename(tmp_path / "outside")
    (run.path / part).symlink_to(tmp_path / "outside")
    with pytest.raises(RunDamagedError, match=f"has a link in place of its own {part}"):
        run.config()


@pytest.mark.parametrize("part", ["snapshots", "checkpoints", "control", "tensorboard"])
def test_a_run_with_a_file_in_place_of_a_folder_is_not_opened(tmp_path: Path, part: str) -> None:
    run = run_in(tmp_path)
    shutil.rmtree(run.path / part, ignore_errors=True)
    (run.path / part).touch()
    with pytest.raises(RunDamagedError, match=f"something else in place of its folder {part}"):
        run.config()


def test_what_a_killed_creation_or_deletion_left_goes_an_hour_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = run_in(tmp_path, "old").path.rename(tmp_path / ".tmp-old-12345678")
    (tmp_path / ".tmp-link").symlink_to(tmp_path.parent)
    delete_run(run_in(tmp_path, "new"))
    assert (left / "config.json").exists(), "somebody may be at work on it"
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 3700.0)
    run_in(tmp_path, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("/proc/nowhere")])
def test_a_folder_of_runs_that_is_no_folder(tmp_path: Path, make) -> None:
    make(tmp_path / "runs")
    with pytest.raises(StorageError, match=r"could not be written: .*\. (Remove the file|Choose a folder).*--runs"):
        run_in(tmp_path / "runs")


def test_the_folder_of_runs_is_chosen_named_or_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CVAE_RUNS", raising=False)
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.setenv("CVAE_RUNS", "elsewhere")
    assert runs_folder() == tmp_path / "elsewhere"
    assert runs_folder("/chosen") == Path("/chosen")
    monkeypatch.setenv("CVAE_RUNS", "")
    assert runs_folder() == tmp_path / "runs"
    monkeypatch.setenv("CVAE_RUNS", "~/mine")
    assert runs_folder() == Path.home() / "mine"
