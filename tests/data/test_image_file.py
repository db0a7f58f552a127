"""Files that somebody chose: pixels that mean the same whatever the file's form, or one clear sentence."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cvae_core.architecture import DataShape
from cvae_core.data.preprocessing import PictureFile, mnist_form, read_picture
from cvae_core.errors import DataError

SHAPE = DataShape(28, 28, 1, 10)


def digit() -> np.ndarray:
    """A dark 7 on light paper, uint8 (80, 60)."""
    paper = np.full((80, 60), 230, np.uint8)
    paper[15:23, 12:48] = 20
    for row in range(23, 68):
        left = 44 - (row - 23) // 2
        paper[row, left - 6 : left + 2] = 20
    return paper


def file(picture: Image.Image, kind: str = "PNG", **options: Any) -> io.BytesIO:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    stream.seek(0)
    return stream


def form(stream: io.BytesIO) -> np.ndarray:
    read = read_picture(stream)
    return mnist_form(read.pixels, SHAPE, read.least_noise)


GREY = Image.fromarray(digit())
EXPECTED = mnist_form(digit(), SHAPE)


def with_alpha() -> Image.Image:
    """The 7 in ink alone, nothing but transparency around it."""
    ink = np.zeros((80, 60, 4), np.uint8)
    ink[..., 3] = np.where(digit() < 128, 255, 0)
    return Image.fromarray(ink)


def turned() -> tuple[Image.Image, Image.Exif]:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter to the right
    return GREY.transpose(Image.Transpose.ROTATE_90), exif


def test_the_form_of_the_file_does_not_matter() -> None:
    wide = Image.fromarray(digit().astype(np.uint16) * 257)
    rotated, exif = turned()
    black = Image.fromarray(255 - digit())
    files = {
        "rgb": (file(GREY.convert("RGB")), 0.0),
        "palette": (file(GREY.convert("P")), 0.0),
        "bmp": (file(GREY, "BMP"), 0.0),
        "light on dark": (file(black), 0.01),
        "16 bits": (file(wide), 1e-6),
        "alpha": (file(with_alpha()), 0.05),
        "webp": (file(GREY, "WEBP", lossless=True), 0.0),
        "animated": (file(GREY, "GIF", save_all=True, append_images=[black]), 0.0),
        "turned": (file(rotated, "PNG", exif=exif), 0.0),
    }
    for name, (stream, tolerance) in files.items():
        assert np.abs(form(stream) - EXPECTED).max() <= tolerance, name


@pytest.mark.parametrize(("kind", "quality"), [("JPEG", 95), ("JPEG", 85), ("JPEG", 75), ("WEBP", 75)])
def test_traces_of_compression_are_no_ink(kind: str, quality: int) -> None:
    assert np.abs(form(file(GREY, kind, quality=quality)) - EXPECTED).mean() < 0.01


def test_printing_inks_are_the_colours_that_they_give() -> None:
    large = GREY.resize((960, 1280), Image.Resampling.NEAREST)
    pixels = read_picture(file(large.convert("CMYK"), "JPEG", quality=95)).pixels
    assert np.abs(pixels.astype(int) - np.asarray(large)[..., None]).mean() < 1
    assert np.abs(form(file(large.convert("CMYK"), "JPEG", quality=95)) - EXPECTED).mean() < 0.02


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (file(GREY), ""),
        (file(Image.fromarray(digit().astype(np.uint16) * 257)), "16 bits"),
        (file(with_alpha()), "transparent"),
        (file(GREY.convert("CMYK"), "JPEG"), "CMYK"),
        (file(GREY, "GIF", save_all=True, append_images=[Image.new("L", GREY.size)]), "first frame"),
        (file(turned()[0], "PNG", exif=turned()[1]), "upright"),
    ],
)
def test_what_was_done_to_the_picture_is_told(stream: io.BytesIO, words: str) -> None:
    read: PictureFile = read_picture(stream)
    assert len(read.notes) == (1 if words else 0)
    assert words in " ".join(read.notes)


def png_that_claims(width: int, height: int) -> io.BytesIO:
    """A small file that unpacks to very many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 100_000)
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (io.BytesIO(), "empty"),
        (io.BytesIO(b"no picture at all"), "not a picture"),
        (io.BytesIO(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"), "not a picture"),
        (io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "not a picture"),
        (io.BytesIO(file(GREY).getvalue()[:100]), "damaged"),
        (io.BytesIO(file(GREY, "JPEG").getvalue()[:400]), "damaged"),
        (file(Image.new("L", (10_000, 10_000))), "10,000 x 10,000"),
        (png_that_claims(30_000, 30_000), "too many pixels"),
        (png_that_claims(4_097, 20), "4,097 x 20"),
        (png_that_claims(4_000, 4_000), "damaged"),
        (file(Image.new("L", (5, 5))), "8 to 4096 pixels"),
        (file(Image.new("RGBA", (60, 60))), "all of one colour"),
        (file(Image.new("L", (60, 60), 255)), "all of one colour"),
    ],
)
def test_what_is_no_digit_gives_one_clear_sentence(stream: io.BytesIO, words: str) -> None:
    with pytest.raises(DataError) as caught:
        form(stream)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_dot_is_too_little() -> None:
    paper = np.full((280, 280), 255, np.uint8)
    paper[140:143, 140:143] = 0
    with pytest.raises(DataError, match="too little"):
        form(file(Image.fromarray(paper)))
