"""Disks that are full or closed: one sentence, nothing half-written, and all that was there still there."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cvae_core.errors import RunDamagedError, StorageError, storage_errors
from cvae_core.runs import atomic_io
from cvae_core.runs.atomic_io import (
    publish_folder,
    read_text,
    remove_leftovers,
    replace_file,
    synchronise,
)
from cvae_core.runs.control import ask, is_asked
from cvae_core.runs.metrics import MetricsWriter, cut_back, read_history
from cvae_core.runs.run import Run, all_runs, delete_run
from cvae_core.runs.snapshots import (
    Checkpoint,
    load_snapshot,
    publish_checkpoint,
    publish_snapshot,
    snapshot_epochs,
)
from cvae_core.runs.status import read_status, write_status
from tests.runs.examples import CONFIG, are_same, run_in, small_disk, some_weights, training

FULL = (
    r"^(The disk is full: \S+ could not be written|\S+ could not be written: Disk quota exceeded)\. "
    r".*, then try again\.$"
)
RECORDS = training(2)
NEXT = training(3)[len(RECORDS) :]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with something of everything."""
    return run_with_everything(tmp_path / "runs")


def run_with_everything(folder: Path) -> Run:
    run = run_in(folder)
    publish_snapshot(run.snapshots_folder, 0, some_weights())
    publish_checkpoint(run.checkpoints_folder, Checkpoint(0, 5, some_weights(), {}))
    with MetricsWriter(run.metrics_file) as writer:
        for record in RECORDS:
            writer.append(record)
    return run


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


WRITES: dict[str, Callable[[Run], object]] = {
    "status": lambda run: write_status(run.status_file, read_status(run.status_file)),
    "durable status": lambda run: write_status(run.status_file, read_status(run.status_file), durable=True),
    "snapshot": lambda run: publish_snapshot(run.snapshots_folder, 1, some_weights(1)),
    "checkpoint": lambda run: publish_checkpoint(run.checkpoints_folder, Checkpoint(1, 0, some_weights(1), {})),
    "metrics": lambda run: append(run),
    "cut": lambda run: cut_back(run.metrics_file, 1, 0),
    "new run": lambda run: run_in(run.path.parent, "second"),
}


def append(run: Run) -> None:
    with MetricsWriter(run.metrics_file) as writer:
        writer.append(NEXT[0])


