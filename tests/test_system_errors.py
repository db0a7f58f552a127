"""Errors of the system that nobody expects: one true sentence, and advice that fits."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from cvae_core.cli.command import app
from cvae_core.config.run import DataConfig
from cvae_core.data import load_test_data
from cvae_core.errors import ArchiveError, CvaeError, DataError, RunError, StorageError, as_cvae_error, storage_errors
from cvae_core.export.import_run import import_run
from cvae_core.rendering.output import export_errors
from cvae_core.runs.pack import pack_run
from cvae_core.runs.run import all_runs
from cvae_core.runs.snapshots import Checkpoint, load_snapshot, newest_checkpoint, publish_checkpoint, publish_snapshot
from cvae_core.runs.summary import overview
from tests.dashboard.run_states import make_run
from tests.runs.examples import run_in, some_weights

ADVICE = {
    errno.ENOSPC: "Free some space, then try again.",
    errno.EDQUOT: "Delete some of your own files",
    errno.EIO: "The disk is failing",
    errno.EMFILE: "ulimit -n",
    errno.ENFILE: "the whole machine has too many files open",
    errno.ENOMEM: "ulimit -v",
    errno.ESTALE: "network drive",
    errno.EISDIR: "Remove what is in its place.",
    errno.EINVAL: "Remove what is in its place.",
    errno.ENOTDIR: "Remove the file that is in the place of a folder",
    errno.EROFS: "Mount the disk for writing",
    errno.EACCES: "Choose a folder that you may write to",
}
OF_THE_MACHINE = [errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM]


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", ADVICE)
def test_the_advice_fits_the_error_and_no_other(tmp_path: Path, number: int) -> None:
    with pytest.raises(StorageError) as caught, storage_errors(tmp_path):
        raise failure(number)
    assert ADVICE[number] in caught.value.advice
    assert "resume" not in str(caught.value)
    assert ("Choose a folder" in str(caught.value)) == (number == errno.EACCES)


def test_an_export_keeps_its_own_advice_and_gets_that_of_the_error(tmp_path: Path) -> None:
    expected = r"Too many open files\. .*ulimit -n.* Nothing was changed\."
    with pytest.raises(CvaeError, match=expected), export_errors([tmp_path / "film.gif"]):
        raise failure(errno.EMFILE)


@pytest.fixture
def broken_files(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """Let each file below a path fail to open."""
    system_open = os.open

    def break_below(place: Path, number: int) -> None:
        def refuse(path: Any, *rest: Any, **more: Any) -> int:
            if isinstance(path, Path) and path.is_relative_to(place):
                raise failure(number)
            return system_open(path, *rest, **more)

        monkeypatch.setattr(os, "open", refuse)

    return break_below


@pytest.mark.parametrize("number", OF_THE_MACHINE)
def test_files_that_cannot_be_read_now_are_not_taken_for_damaged(
    tmp_path: Path, number: int, broken_files: Callable[[Path, int], None]
) -> None:
    run = run_in(tmp_path)
    publish_snapshot(run.snapshots_folder, 0, some_weights())
    publish_checkpoint(run.checkpoints_folder, Checkpoint(1, 0, some_weights(), {}))
    broken_files(run.path, number)
    item = overview(run)
    assert os.strerror(number) in item.problem and ADVICE[number] in item.advice
    with pytest.raises(StorageError):
        load_snapshot(run.snapshots_folder, 0)
    with pytest.raises(StorageError):  # and training does not begin from nothing
        newest_checkpoint(run.checkpoints_folder)


def test_too_many_open_files_do_not_hide_the_folder_of_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Any = ".") -> Any:
        raise failure(errno.EMFILE)

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(RunError, match=r"cannot be read: Too many open files\. .*ulimit -n"):
        all_runs(tmp_path)


@pytest.mark.parametrize("number", OF_THE_MACHINE)
def test_bundled_data_that_cannot_be_read(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_more: Any) -> Any:
        raise failure(number)

    monkeypatch.setattr(np, "load", refuse)
    with pytest.raises(DataError, match=r"^The bundled data set mnist\.npz cannot be read: ") as caught:
        load_test_data(DataConfig())
    assert ADVICE[number] in caught.value.advice


@pytest.mark.parametrize("number", OF_THE_MACHINE)
def test_downloaded_data_that_cannot_be_read_are_not_called_damaged(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> bytes:
        raise failure(number)

    monkeypatch.setattr("cvae_core.data.fashion_mnist.is_downloaded", lambda: True)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"^Fashion-MNIST cannot be read: ") as caught:
        load_test_data(DataConfig(dataset="fashion_mnist"))
    assert "Delete" not in caught.value.advice and ADVICE[number] in caught.value.advice


class FailingStick(BytesIO):
    """A file that cannot be read beyond a place."""

    def __init__(self, content: bytes, good_bytes: int) -> None:
        super().__init__(content)
        self._good_bytes = good_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        if self.tell() > self._good_bytes:
            raise failure(errno.EIO)
        return found


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    stream = BytesIO()
    pack_run(make_run(tmp_path_factory.mktemp("runs"), "mine", "finished", epochs=2), stream)
    return stream.getvalue()


def test_an_archive_on_a_failing_stick(archive: bytes, tmp_path: Path) -> None:
    for good_bytes in (0, 3, len(archive) - 1):
        with pytest.raises(ArchiveError, match=r"cannot be read \(Input/output error\)\. The disk is failing"):
            import_run(FailingStick(archive, good_bytes), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_whose_middle_cannot_be_read(archive: bytes, tmp_path: Path) -> None:
    class Middle(FailingStick):
        def read(self, size: int | None = -1, /) -> bytes:
            begin = self.tell()
            found = BytesIO.read(self, size)
            if begin <= len(archive) // 2 < self.tell() < len(archive):
                raise failure(errno.EIO)
            return found

    with pytest.raises(ArchiveError, match=r"cannot be read \(Input/output error\)\. .* Nothing was imported\."):
        import_run(Middle(archive, 0), tmp_path)
    assert [path for path in tmp_path.iterdir() if not path.name.startswith(".")] == []


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no /proc")
def test_a_file_that_is_no_file(runs_folder: Path) -> None:
    done = CliRunner().invoke(app, ["runs", "import", "/proc/self/mem"])
    assert isinstance(done.exception, ArchiveError)
    assert str(done.exception).startswith("The archive was refused because it cannot be read (")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        ImportError("libtensorflow_cc.so.2: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_want_of_memory_is_told_whoever_meets_it(error: Exception) -> None:
    told = as_cvae_error(error)
    assert told is not None and "ulimit -v" in told.advice


@pytest.mark.parametrize("error", [ValueError("x"), ImportError("No module named x"), OSError("strange")])
def test_faults_of_the_program_are_not_hidden(error: Exception) -> None:
    assert as_cvae_error(error) is None


def test_a_full_disk_before_there_is_a_run_speaks_of_no_resuming(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise failure(errno.ENOSPC)

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StorageError) as caught:
        run_in(tmp_path)
    assert "resume" not in str(caught.value)
