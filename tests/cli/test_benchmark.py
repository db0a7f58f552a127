"""`cvae bench` marks numbers from a sample, and names the number of turns."""

from __future__ import annotations

import sys

import pytest

from cvae_core.bench import BenchReport
from cvae_core.cli import main

REPORT = BenchReport(
    {"ours": 1.0, "keras_fit": 2.0, "matmul": 0.5},
    {"ours_to_keras_fit": 0.5, "ours_to_matmul": 2.0},
    {"ours": 5.0, "predict_one_by_one": 93_000.0},
    {"ours": 11.0, "predict_one_by_one": 93_000.0},
    {"ours": 3.0, "ours_cpu": 5.0, "keras_fit": 71.0},
    {"cores": 2},
)


@pytest.mark.parametrize(("turns", "title"), [(1, "One turn"), (5, "Medians of 5 alternating turns")])
def test_samples_are_marked_and_the_title_fits_the_turns(
    turns: int, title: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cvae_core.bench.bench", lambda progress, turns: REPORT)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(sys, "argv", ["cvae", "bench", "--turns", str(turns)])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().out
    assert title in said
    assert ("Medians" in said) == (turns > 1)
    assert said.count("93,000 (from a sample)") == 2
    assert "71 (from a sample)" in said
