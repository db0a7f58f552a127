"""Training on toy data from the command line."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path

import pytest

from cvae_core.cli import main
from cvae_core.cli.terminal import TrainingProgress
from cvae_core.records import EpochRecord, Losses
from cvae_core.runs.run import Run
from cvae_core.runs.status import Status


def said(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr(sys, "argv", ["cvae", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return capfd.readouterr().out


def test_a_run_is_trained_and_shown_in_its_own_unit(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = ["--epochs", "2", "--set", "points=20", "--set", "label_code=one_hot", "--name", "torn"]
    trained = said(["train", "--preset", "torn-manifold-conditional", *settings, "--json"], monkeypatch, capfd)
    assert json.loads(trained) == {"run": "torn", "state": "finished"}
    shown = said(["runs", "show", "torn"], monkeypatch, capfd)
    assert "mean squared error" in shown
    assert "label_code one_hot" in shown
    assert "nats" not in shown and "beta" not in shown
    facts = json.loads(said(["runs", "show", "torn", "--json"], monkeypatch, capfd))
    assert facts["config"]["model"]["kind"] == "autoencoder"
    assert facts["snapshots"] == [0, 2]


def test_a_loss_without_kl_has_no_unit(tmp_path: Path) -> None:
    losses = Losses(0.00363, 0.00363, 0.0)
    terminal = StringIO()
    with TrainingProgress(Run(tmp_path), terminal) as progress:
        record = EpochRecord(1, losses, losses, 1.0, 1e-3, 0.0)
        progress.observe(Status("running", 3, epoch=1, images_per_second=1e4), record)
    assert terminal.getvalue().endswith("test loss 0.0036\n")
