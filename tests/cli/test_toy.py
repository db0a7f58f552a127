"""Training on the torn manifold from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from cvae_core.cli import main
from cvae_core.cli.terminal import _test_loss
from cvae_core.records import EpochRecord, Losses


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


def test_a_loss_is_told_in_nats_only_where_there_are_any() -> None:
    error = EpochRecord(1, Losses(0.0036, 0.0036, 0.0), Losses(0.00363, 0.00363, 0.0), 1.0, 1e-3, 0.0)
    assert _test_loss(error) == "test loss 0.0036"
    losses = Losses(104.123, 80.0, 24.123, (24.123,))
    assert _test_loss(EpochRecord(1, losses, losses, 1.0, 1e-3, 1.0)) == "test loss 104.12 nats"
