"""`cvae runs export` and `cvae runs import`: one file there, one run here, or one sentence and nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cvae_core.cli import main
from cvae_core.runs.run import Run, open_run
from cvae_core.runs.snapshots import snapshot_epochs, snapshot_folder
from tests.cli.test_bad_input import fail
from tests.dashboard.run_states import make_run
from tests.export.small_run import damage, names_in
from tests.runs.archives import stopped_run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(runs_folder: Path) -> Run:
    return make_run(runs_folder, "mine", "finished", epochs=5)


def succeed(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", ["cvae", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    return said.out


def test_there_and_back(
    run: Run, here: Path, runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "mine.zip: 6 snapshots" in succeed(["runs", "export", "mine"], monkeypatch, capsys)
    assert names_in(here) == ["mine.zip"]
    said = succeed(["runs", "import", "mine.zip", "--name", "again"], monkeypatch, capsys)
    assert "Imported again" in said and "resume" not in said
    assert snapshot_epochs(open_run(runs_folder, "again").snapshots_folder) == [0, 1, 2, 3, 4, 5]
    assert "already a run named 'mine'" in fail(["runs", "import", "mine.zip"], monkeypatch, capsys)
    assert names_in(runs_folder) == ["again", "mine"]


def test_facts_for_scripts(
    runs_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_run(runs_folder, "mine")
    arguments = ["runs", "export", "mine", "-o", "own.zip", "--snapshots", "last", "--json"]
    facts = json.loads(succeed(arguments, monkeypatch, capsys))
    assert facts["path"] == str(here / "own.zip")
    assert facts["bytes"] == (here / "own.zip").stat().st_size
    assert (facts["run"], facts["state"], facts["snapshots"]) == ("mine", "stopped", [2])
    facts = json.loads(succeed(["runs", "import", "own.zip", "--name", "b", "--json"], monkeypatch, capsys))
    note = facts.pop("note")
    assert facts == {"run": "b", "snapshots": 1, "resumable": True}
    assert "other data" in note  # the run of these tests invents the checksum of its data


def test_a_stopped_run_says_how_to_go_on(
    runs_folder: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped_run(runs_folder, "mine")
    assert "can be resumed" in succeed(["runs", "export", "mine"], monkeypatch, capsys)
    assert "cvae resume b" in succeed(["runs", "import", "mine.zip", "--name", "b"], monkeypatch, capsys)


def test_a_folder_as_output_and_a_file_that_is_replaced_only_by_force(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "out").mkdir()
    succeed(["runs", "export", "mine", "-o", "out"], monkeypatch, capsys)
    assert names_in(here / "out") == ["mine.zip"]
    assert "exists already" in fail(["runs", "export", "mine", "-o", "out"], monkeypatch, capsys)
    succeed(["runs", "export", "mine", "-o", "out", "--force"], monkeypatch, capsys)
    assert zipfile.is_zipfile(here / "out" / "mine.zip")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "missing"], ["no run 'missing'"]),
        (["export", "../mine"], ["cannot be the name"]),
        (["export", "mine", "-o", "run.tar"], ["run.tar", ".zip"]),
        (["export", "mine", "-o", "missing/run.zip"], ["missing", "does not exist"]),
        (["export", "mine", "-o", "/proc/run.zip"], ["/proc"]),
        (["export", "mine", "--snapshots", "some"], ["some", "all or last"]),
        (["import", "missing.zip"], ["missing.zip", "No such file"]),
        (["import", "."], ["directory"]),
        (["import", "pipe"], ["pipe", "not a regular file"]),
        (["import", "~nobody-of-that-name/run.zip"], ["No such file"]),
        (["export", "mine", "-o", "~nobody-of-that-name/run.zip"], ["does not exist"]),
        (["export", "mine", "-o", "a" * 300 + ".zip"], ["too long"]),
        (["import", "notes.txt"], ["The archive was refused because it is not a ZIP file. Nothing was imported."]),
        (["import", "empty.zip"], ["The archive was refused because it is empty."]),
    ],
)
def test_what_makes_no_sense_leaves_nothing(
    arguments: list[str],
    words: list[str],
    run: Run,
    here: Path,
    runs_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (here / "notes.txt").write_text("no archive at all")
    (here / "empty.zip").touch()
    os.mkfifo(here / "pipe")
    said = fail(["runs", *arguments], monkeypatch, capsys)
    assert all(word in said for word in words), said
    assert names_in(here) == ["empty.zip", "notes.txt", "pipe"]
    assert names_in(runs_folder) == ["mine"]


def test_a_missing_last_snapshot_is_told(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(snapshot_folder(run.snapshots_folder, 5))
    monkeypatch.setattr(sys, "argv", ["cvae", "runs", "export", "mine"])
    with pytest.raises(SystemExit):
        main()
    words = "The snapshot of epoch 5, the last, is missing"
    assert words in capsys.readouterr().err
    facts = json.loads(succeed(["runs", "export", "mine", "--force", "--json"], monkeypatch, capsys))
    assert words in facts["damage"]


def test_damaged_snapshots_are_left_out_on_request(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(run, 1)
    assert "--skip-damaged" in fail(["runs", "export", "mine"], monkeypatch, capsys)
    assert names_in(here) == []
    assert "5 snapshots" in succeed(["runs", "export", "mine", "--skip-damaged"], monkeypatch, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_behind(run: Run, here: Path, number: int, runs_folder: Path) -> None:
    """The stop comes while the archive is read, which a slow reader gives time for."""
    slow = "import sys, signal, os; from cvae_core.runs import pack; read = pack.load_snapshot\n"
    slow += f"pack.load_snapshot = lambda *rest: (os.kill(os.getpid(), {int(number)}), read(*rest))[1]\n"
    command = [sys.executable, "-c", slow + "from cvae_core.cli import main; main()", "runs", "export", "mine"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "CVAE_RUNS": str(runs_folder)}
    result = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 130, result.stderr
    assert "nothing was written" in result.stderr
    assert names_in(here) == []
