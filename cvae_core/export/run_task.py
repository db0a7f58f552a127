"""A process that packs a run, exports its network, or imports an archive, while the page stays usable.

Its requests, as JSON:

- ``{"what": "archive", "run": ..., "target": ..., "snapshots": "all" or "last"}``: damaged snapshots are left out;
- ``{"what": "network", "run": ..., "target": ..., "epoch": ...}``: all Keras and TensorFlow files in one ZIP file;
- ``{"what": "import", "archive": descriptor of the open file, "folder": of runs, "name": ... or null}``; the report has
  the fields of ``ImportedRun``.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cvae_core.export.import_run import import_run
from cvae_core.export.keras_export import export_network
from cvae_core.rendering.output import published_together
from cvae_core.runs.pack import pack_run
from cvae_core.runs.run import Run
from cvae_core.tasks import is_cancelled, report_progress, serve


def _work(wanted: dict[str, Any]) -> Mapping[str, Any]:
    if wanted["what"] == "import":
        with os.fdopen(wanted["archive"], "rb") as archive:
            found = import_run(
                archive, Path(wanted["folder"]), wanted["name"], progress=report_progress, should_stop=is_cancelled
            )
        return {"run": found.run.id, "snapshots": found.snapshots, "resumable": found.resumable, "note": found.note}
    run = Run(Path(wanted["run"]))
    with published_together([Path(wanted["target"])]) as [draft]:
        if wanted["what"] == "network":
            return _network(run, draft, wanted["epoch"])
        with draft.open("wb") as stream:
            manifest = pack_run(
                run, stream, wanted["snapshots"], skip_damaged=True, progress=report_progress, should_stop=is_cancelled
            )
        return {"snapshots": len(manifest.snapshots), "state": manifest.state}


def _network(run: Run, draft: Path, epoch: int) -> Mapping[str, Any]:
    with TemporaryDirectory(prefix="cvae-network-") as place:
        folder = Path(place)
        made = export_network(run, folder / "model.keras", folder / "decoder", epoch, progress=report_progress)
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                archive.write(file, file.relative_to(folder))
    return {"script": made.script.name if made.script else None, "model": made.name}


if __name__ == "__main__":
    serve(_work)
