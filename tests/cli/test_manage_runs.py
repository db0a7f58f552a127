"""`cvae runs note`, `prune` and `list` keep the runs tidy; `cvae dashboard` hands its options to the server."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cvae_core.cli import main
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import About, read_about
from cvae_core.runs.summary import disk_use
from tests.cli.test_bad_input import fail
from tests.dashboard.run_states import living_worker, make_run

Say = Callable[..., str]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """What the command says when it succeeds."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["cvae", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code in (0, None), said.err
        return said.out

    return run


def test_a_name_and_a_note_are_given_one_by_one_and_taken_away(runs_folder: Path, say: Say) -> None:
    run = make_run(runs_folder, "id", "finished")
    assert "has no name and no note" in say("runs", "note", "id")
    say("runs", "note", "id", "--name", "[bold]x[/]")
    assert json.loads(say("runs", "note", "id", "--note", "a note", "--json")) == {
        "run": "id",
        "name": "[bold]x[/]",
        "note": "a note",
    }
    assert read_about(run.about_file) == About("[bold]x[/]", "a note")
    listed = say("runs", "list")
    assert "[bold]x[/]" in listed
    assert "a note" in listed
    say("runs", "note", "id", "--note", "a note :smile:")
    assert "a note :smile:" in say("runs", "show", "id")
    say("runs", "note", "id", "--note", "a note")
    say("runs", "note", "id", "--name", "")
    assert read_about(run.about_file) == About("", "a note")


