"""Films as files: frames go in one by one and are written at once, so that a film of any length takes little memory.

Pillow compresses the frames; the containers around them are written here, since Pillow keeps all frames of a film until
its end.
"""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from PIL import GifImagePlugin, Image

from cvae_core.analysis.network import Network
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.errors import CvaeError, ExportError, ExportStoppedError
from cvae_core.rendering.output import FilmFormat, published_together
from cvae_core.rendering.pictures import SIZE, Palette, PictureView, paint, palette_of
from cvae_core.text import short_repr

FRAME_MS: Final = 100
LAST_FRAME_MS: Final = 1500

_LOOP_FOR_EVER: Final = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_GREYS: Final = bytes(level for level in range(SIZE) for _ in range(3))
_COLOURS_GLOBAL_256: Final = 0xF7
_RIFF_HEAD: Final = 12
_ANIMATED: Final = 0x02
_NO_BLENDING: Final = 0x02


class FilmWriter(Protocol):
    """Takes the frames of a film, all of one size and mode."""

    def add(self, frame: Image.Image) -> None:
        """Put a frame, of mode "L" or "RGB", behind the others; it is shown for 100 ms."""
        ...

    def close(self) -> None:
        """End the film, whose last frame is shown for 1.5 s before it begins anew."""
        ...


def film_writer(stream: BinaryIO, film_format: FilmFormat, palette: Palette | None) -> FilmWriter:
    """Begin a film.

    Args:
        stream: Where it goes; for WebP one that can go back to its beginning.
        film_format: The form of the file.
        palette: The colours of a GIF; ``None`` for frames that are grey, or whose colours are not known beforehand.
    """
    return GifWriter(stream, palette) if film_format == "gif" else WebpWriter(stream)


class GifWriter:
    """An animated GIF (CompuServe 1990, GIF89a). Grey frames are exact; colours are brought to 256.

    Args:
        stream: Where it goes.
        palette: One for all frames; without it each coloured frame gets 256 colours of its own.
    """

    def __init__(self, stream: BinaryIO, palette: Palette | None = None) -> None:
        self._stream = stream
        self._palette = palette
        self._waiting: Image.Image | None = None
        self._begun = False

    def add(self, frame: Image.Image) -> None:
        """As in ``FilmWriter``."""
        if self._waiting is not None:
            self._write(self._waiting, FRAME_MS)
        self._waiting = frame.copy()

    def close(self) -> None:
        """As in ``FilmWriter``."""
        if self._waiting is not None:
            self._write(self._waiting, LAST_FRAME_MS)
            self._stream.write(b";")
        self._waiting = None

    def _write(self, frame: Image.Image, milliseconds: int) -> None:
        if not self._begun:
            self._begin(frame)
        indexed = frame if frame.mode == "L" else self._indexed(frame)
        own_colours = frame.mode != "L" and self._palette is None
        for part in GifImagePlugin.getdata(indexed, duration=milliseconds, include_color_table=own_colours):
            self._stream.write(part)

    def _indexed(self, frame: Image.Image) -> Image.Image:
        if self._palette is not None:
            return self._palette.apply(frame)
        return frame.quantize(SIZE, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)

    def _begin(self, frame: Image.Image) -> None:
        colours = self._palette.colours.tobytes() if self._palette is not None else _GREYS
        self._stream.write(b"GIF89a" + struct.pack("<HHBBB", *frame.size, _COLOURS_GLOBAL_256, 0, 0))
        self._stream.write(colours + _LOOP_FOR_EVER)
        self._begun = True


