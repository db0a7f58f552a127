"""A process that judges the network of a run after an epoch, for another one that waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cvae_core.errands import answer, tell
from cvae_core.export.trained_run import TrainedRun
from cvae_core.judging.judgement import judge
from cvae_core.runs.directory import Run

MODULE: Final = "cvae_core.judging.process"


def order(run: Run, epoch: int) -> dict[str, Any]:
    """What to judge, as JSON holds it."""
    return {"run": str(run.path), "epoch": epoch}


def _judge(wanted: dict[str, Any]) -> Mapping[str, Any]:
    trained = TrainedRun(Run(Path(wanted["run"])))
    return judge(trained.network(wanted["epoch"]), trained.test_data.test, progress=tell).to_json()


if __name__ == "__main__":
    answer(_judge)
