"""What a page asks the process for that packs runs and networks, without loading what that takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cvae_core.runs.archive.pack import Snapshots
from cvae_core.runs.directory import Run

MODULE: Final = "cvae_core.export.take_away"


def archive_order(run: Run, target: Path, snapshots: Snapshots) -> dict[str, Any]:
    """Pack a run into an archive; damaged snapshots are left out, and the report says how many there are.

    Args:
        run: The run.
        target: The file to write.
        snapshots: All of them, or the last only.
    """
    return {"what": "archive", "run": str(run.path), "target": str(target), "snapshots": snapshots}


def network_order(run: Run, target: Path, epoch: int) -> dict[str, Any]:
    """Write the network after an epoch for Keras and TensorFlow, all of it in one ZIP file.

    Args:
        run: The run.
        target: The file to write.
        epoch: Of a snapshot.
    """
    return {"what": "network", "run": str(run.path), "target": str(target), "epoch": epoch}
