"""Processes that we start do not depend on the working folder, nor on settings of libraries in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from cvae_core.processes import command, environment, pin_settings
from cvae_core.tasks import Task
from cvae_core.workers.launcher import Launcher
from tests.living_workers import small_config, wait_for, worker_pids
from tests.task_examples import __file__ as _examples

EXAMPLE = "tests.task_examples"
ROOT = Path(_examples).resolve().parents[1]
SHADOWING = ("random", "types", "numpy", "json", "tensorflow", "keras")


@pytest.fixture
def shadowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with modules that have the names of others and cannot be imported."""
    folder = tmp_path / "shadowed"
    folder.mkdir()
    for name in SHADOWING:
        (folder / f"{name}.py").write_text("raise SystemExit('the module of the working folder was imported')\n")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    return folder


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    starts = Launcher()
    yield starts
    starts.close()


@pytest.mark.faults
@pytest.mark.slow
def test_worker_trains_beside_modules_of_standard_names(shadowed: Path, launcher: Launcher) -> None:
    run = launcher.start(shadowed / "runs", small_config(epochs=1), "cold")
    wait_for(run, lambda state, status: state == "finished")
    launcher.keep_spare()
    run = launcher.start(shadowed / "runs", small_config(epochs=1), "warm")
    wait_for(run, lambda state, status: state == "finished")
    assert worker_pids(run) == []  # the spare trained it, and no worker of its own was needed


def test_task_runs_beside_modules_of_standard_names(shadowed: Path) -> None:
    assert Task(EXAMPLE, {"steps": 1, "number": 21}).report() == {"twice": 42}


def test_command_line_runs_beside_modules_of_standard_names(shadowed: Path) -> None:
    cvae = Path(sysconfig.get_path("scripts")) / "cvae"
    ended = subprocess.run([cvae, "runs", "list"], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_make_starts_the_server_without_the_working_folder() -> None:
    said = subprocess.run(["make", "--dry-run", "app"], cwd=ROOT, capture_output=True, text=True, timeout=60).stdout
    (start,) = [line for line in said.splitlines() if "dashboard.server" in line]
    assert "python -P -m dashboard.server" in start


def test_pipes_carry_utf_8_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-16")
    assert Task(EXAMPLE, {"steps": 1, "number": 21}).report() == {"twice": 42}


def test_child_encodes_names_of_files_as_its_parent_does() -> None:
    show = "import os, sys; print(os.fsencode(sys.argv[1]), sys.getfilesystemencoding(), file=sys.stdout)"
    parent = (
        "import subprocess, sys; from cvae_core.processes import environment; "
        f"subprocess.run([sys.executable, '-c', {show!r}, '数据'], env=environment(), check=True)"
    )
    ascii_locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    started = [sys.executable, "-X", "utf8", "-c", parent]
    ended = subprocess.run(started, env=os.environ | ascii_locale, capture_output=True, text=True, timeout=60)
    assert ended.stdout.split() == [str("数据".encode()), "utf-8"], ended.stderr


def test_settings_of_libraries_are_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = ("XLA_FLAGS", "TF_XLA_FLAGS", "KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "PYTHONWARNINGS")
    monkeypatch.setattr(os, "environ", dict.fromkeys(unset, "1") | {"KERAS_BACKEND": "jax", "HOME": "/home/of/mine"})
    child = environment(threads=3)
    assert (child["KERAS_BACKEND"], child["HOME"], child["OMP_NUM_THREADS"]) == ("tensorflow", "/home/of/mine", "3")
    assert not set(unset) & set(child)
    assert "OMP_NUM_THREADS" not in environment()
    pin_settings()
    assert os.environ == {"KERAS_BACKEND": "tensorflow", "KERAS_NNX_ENABLED": "0", "HOME": "/home/of/mine"}


def test_command_names_this_python() -> None:
    assert command("some.module", "a") == [sys.executable, "-P", "-m", "some.module", "a"]
