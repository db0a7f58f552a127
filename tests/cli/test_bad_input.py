"""Whatever is typed wrong gives one clear sentence and a non-zero exit, and leaves no run behind."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from cvae_core.cli import main
from cvae_core.config.run import RunConfig
from cvae_core.runs.run import create_run
from cvae_core.runs.status import Status, write_status


def fail(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says of its failure."""
    monkeypatch.setattr(sys, "argv", ["cvae", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code not in (0, None)
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out
    assert said.err.startswith("Error: ")
    assert len(said.err.splitlines()) == 1
    return said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "nonsense"], ["preset", "nonsense", "quick"]),
        (["--dataset", "nonsense"], ["data set", "nonsense", "mnist"]),
        (["--set", "latent_dim=0"], ["latent_dim", "0", "1", "64"]),
        (["--set", "latent_dim=65"], ["latent_dim", "65", "64"]),
        (["--set", "latent_dim=two"], ["latent_dim", "two", "whole number"]),
        (["--set", "dropout_rate=1.0"], ["dropout_rate", "1.0", "less than 1"]),
        (["--set", "beta=-1"], ["beta", "-1", "0"]),
        (["--set", "batch_size=0"], ["batch_size", "0", "1"]),
        (["--epochs", "0"], ["epochs", "0", "1"]),
        (["--set", "learning_rate=nan"], ["learning_rate", "nan", "number"]),
        (["--set", "learning_rate=inf"], ["learning_rate", "inf", "number"]),
        (["--set", "hidden_widths="], ["hidden_widths"]),
        (["--set", "hidden_widths=0"], ["hidden_widths"]),
        (["--set", "encoder_activation=nonsense"], ["encoder_activation", "nonsense", "relu"]),
        (["--set", "nonsense=1"], ["nonsense", "latent_dim"]),
        (["--set", "nonsense"], ["--set", "NAME=VALUE", "nonsense"]),
        (["--preset", "torn-manifold", "--set", "points=0"], ["points", "0", "at least 1"]),
        (["--preset", "torn-manifold", "--set", "noise=-0.1"], ["noise", "-0.1", "at least 0"]),
        (["--preset", "torn-manifold", "--set", "latent_dim=0"], ["latent_dim", "0", "100"]),
        (["--preset", "torn-manifold", "--set", "beta=1"], ["no setting 'beta'", "label_code"]),
        (["--preset", "torn-manifold", "--dataset", "mnist"], ["dataset", "mnist", "torn_manifold"]),
        (["--preset", "torn-manifold-conditional", "--set", "pieces=1"], ["pieces", "1", "at least 2"]),
        (["--dataset", "torn_manifold"], ["torn_manifold", "A CVAE cannot learn"]),
        (["--seed", "-1"], ["seed", "-1"]),
        (["--name", "a/b"], ["a/b", "letters"]),
        (["--name", ".."], ["..", "letters"]),
        (["--name", "../outside"], ["../outside"]),
        (["--name", ""], ["letters"]),
    ],
)
def test_training_refuses_what_makes_no_sense(
    arguments: list[str],
    words: list[str],
    runs_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = fail(["train", *arguments], monkeypatch, capsys)
    assert all(word in said for word in words), said
    assert list(runs_folder.iterdir()) == []


def test_a_runs_folder_that_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    said = fail(["train", "--runs", str(tmp_path / "file" / "runs")], monkeypatch, capsys)
    assert "could not be written" in said


def test_a_name_that_is_taken(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create_run(runs_folder, RunConfig(), "mine")
    assert "already" in fail(["train", "--name", "mine"], monkeypatch, capsys)


@pytest.mark.parametrize("command", [["resume"], ["runs", "show"], ["runs", "delete", "--yes"]])
@pytest.mark.parametrize(("name", "words"), [("missing", "no run"), ("a/b", "cannot be"), ("..", "cannot be")])
def test_a_run_that_is_not_there(
    command: list[str],
    name: str,
    words: str,
    runs_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert words in fail([*command, name], monkeypatch, capsys)


def test_a_finished_run_has_nothing_to_resume(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = create_run(runs_folder, RunConfig(), "done")
    write_status(run.status_file, Status("finished", 1000, epoch=1000))
    assert "nothing to resume" in fail(["resume", "done"], monkeypatch, capsys)


@pytest.mark.parametrize("file", ["metrics.jsonl", "lock", "worker.log"])
def test_a_folder_in_place_of_a_file_is_told_before_a_run_is_resumed(
    file: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = create_run(runs_folder, RunConfig(), "mine")
    write_status(run.status_file, Status("stopped", 1000, epoch=1))
    before = run.status_file.read_bytes()
    (run.path / file).unlink(missing_ok=True)
    (run.path / file).mkdir()
    said = fail(["resume", "mine"], monkeypatch, capsys)
    assert f"something else in place of its file {file}. Remove what is in its place." in said
    assert run.status_file.read_bytes() == before


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", "", "empty"),
        ("config.json", '{"schema_version": 1, "mod', "not valid JSON"),
        ("config.json", '{"schema_version": 99}', "schema version 99"),
        ("status.json", "", "empty"),
        ("status.json", "[1]", "JSON object"),
        ("status.json", '{"schema_version": 99}', "schema version 99"),
    ],
)
def test_a_damaged_run_is_told_of_and_hides_no_other(
    file: str,
    content: str,
    words: str,
    runs_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    create_run(runs_folder, RunConfig(), "whole")
    damaged = create_run(runs_folder, RunConfig(), "damaged")
    (damaged.path / file).write_text(content)
    assert words in fail(["runs", "show", "damaged"], monkeypatch, capsys)
    monkeypatch.setattr(sys, "argv", ["cvae", "runs", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    listed = capsys.readouterr().out
    assert "whole" in listed
    assert "damaged" in listed


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("nosuch.invalid", "No machine has the address 'nosuch.invalid'"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}..x", "No machine has the address"),
        ("::zz", "No machine has the address '::zz'"),
        ("192.0.2.1", "192.0.2.1 is not an address of this machine"),
        ("255.255.255.255", "255.255.255.255 is not an address of this machine"),
        ("224.0.0.1", "224.0.0.1 is not an address of this machine"),
        ("fe80::1", "fe80::1 is not an address of this machine"),
        ("", "expects an address; it is empty"),
    ],
)
def test_a_dashboard_at_no_address_of_this_machine(
    host: str, words: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in fail(["dashboard", "--headless", "--host", host], monkeypatch, capsys)


def test_a_dashboard_at_a_port_in_use(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = fail(["dashboard", "--headless", "--port", str(port)], monkeypatch, capsys)
    assert f"Port {port} is in use" in said


def test_a_dashboard_of_runs_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    said = fail(["dashboard", "--headless", "--runs", str(tmp_path / "file")], monkeypatch, capsys)
    assert "is not a folder" in said


def test_a_link_is_told_from_a_run_that_is_missing(
    runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = create_run(tmp_path / "elsewhere", RunConfig(), "linked")
    (runs_folder / "linked").symlink_to(elsewhere.path)
    assert "is a link, and links are not followed" in fail(["runs", "show", "linked"], monkeypatch, capsys)
    monkeypatch.setattr(sys, "argv", ["cvae", "runs", "list"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().err == "Links are not followed: linked.\n"


def test_a_number_of_workers_that_is_none(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CVAE_MAX_WORKERS", "many")
    said = fail(["train", "--epochs", "1"], monkeypatch, capsys)
    assert "CVAE_MAX_WORKERS" in said