class WebpWriter:
    """An animated WebP without loss (RFC 9649), which keeps all colours.

    Args:
        stream: Where it goes; the size of the whole is written at its beginning in the end.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._start = stream.tell()
        self._waiting: Image.Image | None = None
        self._begun = False

    def add(self, frame: Image.Image) -> None:
        """As in ``FilmWriter``."""
        if self._waiting is not None:
            self._write(self._waiting, FRAME_MS)
        self._waiting = frame.copy()

    def close(self) -> None:
        """As in ``FilmWriter``."""
        if self._waiting is None:
            return
        self._write(self._waiting, LAST_FRAME_MS)
        self._waiting = None
        end = self._stream.tell()
        self._stream.seek(self._start + 4)
        self._stream.write(struct.pack("<I", end - self._start - 8))
        self._stream.seek(end)

    def _write(self, frame: Image.Image, milliseconds: int) -> None:
        if not self._begun:
            self._begin(frame)
        still = io.BytesIO()
        frame.convert("RGB").save(still, "WEBP", lossless=True, quality=50, method=2)
        size = b"".join(_three_bytes(length - 1) for length in frame.size)
        place = _three_bytes(0) * 2 + size + _three_bytes(milliseconds) + bytes([_NO_BLENDING])
        self._chunk(b"ANMF", place + still.getvalue()[_RIFF_HEAD:])

    def _begin(self, frame: Image.Image) -> None:
        self._stream.write(b"RIFF\0\0\0\0WEBP")
        size = b"".join(_three_bytes(length - 1) for length in frame.size)
        self._chunk(b"VP8X", bytes([_ANIMATED, 0, 0, 0]) + size)
        self._chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, 0))
        self._begun = True

    def _chunk(self, name: bytes, content: bytes) -> None:
        self._stream.write(name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2))


def _three_bytes(number: int) -> bytes:
    return number.to_bytes(3, "little")


Progress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]

_PNG_COMPRESSION: Final = 6


@dataclass(frozen=True)
class FilmReport:
    """What became of some films.

    Attributes:
        epochs: Of the frames of each.
        skipped: Epochs whose snapshots are damaged, which were left out.
        seconds: Wall-clock time.
    """

    epochs: tuple[int, ...]
    skipped: tuple[int, ...]
    seconds: float

    __repr__ = short_repr


def write_film_files(
    trained: TrainedRun,
    films: Sequence[tuple[PictureView, Path]],
    film_format: FilmFormat,
    *,
    scale: int | None = None,
    skip_damaged: bool = False,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> FilmReport:
    """Write animations into files as their frames come; a failure leaves half a file. For the rest see ``write_films``.

    Raises:
        OSError: A file cannot be written.
    """
    with ExitStack() as opened:
        wanted = [(view, opened.enter_context(path.open("wb"))) for view, path in films]
        return write_films(
            trained,
            wanted,
            film_format,
            scale=scale,
            skip_damaged=skip_damaged,
            progress=progress,
            should_stop=should_stop,
        )


def write_films(
    trained: TrainedRun,
    films: Sequence[tuple[PictureView, BinaryIO]],
    film_format: FilmFormat = "gif",
    *,
    scale: int | None = None,
    skip_damaged: bool = False,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> FilmReport:
    """Write animations over all snapshots of a run side by side, so that each snapshot is read once.

    Args:
        trained: The run.
        films: What each shows, and where it goes: for WebP a stream that can go back to its beginning. None of them
            takes memory for more than two frames.
        film_format: The form of the files.
        scale: As in ``paint``.
        skip_damaged: Whether to leave out epochs whose snapshots are damaged.
        progress: Called after each frame with how many are done, and of how many.
        should_stop: Asked before each frame.

    Raises:
        ExportError: A snapshot is damaged, or all are.
        ExportStoppedError: ``should_stop`` said so; the streams hold part of an animation.
        ConfigError: The run lacks what a view names.
        OSError: A stream cannot be written.
    """
    begun = time.perf_counter()
    n_classes = trained.test_data.shape.n_classes
    writers = [
        film_writer(stream, film_format, palette_of(view, n_classes) if film_format == "gif" else None)
        for view, stream in films
    ]
    done, total = 0, len(films) * len(trained.epochs)
    epochs: list[int] = []
    skipped: list[int] = []
    for epoch, network in _networks(trained, skip_damaged):
        (skipped if network is None else epochs).append(epoch)
        for (view, _), writer in zip(films, writers, strict=True):
            if should_stop():
                raise ExportStoppedError
            if network is not None:
                writer.add(paint(trained, view, network, epoch, scale=scale))
            done += 1
            progress(done, total)
    if not epochs:
        raise ExportError(f"No snapshot of the run {trained.run.id} can be read.")
    for writer in writers:
        writer.close()
    return FilmReport(tuple(epochs), tuple(skipped), time.perf_counter() - begun)


def paint_picture(
    trained: TrainedRun, view: PictureView, epoch: int | None = None, *, scale: int | None = None
) -> Image.Image:
    """Paint a picture that stands alone.

    Args:
        trained: The run.
        view: What it shows.
        epoch: After how many epochs; the newest snapshot if ``None``.
        scale: As in ``paint``.

    Raises:
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: Its snapshot is damaged.
        ConfigError: The run lacks what the view names.
    """
    chosen = trained.epochs[-1] if epoch is None else epoch
    return paint(trained, view, trained.network(chosen), chosen, for_print=True, scale=scale)


def save_pictures(
    trained: TrainedRun,
    wanted: Sequence[tuple[PictureView, Path]],
    epoch: int | None = None,
    *,
    scale: int | None = None,
    replace: bool = False,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> None:
    """Paint pictures that stand alone into PNG files, which appear when all of them are whole, or not at all.

    Args:
        trained: The run.
        wanted: What each shows, and its file.
        epoch: As in ``paint_picture``.
        scale: As in ``paint``.
        replace: Whether files of these names may be replaced.
        progress: Told after each picture how many are done, and of how many.
        should_stop: Asked before each picture.

    Raises:
        ExportError: A file cannot be written, or its name is taken.
        ExportStoppedError: ``should_stop`` said so.
        RunError: As in ``paint_picture``.
        ConfigError: The run lacks what a view names.
    """
    with published_together([path for _, path in wanted], replace=replace) as drafts:
        for done, ((view, _), draft) in enumerate(zip(wanted, drafts, strict=True), 1):
            if should_stop():
                raise ExportStoppedError
            with draft.open("wb") as stream:
                paint_picture(trained, view, epoch, scale=scale).save(stream, "PNG", compress_level=_PNG_COMPRESSION)
            progress(done, len(wanted))


def _networks(trained: TrainedRun, skip_damaged: bool) -> Iterator[tuple[int, Network | None]]:
    """Each epoch and its network; ``None`` if its snapshot is damaged and may be skipped."""
    for epoch in trained.epochs:
        try:
            network = trained.network(epoch)
        except CvaeError as error:
            if not skip_damaged:
                raise _damaged(epoch, error) from error
            yield epoch, None
            continue
        yield epoch, network


def _damaged(epoch: int, error: CvaeError) -> ExportError:
    problem = error.problem if f"epoch {epoch}" in error.problem else f"The snapshot of epoch {epoch}: {error.problem}"
    return ExportError(problem, "Leave out such snapshots with --skip-damaged.")
