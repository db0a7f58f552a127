"""`cvae evaluate`, or `cvae judge` as it was called: two sentences for people, JSON for scripts, and a clean end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cvae_core.cli import main
from cvae_core.config.run import DataConfig, ModelConfig, RunConfig
from cvae_core.runs.run import create_run
from cvae_core.runs.snapshots import publish_snapshot
from tests.cli.test_bad_input import fail
from tests.dashboard.run_states import make_run
from tests.export.small_run import SHAPE, damage
from tests.networks import random_weights

ROOT = Path(__file__).resolve().parents[2]


def said(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", ["cvae", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_the_newest_epoch_is_evaluated_in_words_and_in_json(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_run(runs_folder, "done", "finished", 2)
    facts = json.loads(said(["evaluate", "done", "--json"], monkeypatch, capsys))
    assert (facts["run"], facts["epoch"], facts["images"], facts["sources"]) == ("done", 2, 60, 60)
    assert 0 <= facts["recognised"] <= 1
    assert -1 <= facts["slant"] <= 1
    words = said(["judge", "done"], monkeypatch, capsys)
    assert f"{facts['recognised']:.1%} of 60 test images" in words
    assert f"Slant kept with r = {facts['slant']:.2f}".replace("-", "−") in words
    earlier = json.loads(said(["evaluate", "done", "--json", "--epoch", "0"], monkeypatch, capsys))
    assert earlier["epoch"] == 0
    assert earlier["slant"] != facts["slant"]


def test_what_cannot_be_evaluated_is_told_in_a_sentence(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(runs_folder, "done", "finished", 2)
    assert "epoch 7" in fail(["evaluate", "done", "--epoch", "7"], monkeypatch, capsys)
    assert "seed" in fail(["evaluate", "done", "--seed", "-1"], monkeypatch, capsys)
    assert "missing" in fail(["evaluate", "missing"], monkeypatch, capsys)
    damage(run, 2)
    assert "damaged" in fail(["evaluate", "done"], monkeypatch, capsys)
    make_run(runs_folder, "fresh", "queued", 0, -1)
    assert "no snapshot yet" in fail(["evaluate", "fresh"], monkeypatch, capsys)
    model = ModelConfig(latent_dim=2, hidden_widths=(8,), conditional=False)
    plain = create_run(runs_folder, RunConfig(model=model, data=DataConfig(test_limit=60)), "plain")
    publish_snapshot(plain.snapshots_folder, 0, random_weights(model, SHAPE, 0))
    assert "condition on labels" in fail(["evaluate", "plain"], monkeypatch, capsys)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_with_a_word(runs_folder: Path, number: int) -> None:
    model = ModelConfig(latent_dim=2, hidden_widths=(512, 512))
    run = create_run(runs_folder, RunConfig(model=model), "large")
    publish_snapshot(run.snapshots_folder, 0, random_weights(model, SHAPE, 0))
    # Says when it begins: before, there is nothing to be stopped in good order.
    program = (
        "from cvae_core.cli import main; from cvae_core.evaluation import report; begin = report.evaluate\n"
        "report.evaluate = lambda *a, **k: (print('begun', flush=True), begin(*a, **k))[1]; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "evaluate", "large"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(number)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert words == "Stopped; there is no result.\n"


def test_the_old_name_is_not_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = said(["--help"], monkeypatch, capsys)
    assert " evaluate " in words
    assert " judge " not in words