@pytest.fixture(params=[errno.ENOSPC, errno.EDQUOT])
def full(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every way of writing finds the disk full, after part of the content was written."""
    system_write = os.write
    torn: set[int] = set()

    def refuse_descriptor(descriptor: int, content: bytes) -> int:
        if descriptor in torn:
            raise OSError(request.param, os.strerror(request.param))
        torn.add(descriptor)
        return system_write(descriptor, content[: len(content) // 2])

    def refuse_path(path: Path, content: bytes | str, *rest: object, **more: object) -> int:
        with path.open("wb") as file:
            file.write(str(content).encode()[:5])
        raise OSError(request.param, os.strerror(request.param), str(path))

    monkeypatch.setattr(os, "write", refuse_descriptor)
    monkeypatch.setattr(Path, "write_bytes", refuse_path)
    monkeypatch.setattr(Path, "write_text", refuse_path)
    yield
    monkeypatch.undo()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_full_disk_gives_one_sentence_and_leaves_everything_as_it_was(run: Run, full: None, write) -> None:
    before = contents(run.path.parent)
    with pytest.raises(StorageError, match=FULL):
        write(run)
    assert contents(run.path.parent) == before


def test_after_a_torn_line_the_same_writer_can_go_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    system_write = os.write
    with MetricsWriter(run.metrics_file) as writer:
        replies = iter([lambda fd, line: system_write(fd, line[:9]), lambda fd, line: fail()])
        monkeypatch.setattr(os, "write", lambda fd, line: next(replies)(fd, line))
        with pytest.raises(StorageError):
            writer.append(NEXT[0])
        monkeypatch.undo()
        for record in NEXT:
            writer.append(record)
    assert read_history(run.metrics_file).epochs[-1] == NEXT[-1]


def fail() -> int:
    raise OSError(errno.ENOSPC, "full")


@pytest.mark.parametrize("name", ["durable status", "snapshot", "checkpoint", "cut", "new run"])
def test_a_disk_that_cannot_keep_what_it_took(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    before = contents(run.path.parent)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError, match="could not be written: Input/output error"):
        WRITES[name](run)
    assert contents(run.path.parent) == before


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
def test_a_file_system_that_cannot_be_asked_to_keep_things_is_good_enough(
    run: Run, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(atomic_io.os, "fsync", refuse)
    synchronise(run.path)
    WRITES["snapshot"](run)
    assert are_same(load_snapshot(run.snapshots_folder, 1), some_weights(1))


def test_a_really_full_disk(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "128k") as disk:
        run = run_with_everything(disk)
        filler = disk / "filler"
        with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024))
        before = contents(run.path)
        for name in ("status", "snapshot", "checkpoint", "cut"):
            with pytest.raises(StorageError, match=FULL):
                WRITES[name](run)
            assert contents(run.path) == before
        with pytest.raises(StorageError, match=FULL):
            run_in(disk, "second")
        assert [found.id for found in all_runs(disk)] == ["run"]
        filler.unlink()
        for write in WRITES.values():
            write(run)
        assert snapshot_epochs(run.snapshots_folder) == [0, 1]


def test_a_disk_that_may_only_be_read(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        run = run_with_everything(disk)
        if subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=False).returncode != 0:
            pytest.skip("cannot mount for reading only")
        writes = [*WRITES.values(), delete_run, lambda run: ask(run.control_folder, "stop")]
        for write in writes:
            with pytest.raises(StorageError, match=r"could not be written: Read-only file system\. Mount the disk"):
                write(run)
        assert not is_asked(run.control_folder, "stop")
        assert run.config() == CONFIG
        assert read_status(run.status_file).state == "queued"
        assert are_same(load_snapshot(run.snapshots_folder, 0), some_weights())


def test_what_fails_while_a_folder_is_filled_leaves_nothing(tmp_path: Path) -> None:
    for error in (KeyboardInterrupt, ValueError):
        with pytest.raises(error), publish_folder(tmp_path / "new") as draft:
            (draft / "part").touch()
            raise error
    assert list(tmp_path.iterdir()) == []


def test_a_draft_is_invisible_until_it_is_published(tmp_path: Path) -> None:
    publish_snapshot(tmp_path, 0, some_weights())
    with publish_folder(tmp_path / "000001") as draft:
        (draft / "weights.safetensors").touch()
        assert snapshot_epochs(tmp_path) == [0]
    assert snapshot_epochs(tmp_path) == [0, 1]


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".tmp-folder" / "deep").mkdir(parents=True)
    (tmp_path / ".tmp-file").touch()
    (tmp_path / "outside").mkdir()
    (tmp_path / ".tmp-link").symlink_to(tmp_path / "outside")
    (tmp_path / ".tmp-dangling").symlink_to("/nowhere")
    (tmp_path / "kept").touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "outside"]
    remove_leftovers(tmp_path / "nothing")
    (tmp_path / ".tmp-new").touch()
    remove_leftovers(tmp_path, 60.0)
    assert (tmp_path / ".tmp-new").exists(), "its writer may be alive"


def test_replacing_a_link_leaves_its_target_alone(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("precious")
    (tmp_path / "file").symlink_to(tmp_path / "outside")
    replace_file(tmp_path / "file", "new")
    assert ((tmp_path / "outside").read_text(), (tmp_path / "file").read_text()) == ("precious", "new")


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "file" / "deep").mkdir(parents=True)
    with pytest.raises(StorageError, match="Is a directory"):
        replace_file(tmp_path / "file", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_error_without_a_number_is_told_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"could not be written: strange\."), storage_errors(tmp_path):
        raise OSError("strange")


def test_reading_tells_apart_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    with pytest.raises(RunDamagedError, match=re.escape("The note is missing (note.json).")):
        read_text(path, "The note")
    path.write_text("grüße")
    assert read_text(path, "The note") == "grüße"
