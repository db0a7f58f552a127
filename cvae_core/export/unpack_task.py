"""A process that makes a run of an archive for a page, which waits for it and can be used meanwhile."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cvae_core.export.import_run import import_run
from cvae_core.tasks import is_cancelled, report_progress, serve


def _bring_in(wanted: dict[str, Any]) -> Mapping[str, Any]:
    with os.fdopen(wanted["archive"], "rb") as archive:
        found = import_run(
            archive, Path(wanted["folder"]), wanted["name"], progress=report_progress, should_stop=is_cancelled
        )
    return {"run": found.run.id, "snapshots": found.snapshots, "resumable": found.resumable, "note": found.note}


if __name__ == "__main__":
    serve(_bring_in)
