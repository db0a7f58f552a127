"""`cvae export --keras` and `--saved-model`: the files that were asked for, or one sentence and nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_archive import succeed
from tests.cli.test_bad_input import fail
from tests.export.small_run import names_in

ROOT = Path(__file__).resolve().parents[2]


def test_both_forms_and_the_script(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = succeed(["export", "small", "--keras", "m.keras", "--saved-model", "decoder"], monkeypatch, capsys)
    assert names_in(here) == ["decoder", "draw_digits.py", "m.keras"]
    assert (here / "decoder" / "saved_model.pb").is_file()
    assert "MODEL = 'm.keras'" in (here / "draw_digits.py").read_text()
    assert all(str(here / name) in said for name in names_in(here))
    assert "does style transfer" in said
    assert "This is the network after epoch 5." in said


def test_facts_for_scripts(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = succeed(["export", "small", "--saved-model", "decoder", "--epoch", "1", "--json"], monkeypatch, capsys)
    assert json.loads(said) == {
        "run": "small",
        "epoch": 1,
        "model": "style_transfer",
        "saved_model": str(here / "decoder"),
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--keras", "model.h5"], ["model.h5", ".keras"]),
        (["--keras", "model.keras", "--film", "latent"], ["--animation", "--keras"]),
        (["--keras", "model.keras", "--picture", "latent"], ["--picture", "--keras"]),
        (["--saved-model", "d", "-o", "d"], ["--output"]),
        (["--keras", "model.keras", "--epoch", "3"], ["no snapshot of epoch 3"]),
        (["--keras", "missing/model.keras"], ["missing", "does not exist"]),
        (["--saved-model", "/proc/decoder"], ["/proc"]),
    ],
)
def test_what_makes_no_sense_leaves_nothing(
    arguments: list[str],
    words: list[str],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = fail(["export", "small", *arguments], monkeypatch, capsys)
    assert all(word in said for word in words), said
    assert names_in(here) == []


def test_files_that_exist_are_replaced_only_by_force(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "draw_digits.py").write_text("mine")
    assert "draw_digits.py exists already" in fail(["export", "small", "--keras", "m.keras"], monkeypatch, capsys)
    assert names_in(here) == ["draw_digits.py"]
    succeed(["export", "small", "--keras", "m.keras", "--force"], monkeypatch, capsys)
    assert (here / "draw_digits.py").read_text() != "mine"


@pytest.mark.slow
def test_nobody_else_speaks(here: Path) -> None:
    """TensorFlow's greetings, which come from compiled code, stay off the terminal."""
    command = [sys.executable, "-c", "from cvae_core.cli import main; main()", "export", "small", "--keras", "m.keras"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    result = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stderr) == (0, "")
