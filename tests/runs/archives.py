"""Archives to test with: good ones, and changed ones whose checksums are in order."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from cvae_core.data import shape_of
from cvae_core.errors import ArchiveError
from cvae_core.runs.checksums import seal
from cvae_core.runs.pack import Snapshots, pack_run
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import Checkpoint, load_snapshot, publish_checkpoint
from cvae_core.runs.unpack import Unpacked, unpack_run
from tests.dashboard.run_states import make_run

Files = dict[str, bytes]
MANIFEST = "manifest.json"
WEIGHTS = "snapshots/000001/weights.safetensors"
FACTS = "snapshots/000001/snapshot.json"


def packed(run: Run, snapshots: Snapshots = "all") -> bytes:
    stream = BytesIO()
    pack_run(run, stream, snapshots)
    return stream.getvalue()


def unpacked(archive: bytes, folder: Path, name: str | None = None) -> Unpacked:
    return unpack_run(BytesIO(archive), folder, name, shape_of)


def refusal(archive: bytes, folder: Path) -> str:
    """Why an archive is refused; nothing of it may stay."""
    before = everything_in(folder)
    try:
        unpacked(archive, folder)
    except ArchiveError as error:
        assert everything_in(folder) == before
        assert error.problem.startswith("The archive was refused because ")
        assert len(str(error)) < 400
        return str(error)
    raise AssertionError("the archive was not refused")


def everything_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def contents(archive: bytes) -> Files:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(files: list[tuple[str, bytes]] | Files) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def forged(archive: bytes, change: Callable[[Files, dict[str, Any]], None]) -> bytes:
    """An archive whose files or manifest were changed, with sizes and checksums that are right again."""
    files = contents(archive)
    manifest = json.loads(files.pop(MANIFEST))
    change(files, manifest)
    if "files" in manifest:
        manifest["files"] |= {name: told(content) for name, content in files.items()}
    return zipped(files | {MANIFEST: json.dumps(manifest).encode()})


def resealed(content: bytes, **changes: Any) -> bytes:
    """A sealed line with other values, as an honest writer would have written it."""
    values = json.loads(content)
    del values["check"]
    return seal(values | changes)


def with_config(files: Files, **changes: Any) -> None:
    """Change the configuration."""
    files["config.json"] = json.dumps(json.loads(files["config.json"]) | changes).encode()


def with_arrays(files: Files, name: str, facts: str, content: bytes) -> None:
    """Change a file of numbers, and what stands beside it."""
    files[name] = content
    known = told(content)
    files[facts] = resealed(files[facts], bytes=known["size"], sha256=known["sha256"])


def told(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def stopped_run(folder: Path, name: str = "stopped", epoch: int = 2) -> Run:
    """A run that was stopped, with what it can be resumed from."""
    run = make_run(folder, name, "stopped", epochs=epoch)
    keep_checkpoint(run, epoch)
    return run


def keep_checkpoint(run: Run, epoch: int) -> None:
    weights = load_snapshot(run.snapshots_folder, epoch)
    count = sum(array.size for name, array in weights.items() if "/moving_" not in name)
    moments = {name: np.full(count, 0.5, np.float32) for name in ("first_moment", "second_moment")}
    arrays = {f"weights/{name}": array for name, array in weights.items()} | moments
    publish_checkpoint(run.checkpoints_folder, Checkpoint(epoch, 0, arrays, {"seconds": 1.0}))