def test_a_damaged_note_is_told_of_and_not_lost_unseen(
    runs_folder: Path, say: Say, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(runs_folder, "id", "finished")
    say("runs", "note", "id", "--name", "mine", "--note", "why")
    run.about_file.write_bytes(run.about_file.read_bytes().replace(b"why", b"wny"))
    assert "does not match its checksum (about.json)" in " ".join(say("runs", "show", "id").split())
    assert "does not match its" in " ".join(say("runs", "list").split())
    (entry,) = json.loads(say("runs", "list", "--json"))
    assert (entry["name"], entry["state"]) == ("", "finished")
    assert "does not match its checksum" in entry["about_problem"]
    before = run.about_file.read_bytes()
    assert "Give the run its name and its note again" in fail(
        ["runs", "note", "id", "--name", "x"], monkeypatch, capsys
    )
    assert run.about_file.read_bytes() == before
    say("runs", "note", "id", "--name", "x", "--note", "y")
    assert read_about(run.about_file) == About("x", "y")


def test_the_list_tells_names_notes_and_the_room_on_the_disk(runs_folder: Path, say: Say) -> None:
    run = make_run(runs_folder, "id", "finished")
    say("runs", "note", "id", "--name", "mine", "--note", "why")
    (entry,) = json.loads(say("runs", "list", "--json"))
    assert (entry["name"], entry["note"], entry["disk_bytes"]) == ("mine", "why", disk_use(run.path))
    assert json.loads(say("runs", "show", "id", "--json"))["disk_bytes"] == disk_use(run.path)
    assert " MB" in say("runs", "list")


def test_pruning_says_what_it_would_do_and_then_does_it(runs_folder: Path, say: Say) -> None:
    run = make_run(runs_folder, "id", "finished", 9)
    would = json.loads(say("runs", "prune", "id", "--every", "4", "--dry-run", "--json"))
    assert (would["kept"], would["dropped"], would["dry_run"]) == ([0, 4, 8, 9], [1, 2, 3, 5, 6, 7], True)
    assert "Would drop 6 snapshots" in say("runs", "prune", "id", "--every", "4", "--dry-run")
    assert len(snapshot_epochs(run.snapshots_folder)) == 10
    before = disk_use(run.path)
    done = json.loads(say("runs", "prune", "id", "--every", "4", "--json"))
    assert done == would | {"dry_run": False}
    assert before - disk_use(run.path) == done["freed_bytes"]
    assert "Dropped 1 snapshots and keep 3 (0, 8, 9)" in say("runs", "prune", "id", "--keep", "3")
    assert "Nothing to drop" in say("runs", "prune", "id", "--keep", "3")


def test_pruning_refuses_what_makes_no_sense(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(runs_folder, "id", "running", 5)
    assert "Give --keep N or --every N" in fail(["runs", "prune", "id"], monkeypatch, capsys)
    assert "at least 2" in fail(["runs", "prune", "id", "--keep", "1"], monkeypatch, capsys)
    with living_worker(run):
        assert "Stop it first" in fail(["runs", "prune", "id", "--keep", "2"], monkeypatch, capsys)
    assert "a line break" in fail(["runs", "note", "id", "--name", "two\nlines"], monkeypatch, capsys)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, runs_folder: Path) -> dict[str, Any]:
    """What the dashboard would be started with."""
    caught: dict[str, Any] = {}

    def start(program: str, command: list[str]) -> None:
        settings = {name: value for name, value in os.environ.items() if name.startswith("CVAE_MAX")}
        caught.update(command=command, environment=settings | {"read_only": os.environ.get("CVAE_READ_ONLY")})

    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(os, "execv", start)
    return caught


def test_the_dashboard_listens_on_this_machine_alone_unless_told_otherwise(
    started: dict[str, Any], say: Say, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say("dashboard", "--headless")
    assert started["command"][1:4] == ["-P", "-m", "dashboard.server"]
    assert started["command"][-4:] == ["--server.address", "127.0.0.1", "--browser.serverAddress", "localhost"]
    environment = dict(os.environ)
    monkeypatch.setattr(socket.socket, "bind", lambda self, address: None)  # whatever addresses this machine has
    for host, shown in (("0.0.0.0", "localhost"), ("192.168.1.5", "192.168.1.5")):
        for asks, options in ((True, ()), (False, ("--no-token",)), (False, ("--read-only",))):
            monkeypatch.setattr(os, "environ", dict(environment))
            monkeypatch.setattr(sys, "argv", ["cvae", "dashboard", "--host", host, *options])
            with pytest.raises(SystemExit):
                main()
            warning = capsys.readouterr().err
            assert ("no password" in warning) != asks
            assert ("delete every run" in warning) == ("--no-token" in options)
            assert started["command"][-4:] == ["--server.address", host, "--browser.serverAddress", shown]


def test_the_server_is_told_by_its_environment_who_may_talk_to_it(
    started: dict[str, Any], say: Say, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say("dashboard", "--allow-host", "lab.example", "--token", "known to the class", "--base-path", "/cvae/")
    assert os.environ["CVAE_ALLOWED_HOSTS"] == "localhost,127.0.0.1,::1,lab.example"
    assert os.environ["CVAE_TOKEN"] == "known to the class"
    assert "known to the class" not in started["command"]
    assert started["command"][-2:] == ["--server.baseUrlPath", "cvae"]
    assert "exclude each other" in fail(["dashboard", "--no-token", "--token", "x" * 20], monkeypatch, capsys)
    assert "expected at least 12" in fail(["dashboard", "--token", "short"], monkeypatch, capsys)


@pytest.mark.parametrize("path", ["http://x/", "../x", "x/..", "a b", "a?b", "a//b"])
def test_a_base_path_that_is_none_is_refused(
    path: str, started: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = fail(["dashboard", "--base-path", path], monkeypatch, capsys)
    assert "--base-path expects a path such as /lab" in said
    assert f"it got {path!r}" in said


@pytest.mark.parametrize("path", ["lab", "/lab", "/lab/cvae-1/", "/", "a.b/~c"])
def test_a_base_path_is_accepted(path: str, started: dict[str, Any], say: Say) -> None:
    say("dashboard", "--base-path", path)
    assert started["command"][-1] == path.strip("/") or path == "/"


@pytest.mark.parametrize("name", ["http://lab.example/", "lab.example:8501", "lab.example/x", "a b", ""])
def test_a_host_name_that_is_none_is_refused(
    name: str, started: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = fail(["dashboard", "--allow-host", name], monkeypatch, capsys)
    assert "--allow-host expects a host name such as lab.example" in said
    assert f"it got {name!r}" in said


@pytest.mark.parametrize("name", ["lab.example", "*.lab.example", "*", "10.0.0.1", "[::1]", "fe80::1"])
def test_a_host_name_is_accepted(name: str, started: dict[str, Any], say: Say) -> None:
    say("dashboard", "--allow-host", name)
    assert name in os.environ["CVAE_ALLOWED_HOSTS"].split(",")


def test_limits_reach_the_server_by_its_environment(started: dict[str, Any], say: Say) -> None:
    say(
        "dashboard", "--read-only", "--max-workers", "2", "--max-queued", "3", "--max-epochs", "4", "--max-images", "5",
        "--max-upload-mb", "6",
    )  # fmt: skip
    assert started["environment"] == {
        "read_only": "1",
        "CVAE_MAX_WORKERS": "2",
        "CVAE_MAX_QUEUED": "3",
        "CVAE_MAX_EPOCHS": "4",
        "CVAE_MAX_IMAGES": "5",
        "CVAE_MAX_UPLOAD_MB": "6",
    }


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--max-workers", "0", "CVAE_MAX_WORKERS is '0'"),
        ("--max-queued", "-1", "CVAE_MAX_QUEUED is '-1'"),
        ("--max-epochs", "0", "CVAE_MAX_EPOCHS is '0'"),
        ("--max-upload-mb", "0", "CVAE_MAX_UPLOAD_MB is '0'"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_before_anything_starts(
    option: str,
    value: str,
    words: str,
    started: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert words in fail(["dashboard", option, value], monkeypatch, capsys)
    assert started == {}
