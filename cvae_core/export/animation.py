"""Films as files: frames go in one by one and are written at once, so that a film of any length takes little memory.

Pillow compresses the frames; the containers around them are written here, since Pillow keeps all frames of a film until
its end.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO, Final, Protocol

from PIL import GifImagePlugin, Image

from cvae_core.export.palettes import SIZE, Palette
from cvae_core.export.settings import FilmFormat

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
