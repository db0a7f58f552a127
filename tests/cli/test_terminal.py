"""Output reaches every terminal: whatever its encoding and width, and whatever the words are that it shows."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from cvae_core.cli import main
from cvae_core.cli.terminal import TrainingProgress, messages_into, printable
from cvae_core.config.run import RunConfig
from cvae_core.records import EpochRecord, Losses
from cvae_core.runs.metrics import BeginRecord, MetricsWriter
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.status import Status, write_about

LONG_ID = "20261127-230020-torn-manifold-conditional-a1b2"
NAME = "Slant and weight"
LOSSES = Losses(537.47, 523.17, 1.02, (1.02,))
EPOCH = EpochRecord(12, LOSSES, LOSSES, 1.0, 1e-3, 1.0)
NOTE = "The second try of a long note that says what was changed and why"


def printed(monkeypatch: pytest.MonkeyPatch, *arguments: str, encoding: str = "utf-8", columns: int = 80) -> str:
    """What a command prints to standard output in some encoding."""
    output = io.BytesIO()
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "argv", ["cvae", *arguments])
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding=encoding))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    sys.stdout.flush()
    return output.getvalue().decode(encoding, "replace")


def named_run(folder: Path, run_id: str, name: str, note: str = "") -> Run:
    run = create_run(folder, RunConfig(), run_id)
    write_about(run.about_file, name, note)
    return run


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_a_name_outside_the_encoding_hides_no_run(
    encoding: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named_run(runs_folder, "first", "数据")
    named_run(runs_folder, "second", "plain")
    for command in (["runs", "list"], ["runs", "list", "--json"]):
        listed = printed(monkeypatch, *command, encoding=encoding)
        assert all(words in listed for words in ("first", "second", "plain"))
    assert "??" in printed(monkeypatch, "runs", "list", encoding=encoding)
    assert "??" in printed(monkeypatch, "runs", "show", "first", encoding=encoding)
    assert printed(monkeypatch, "runs", "note", "first", encoding=encoding)


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 200])
def test_a_narrow_list_keeps_every_id_name_and_note(
    columns: int, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named_run(runs_folder, LONG_ID, NAME, NOTE)
    named_run(runs_folder, "b", "x" * 70)
    listed = printed(monkeypatch, "runs", "list", columns=columns)
    words = listed.replace(LONG_ID, "").split()
    assert LONG_ID in listed
    assert all(word in words for word in (*NAME.split(), *NOTE.split(), "interrupted", "1000"))
    assert sum(word.count("x") for word in words if set(word) == {"x"}) == 70
    assert all(cell_len(line) <= max(columns, len(LONG_ID)) for line in listed.splitlines())


@pytest.mark.parametrize("columns", [0, 1, 19])
def test_a_width_that_nobody_can_read_is_taken_for_80(
    columns: int, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named_run(runs_folder, "b", NAME)
    assert printed(monkeypatch, "runs", "list", columns=columns) == printed(monkeypatch, "runs", "list", columns=80)


def test_a_narrow_table_of_losses_cuts_no_number(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run(runs_folder, RunConfig(), "measured")
    with MetricsWriter(run.metrics_file) as metrics:
        metrics.append(BeginRecord(0, 0, "", {}))
        metrics.append(replace(EPOCH, epoch=1))
    shown = printed(monkeypatch, "runs", "show", "measured", columns=40)
    assert "537.47" in shown
    assert "…" not in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünïcödé, 数据", "plain, ünïcödé, 数据"),
        ("\x1b[31mred\x07", "�[31mred�"),
        ("two\nlines\u2028three", "two�lines�three"),
        ("\u202eesrever", "�esrever"),
        ("non\u00a0breaking, soft\u00adhyphen, 👩\u200d🔬", "non\u00a0breaking, soft\u00adhyphen, 👩\u200d🔬"),
    ],
)
def test_words_command_no_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_progress_of_a_training_fits_the_terminal(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = io.StringIO()
    monkeypatch.setenv("COLUMNS", str(width))
    with TrainingProgress(Run(tmp_path / "[/]" / "named"), drawn) as progress:
        progress.observe(Status("running", 100, epoch=12, images_per_second=1e4), EPOCH)
    lines = drawn.getvalue().splitlines()
    assert lines[0] == f"Run named in {tmp_path}/[/]"
    assert all(len(line) <= width for line in lines[1:])
    words = " ".join(drawn.getvalue().split())
    assert all(part in words for part in ("training", "12%", "epoch 12 of 100", "test loss 537.47 nats"))


def test_messages_to_the_terminal_keep_its_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))
    with messages_into(tmp_path / "log") as terminal:
        assert (terminal.encoding, terminal.errors) == ("latin-1", "replace")


@pytest.mark.parametrize("arguments", [["runs", "list"], ["runs", "list", "--json"], ["--help"]])
def test_a_reader_that_has_gone_gets_no_traceback(arguments: list[str], runs_folder: Path) -> None:
    named_run(runs_folder, "one", NAME)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        ended = subprocess.run([sys.executable, "-m", "cvae_core", *arguments], stdout=nobody, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk_behind_the_output_is_told_of(runs_folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run([sys.executable, "-m", "cvae_core", "runs", "list"], stdout=full, stderr=subprocess.PIPE)
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"Error: ")
    assert ended.stderr.count(b"\n") == 1
    assert b"full" in ended.stderr or b"space" in ended.stderr
