"""Animations and images of a run as files. Frames are written one by one, so that long animations need little memory.

Pillow compresses each frame. The containers are written here, since Pillow would keep all frames until the end.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from PIL import GifImagePlugin, Image

from cvae_core.analysis.network import Progress, no_progress
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.errors import CvaeError, ExportError
from cvae_core.rendering.output import AnimationFormat, published_together
from cvae_core.rendering.pictures import PALETTE_SIZE, Palette, PictureView, paint, palette_of
from cvae_core.text import short_repr

FRAME_MS: Final = 100
LAST_FRAME_MS: Final = 1500

_LOOP_FOREVER: Final = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
_GREYS: Final = bytes(level for level in range(PALETTE_SIZE) for _ in range(3))
_GLOBAL_TABLE_OF_256: Final = 0xF7
_RIFF_HEAD: Final = 12
_ANIMATED: Final = 0x02
_NO_BLENDING: Final = 0x02
_PNG_COMPRESSION: Final = 6


class GifWriter:
    """An animated GIF (CompuServe 1990, GIF89a). Grey frames are exact; coloured ones are reduced to 256 colours.

    Args:
        stream: The file.
        palette: One for all frames; without it each coloured frame gets 256 colours of its own.
    """

    def __init__(self, stream: BinaryIO, palette: Palette | None = None) -> None:
        self._stream = stream
        self._palette = palette
        self._waiting: Image.Image | None = None

    def add(self, frame: Image.Image) -> None:
        """Add a frame of mode "L" or "RGB", as large as the others; it is shown for 100 ms, the last one for 1.5 s."""
        if self._waiting is None:
            self._begin(frame.size)
        else:
            self._write(self._waiting, FRAME_MS)
        self._waiting = frame

    def close(self) -> None:
        """Complete the file, which has at least one frame and repeats forever."""
        assert self._waiting is not None
        self._write(self._waiting, LAST_FRAME_MS)
        self._end()

    def _begin(self, size: tuple[int, int]) -> None:
        colours = self._palette.colours.tobytes() if self._palette else _GREYS
        self._stream.write(b"GIF89a" + struct.pack("<HHBBB", *size, _GLOBAL_TABLE_OF_256, 0, 0))
        self._stream.write(colours + _LOOP_FOREVER)

    def _write(self, frame: Image.Image, milliseconds: int) -> None:
        own_colours = frame.mode != "L" and self._palette is None
        if own_colours:
            frame = frame.quantize(PALETTE_SIZE, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        elif frame.mode != "L" and self._palette is not None:
            frame = self._palette.apply(frame)
        for part in GifImagePlugin.getdata(frame, duration=milliseconds, include_color_table=own_colours):
            self._stream.write(part)

    def _end(self) -> None:
        self._stream.write(b";")


class WebpWriter(GifWriter):
    """A lossless animated WebP (RFC 9649), which keeps all colours, in a stream that can seek."""

    def _begin(self, size: tuple[int, int]) -> None:
        self._size = b"".join(_three_bytes(length - 1) for length in size)
        self._stream.write(b"RIFF\0\0\0\0WEBP")
        self._chunk(b"VP8X", bytes([_ANIMATED, 0, 0, 0]) + self._size)
        self._chunk(b"ANIM", struct.pack("<IH", 0xFFFFFFFF, 0))

    def _write(self, frame: Image.Image, milliseconds: int) -> None:
        still = io.BytesIO()
        frame.convert("RGB").save(still, "WEBP", lossless=True, quality=50, method=2)
        head = _three_bytes(0) * 2 + self._size + _three_bytes(milliseconds) + bytes([_NO_BLENDING])
        self._chunk(b"ANMF", head + still.getvalue()[_RIFF_HEAD:])

    def _end(self) -> None:
        length = self._stream.tell()
        self._stream.seek(4)
        self._stream.write(struct.pack("<I", length - 8))

    def _chunk(self, name: bytes, content: bytes) -> None:
        self._stream.write(name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2))


def _three_bytes(number: int) -> bytes:
    return number.to_bytes(3, "little")


@dataclass(frozen=True)
class AnimationReport:
    """The epochs that animations show, and those left out because their snapshots are damaged."""

    epochs: tuple[int, ...]
    skipped: tuple[int, ...]

    __repr__ = short_repr


def write_animations(
    trained: TrainedRun,
    animations: Sequence[tuple[PictureView, Path]],
    animation_format: AnimationFormat = "gif",
    *,
    scale: int | None = None,
    skip_damaged: bool = False,
    progress: Progress = no_progress,
) -> AnimationReport:
    """Write animations over all snapshots of a run in parallel, reading each snapshot once.

    Args:
        trained: The run.
        animations: The view and the file of each. An error leaves incomplete files.
        animation_format: Of the files.
        scale: As in ``paint``.
        skip_damaged: Whether to leave out epochs whose snapshots are damaged.
        progress: Called after each frame with the number of frames done and the total; its errors end the work.

    Raises:
        ExportError: A snapshot is damaged, or all are.
        ConfigError: The run lacks what a view names.
        OSError: A file cannot be written.
    """
    n_classes = trained.test_data.shape.n_classes
    epochs: list[int] = []
    skipped: list[int] = []
    with ExitStack() as files:
        writers: list[GifWriter] = []
        for view, path in animations:
            stream = files.enter_context(path.open("wb"))
            is_gif = animation_format == "gif"
            writers.append(GifWriter(stream, palette_of(view, n_classes)) if is_gif else WebpWriter(stream))
        for number, epoch in enumerate(trained.epochs):
            try:
                network = trained.network(epoch)
            except CvaeError as error:
                if not skip_damaged:
                    raise _damaged(epoch, error) from error
                skipped.append(epoch)
                continue
            epochs.append(epoch)
            for index, ((view, _), writer) in enumerate(zip(animations, writers, strict=True), 1):
                writer.add(paint(trained, view, network, epoch, scale=scale))
                progress(number * len(writers) + index, len(trained.epochs) * len(writers))
        if not epochs:
            raise ExportError(f"No snapshot of the run {trained.run.id} can be read.")
        for writer in writers:
            writer.close()
    return AnimationReport(tuple(epochs), tuple(skipped))


def _damaged(epoch: int, error: CvaeError) -> ExportError:
    problem = error.problem if f"epoch {epoch}" in error.problem else f"The snapshot of epoch {epoch}: {error.problem}"
    return ExportError(problem, "Leave out such snapshots with --skip-damaged.")


def paint_picture(
    trained: TrainedRun, view: PictureView, epoch: int | None = None, *, scale: int | None = None
) -> Image.Image:
    """Paint one image, large enough for print.

    Args:
        trained: The run.
        view: What it shows.
        epoch: The epoch; the newest snapshot if ``None``.
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
    progress: Progress = no_progress,
) -> None:
    """Paint images into PNG files, which appear together when all are complete, or not at all.

    Args:
        trained: The run.
        wanted: The view and the file of each.
        epoch: As in ``paint_picture``.
        scale: As in ``paint``.
        replace: Whether to replace existing files.
        progress: Called after each image with the number done and the total; an error it raises ends the work.

    Raises:
        ExportError: A file cannot be written, or exists already.
        RunError: As in ``paint_picture``.
        ConfigError: The run lacks what a view names.
    """
    with published_together([path for _, path in wanted], replace=replace) as drafts:
        for done, ((view, _), draft) in enumerate(zip(wanted, drafts, strict=True), 1):
            with draft.open("wb") as stream:
                paint_picture(trained, view, epoch, scale=scale).save(stream, "PNG", compress_level=_PNG_COMPRESSION)
            progress(done, len(wanted))
