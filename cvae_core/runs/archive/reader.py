"""How much of some work on an archive is done, told to who waits for it, who may want no more."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Final, NamedTuple

from cvae_core.errors import ArchiveError, ExportStoppedError
from cvae_core.runs.archive.manifest import (
    ABOUT,
    CONFIG,
    MANIFEST_FILE,
    METRICS,
    MOST_FILES,
    STATUS,
    Manifest,
    check_names,
    quoted,
)
from cvae_core.runs.atomic_io import READ_LIMIT
from cvae_core.system_errors import advice, reason

Progress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]


class Meter:
    """Counts bytes as they are done.

    Args:
        total: How many there are, or about so many.
        progress: Told how many are done, and of how many.
        should_stop: Asked each time.
    """

    def __init__(self, total: int, progress: Progress, should_stop: ShouldStop) -> None:
        self._done, self._total = 0, total
        self._progress = progress
        self._should_stop = should_stop

    def count(self, size: int) -> None:
        """Some more bytes are done.

        Raises:
            ExportStoppedError: ``should_stop`` said so.
        """
        if self._should_stop():
            raise ExportStoppedError
        self._done += size
        self._progress(min(self._done, self._total), self._total)


LIMITS: Final = {METRICS: 128 * 2**20, MANIFEST_FILE: 8 * 2**20} | dict.fromkeys((CONFIG, STATUS, ABOUT), READ_LIMIT)
# Numbers hardly shrink, and a history of them shrinks tenfold; what unfolds to much more was made for that.
_MOST_UNFOLDING: Final = 100
_MOST_UNFOLDING_IN_ALL: Final = 4
_ALLOWANCE: Final = 2**20
_ALLOWANCE_IN_ALL: Final = 64 * 2**20
_BEGIN: Final = b"PK\x03\x04"
_END: Final = struct.Struct("<4s4H2LH")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCAL_HEADER_BYTES: Final = 30
_LARGEST_ENTRY_BYTES: Final = 512
_ENCRYPTED: Final = 0x41
_FAULTS: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError,
    OverflowError,
)  # fmt: skip


class OpenArchive(NamedTuple):
    """An archive whose frame, names and manifest are in order; what its files hold is not known yet.

    Attributes:
        zip: To read from.
        manifest: What it says of itself.
    """

    zip: zipfile.ZipFile
    manifest: Manifest


@contextmanager
def opened(stream: IO[bytes]) -> Iterator[OpenArchive]:
    """Open an archive.

    Args:
        stream: A file that can be sought in.

    Raises:
        ArchiveError: It is no archive of a run, or one that lies.
    """
    with reading_faults():
        size = _check_frame(stream)
        archive = zipfile.ZipFile(stream)
    with archive:
        with reading_faults():
            manifest = _checked_manifest(archive, size)
        yield OpenArchive(archive, manifest)


@contextmanager
def reading_faults() -> Iterator[None]:
    """Turn what the system or the ZIP library raises about a file that it cannot read into an ``ArchiveError``."""
    try:
        yield
    except OSError as error:
        what = f"it cannot be read ({reason(error)})"
        raise ArchiveError(what, advice(error, "Copy the archive here once more.")) from error
    except _FAULTS as error:
        raise ArchiveError("it is damaged: a part of it cannot be unpacked") from error


def _check_frame(stream: IO[bytes]) -> int:
    """Refuse what does not begin and end as the archives of this software do; gives its size."""
    size = stream.seek(0, 2)
    if size == 0:
        raise ArchiveError("it is empty")
    stream.seek(0)
    if stream.read(len(_BEGIN)) != _BEGIN:
        raise ArchiveError("it is not a ZIP file")
    if size < _END.size + _LOCATOR_64.size:
        raise ArchiveError("it is cut off")
    stream.seek(size - _END.size - _LOCATOR_64.size)
    larger, end = _LOCATOR_64.unpack(stream.read(_LOCATOR_64.size)), _END.unpack(stream.read(_END.size))
    mark, _, _, _, count, directory_bytes, _, _ = end
    if mark != b"PK\x05\x06":
        raise ArchiveError("it is cut off, or something was appended to it")
    if larger[0] == b"PK\x06\x07":  # what the second, larger end says is believed instead
        count, directory_bytes = _larger_end(stream, larger[2], size)
    if count > MOST_FILES:
        raise ArchiveError(f"it holds too many files; there may be {MOST_FILES:,}")
    if directory_bytes > MOST_FILES * _LARGEST_ENTRY_BYTES:
        raise ArchiveError("the list of its files is too long")
    return size


def _larger_end(stream: IO[bytes], begin: int, size: int) -> tuple[int, int]:
    """How many files the larger end of an archive promises, and how many bytes their list has.

    It stands right before the rest of the end: nobody is to look at another one than is looked at here.
    """
    if begin + _END_64.size + _LOCATOR_64.size + _END.size != size:
        raise ArchiveError("it is damaged: its end cannot be read")
    stream.seek(begin)
    mark, *_, count, directory_bytes, _ = _END_64.unpack(stream.read(_END_64.size))
    if mark != b"PK\x06\x06":
        raise ArchiveError("it is damaged: its end cannot be read")
    return count, directory_bytes


def _checked_manifest(archive: zipfile.ZipFile, size: int) -> Manifest:
    entries = archive.infolist()
    check_names([entry.orig_filename for entry in entries])
    for entry in entries:
        _check_entry(entry)
    _check_sizes(entries, size)
    manifest = Manifest.from_json(archive.read(MANIFEST_FILE))
    _check_agreement(entries, manifest)
    return manifest


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name, mode = quoted(entry.filename), entry.external_attr >> 16
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveError(f"{name} in it is encrypted")
    if entry.is_dir() or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        raise ArchiveError(f"{name} in it is a link or no ordinary file")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError(f"{name} in it is compressed in an unknown way")
    if entry.file_size > LIMITS.get(entry.filename, entry.file_size):
        raise ArchiveError(f"{name} in it is larger than {LIMITS[entry.filename] // 2**10:,} KiB")


def _check_sizes(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse files that overlap, and so weigh more than the archive, and files that unfold to much more than it."""
    if entries[0].header_offset != 0:
        raise ArchiveError("something was put before its first file")
    in_place = sorted(entries, key=lambda entry: entry.header_offset)
    ends = [entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size for entry in in_place]
    begins = [*(entry.header_offset for entry in in_place[1:]), size]
    if any(end > begin for end, begin in zip(ends, begins, strict=True)):
        raise ArchiveError("files in it overlap")
    for entry in entries:
        if entry.file_size > _ALLOWANCE + _MOST_UNFOLDING * entry.compress_size:
            name = quoted(entry.filename)
            raise ArchiveError(f"{name} in it would unfold to more than {_MOST_UNFOLDING} times its size")
    if sum(entry.file_size for entry in entries) > _ALLOWANCE_IN_ALL + _MOST_UNFOLDING_IN_ALL * size:
        raise ArchiveError(f"it would unfold to more than {_MOST_UNFOLDING_IN_ALL} times its size")


def _check_agreement(entries: list[zipfile.ZipInfo], manifest: Manifest) -> None:
    """Refuse a manifest that speaks of other files than there are."""
    sizes = {entry.filename: entry.file_size for entry in entries if entry.filename != MANIFEST_FILE}
    if strange := sorted(sizes.keys() ^ manifest.files.keys()):
        which = "is not in its manifest" if strange[0] in sizes else "is missing, but in its manifest"
        raise ArchiveError(f"{quoted(strange[0])} {which}")
    for name, size in sizes.items():
        if size != manifest.files[name].size:
            raise ArchiveError(f"{quoted(name)} in it has another size than its manifest says")
