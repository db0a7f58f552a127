"""What a page asks processes for that pack runs and networks, and unpack runs, without loading what that takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from cvae_core.runs.pack import Snapshots
from cvae_core.runs.run import Run

MODULE: Final = "cvae_core.export.pack_task"
IMPORT_MODULE: Final = "cvae_core.export.unpack_task"


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


def import_order(archive: int, folder: Path, name: str | None) -> dict[str, Any]:
    """Make a run of an archive, and report what ``ImportedRun`` tells; nothing of it stays if that fails or is stopped.

    Args:
        archive: Descriptor of the open archive, which the process is given.
        folder: The folder of runs.
        name: The name that the run gets; that of the archive if ``None``.
    """
    return {"archive": archive, "folder": str(folder), "name": name}
