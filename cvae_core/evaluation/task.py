"""A process that evaluates one snapshot of a run while the page stays usable."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.evaluation.report import evaluate
from cvae_core.runs.run import Run
from cvae_core.tasks import report_progress, serve

MODULE: Final = "cvae_core.evaluation.task"


def request(run: Run, epoch: int) -> dict[str, Any]:
    """What this task should evaluate, as JSON."""
    return {"run": str(run.path), "epoch": epoch}


def _evaluate(wanted: dict[str, Any]) -> Mapping[str, Any]:
    trained = TrainedRun(Run(Path(wanted["run"])))
    return evaluate(trained.network(wanted["epoch"]), trained.test_data.test, progress=report_progress).to_json()


if __name__ == "__main__":
    serve(_evaluate)
