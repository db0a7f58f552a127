"""A picture out of a file that somebody chose: whatever it is, its pixels or one clear sentence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from cvae_core.data.preprocessing import LONGEST_SIDE
from cvae_core.errors import DataError
from cvae_core.short_repr import short_repr

# Those that Pillow reads without another program.
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_LOSSY: Final = ("JPEG", "WEBP")
_NOISE_OF_LOSSES: Final = 0.15
_CHOOSE: Final = "Choose a PNG, JPEG, WebP, BMP or GIF."
_UPRIGHT: Final = 1
_WIDE_MODES: Final = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_WIDEST: Final = 65_535


@dataclass(frozen=True)
class PictureFile:
    """What was read.

    Attributes:
        pixels: (height, width, channels) as ``mnist_form`` takes it: uint8, or float64 0 to 1 where the file had more
            than 8 bits.
        least_noise: As ``mnist_form`` takes it.
        notes: What was done to the picture that its owner may not expect, a sentence each.
    """

    pixels: npt.NDArray[Any]
    least_noise: float
    notes: tuple[str, ...]

    __repr__ = short_repr


def read_picture(stream: BinaryIO) -> PictureFile:
    """Read a picture: of one that moves the first frame, turned upright as its camera noted.

    Args:
        stream: Of a file that may be anything.

    Raises:
        DataError: It is empty, no picture, damaged, or larger than 4,096 pixels a side.
    """
    if not stream.read(1):
        raise DataError("The file is empty.", _CHOOSE)
    stream.seek(0)
    with _own_errors(), Image.open(stream, formats=FORMATS) as picture:
        _check_size(picture)
        notes = tuple(_notes(picture))
        noise = _NOISE_OF_LOSSES if picture.format in _LOSSY else 0.0
        return PictureFile(_pixels(ImageOps.exif_transpose(picture)), noise, notes)


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures, and of what else it finds strange; what is too large is refused here.
            warnings.simplefilter("ignore")
            yield
    except UnidentifiedImageError as error:
        raise DataError("The file is not a picture that can be read.", _CHOOSE) from error
    except Image.DecompressionBombError as error:
        raise DataError(f"The picture has too many pixels: at most {LONGEST_SIDE:,} a side can be read.") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise DataError("The picture is damaged: it cannot be read to its end.", "Choose another file.") from error


def _check_size(picture: Image.Image) -> None:
    """By what the file says of itself, before anything is unpacked."""
    if max(picture.size) > LONGEST_SIDE:
        raise DataError(
            f"The picture has {picture.width:,} x {picture.height:,} pixels; at most {LONGEST_SIDE:,} a side can be "
            "read.",
            "Make it smaller.",
        )


def _notes(picture: Image.Image) -> Iterator[str]:
    if getattr(picture, "is_animated", False):
        yield "The picture moves: its first frame was taken."
    if picture.getexif().get(ExifTags.Base.Orientation, _UPRIGHT) != _UPRIGHT:
        yield "The picture was turned upright, as its camera noted."
    if picture.has_transparency_data:
        yield "What is transparent in the picture counts as paper."
    if picture.mode == "CMYK":
        yield "The picture's printing inks (CMYK) were taken as the colours that they give."
    if picture.mode in _WIDE_MODES:
        yield "The picture has 16 bits a pixel, all of which were used."


def _pixels(picture: Image.Image) -> npt.NDArray[Any]:
    if picture.mode in _WIDE_MODES:
        return np.clip(np.asarray(picture, np.float64) / _WIDEST, 0.0, 1.0)[..., None]
    if picture.has_transparency_data:
        return np.asarray(picture.convert("RGBA"))
    return np.asarray(picture.convert("RGB"))
