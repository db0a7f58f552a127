"""Preprocessing of a drawn or uploaded picture to the form of MNIST's digits, and reading picture files.

LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to document recognition", section III.A: size
normalised to fit a box of 20 x 20 pixels with the proportions kept, grey where edges are smoothed, and placed in
28 x 28 so that the centre of mass is in the middle. ``mnist_form.js`` computes the same steps in the same order and in
double precision, so that both round alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from cvae_core.architecture import DataShape
from cvae_core.errors import DataError
from cvae_core.records import Bytes, Floats
from cvae_core.text import short_repr

SHORTEST_SIDE: Final = 8
LONGEST_SIDE: Final = 4096
LEAST_CONTRAST: Final = 0.03
LEAST_INK_PIXELS: Final = 4
LEAST_INK_SHARE: Final = 0.1

_LUMINANCE: Final = (0.299, 0.587, 0.114)
_BOX_SHARE: Final = 20 / 28
_NOISE_QUANTILE: Final = 0.75
_NOISE_FACTOR: Final = 3.0
_MOST_NOISE: Final = 0.5
# Tolerance for whole and half numbers of pixels, which the two programs may round differently.
_SLACK: Final = 1e-6

_Doubles = npt.NDArray[np.float64]


def mnist_form(picture: npt.NDArray[Any], shape: DataShape, least_noise: float = 0.0) -> Floats:
    """Convert a picture to MNIST's form, or to the equivalent for images of another size.

    1. Grey: luminance 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), 0 to 1. A picture with an alpha channel is put on
       black if its mean, weighted by alpha, is lighter than 1/2, else on white.
    2. Ink: the background is the (lower) median of the border pixels. If the lightest pixel is at least as far from it
       as the darkest, ink is light, else dark. Ink goes from 0 at the background to 1 at that pixel. The noise level is
       three times the upper quartile of the border's differences from the background, at most half of the contrast;
       ink up to that level becomes 0, and the rest is rescaled to 0..1.
    3. Size: the bounding box of the ink is scaled with its proportions to fit a box of 20/28 of the image's height and
       width, both rounded. Each new pixel is the average of the area that it covers. Rescaled to 0..1, as thin lines
       become fainter.
    4. Place: moved by whole pixels, so that the centre of mass is at most half a pixel from the middle pixel (the 15th
       of 28, as in MNIST), or as near as possible with all ink inside the image.

    Args:
        picture: (height, width) or (height, width, channels), each side 8 to 4,096 pixels, 1 (grey), 2 (grey and
            alpha), 3 (RGB) or 4 (RGB and alpha, not premultiplied) channels; uint8, or floats 0 to 1.
        shape: Of the resulting image.
        least_noise: Smallest noise level as a share of the contrast, 0 to 0.5: lossy compression leaves traces around
            the ink.

    Returns:
        float32 (height, width, channels) of ``shape``, 0 to 1, light ink on black, its channels alike.

    Raises:
        DataError: It is not such a picture, it is all of one colour (contrast at most 0.03), or the drawing is smaller
            than 4 pixels or a tenth of the picture's longer side.
    """
    _check(picture)
    grey = _grey(picture.reshape(*picture.shape[:2], -1))
    ink = _cropped(_ink(grey, least_noise), max(grey.shape))
    small = _fitted(ink, _box_side(shape.height), _box_side(shape.width))
    placed = _centred(small / small.max(), shape.height, shape.width)
    return np.repeat(placed.astype(np.float32)[..., None], shape.channels, axis=2)


def all_in_mnist_form(images: Bytes, shape: DataShape) -> Bytes:
    """Convert images, uint8 (n, height, width, channels) of ``shape``; those that are refused stay as they are."""
    formed = images.copy()
    for target, image in zip(formed, images, strict=True):
        with suppress(DataError):
            target[...] = np.rint(255 * mnist_form(image, shape)).astype(np.uint8)
    return formed


def _check(picture: npt.NDArray[Any]) -> None:
    if picture.dtype != np.uint8 and picture.dtype.kind != "f":
        raise DataError(f"A picture should hold 8-bit integers, or floats from 0 to 1; this one holds {picture.dtype}.")
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (1, 2, 3, 4)):
        raise DataError(
            f"A picture should have height, width and 1 to 4 channels; its array has shape {picture.shape}."
        )
    height, width = picture.shape[:2]
    if min(height, width) < SHORTEST_SIDE or max(height, width) > LONGEST_SIDE:
        sides = f"{SHORTEST_SIDE} to {LONGEST_SIDE} pixels"
        raise DataError(f"Each side of a picture should have {sides}; this one has {height} x {width}.")
    if picture.dtype != np.uint8 and not (picture.min() >= 0.0 and picture.max() <= 1.0):
        raise DataError("The floats of a picture should be from 0 to 1; some of this one are not.")


def _grey(picture: npt.NDArray[Any]) -> _Doubles:
    """Luminance (height, width), 0 to 1, without transparency."""
    channels = picture.shape[2]
    if channels <= 2:
        grey = _plane(picture, 0)
    else:
        red, green, blue = _LUMINANCE
        grey = red * _plane(picture, 0) + green * _plane(picture, 1) + blue * _plane(picture, 2)
    if channels in (1, 3):
        return grey
    alpha = _plane(picture, channels - 1)
    is_light = float(np.sum(alpha * (grey - 0.5))) > _SLACK * float(np.sum(alpha))
    flattened: _Doubles = alpha * grey + (1.0 - alpha) * (0.0 if is_light else 1.0)
    return flattened


def _plane(picture: npt.NDArray[Any], channel: int) -> _Doubles:
    """One channel, 0 to 1; one at a time, as a photograph in double precision is large."""
    plane: _Doubles = picture[:, :, channel].astype(np.float64)
    return plane / 255.0 if picture.dtype == np.uint8 else plane


def _ink(grey: _Doubles, least_noise: float) -> _Doubles:
    """0 at the background, 1 at what differs most from it."""
    border = np.sort(np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]]))
    background = border[(len(border) - 1) // 2]
    lightest, darkest = grey.max(), grey.min()
    contrast = max(lightest - background, background - darkest)
    if contrast <= LEAST_CONTRAST:
        raise DataError("There is nothing in the picture: it is all of one colour.")
    ink = grey - background if lightest - background >= background - darkest else background - grey
    unrest = np.sort(np.abs(border - background))[int(np.ceil(_NOISE_QUANTILE * len(border))) - 1]
    noise = min(max(_NOISE_FACTOR * unrest, least_noise * contrast), _MOST_NOISE * contrast)
    result: _Doubles = np.maximum(ink - noise, 0.0) / (contrast - noise)
    return result


def _cropped(ink: _Doubles, longest: int) -> _Doubles:
    rows, columns = np.flatnonzero((ink > 0.0).any(axis=1)), np.flatnonzero((ink > 0.0).any(axis=0))
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if max(cropped.shape) < max(LEAST_INK_PIXELS, LEAST_INK_SHARE * longest):
        raise DataError(
            "There is too little in the picture: what is drawn should be at least a tenth as long as its longer side, "
            f"and {LEAST_INK_PIXELS} pixels."
        )
    return cropped


def _box_side(side: int) -> int:
    """Pixels of the box along a side of the image."""
    return max(1, int(np.floor(_BOX_SHARE * side + 0.5)))


def _fitted(ink: _Doubles, box_height: int, box_width: int) -> _Doubles:
    height, width = ink.shape
    scale = min(box_height / height, box_width / width)
    down, right = _averages(height, scale), _averages(width, scale)
    fitted: _Doubles = down @ ink @ right.T
    return fitted


def _averages(size: int, scale: float) -> _Doubles:
    """Scales an axis, (new size, size): the share that each pixel has in what each new one covers."""
    new_size = max(1, int(np.ceil(size * scale - _SLACK)))
    begin = np.arange(new_size)[:, None] / scale
    end = (np.arange(new_size)[:, None] + 1.0) / scale
    pixel = np.arange(size)
    overlap: _Doubles = np.minimum(end, pixel + 1.0) - np.maximum(begin, pixel)
    return np.maximum(overlap, 0.0) * scale


def _centred(small: _Doubles, height: int, width: int) -> _Doubles:
    """The image with its centre of mass in the middle."""
    mass = small.sum()
    top = _offset(float(small.sum(axis=1) @ np.arange(len(small)) / mass), len(small), height)
    left = _offset(float(small.sum(axis=0) @ np.arange(small.shape[1]) / mass), small.shape[1], width)
    placed = np.zeros((height, width))
    placed[top : top + small.shape[0], left : left + small.shape[1]] = small
    return placed


def _offset(centre: float, size: int, room: int) -> int:
    wanted = int(np.ceil(room // 2 - 0.5 - centre - _SLACK))
    return min(max(wanted, 0), room - size)


# Formats that Pillow reads without another program.
FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_LOSSY: Final = ("JPEG", "WEBP")
_NOISE_OF_LOSSES: Final = 0.15
_CHOOSE: Final = "Choose a PNG, JPEG, WebP, BMP or GIF."
_UPRIGHT: Final = 1
_WIDE_MODES: Final = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_WIDEST: Final = 65_535


@dataclass(frozen=True)
class PictureFile:
    """A picture as it was read.

    Attributes:
        pixels: (height, width, channels), uint8, or float64 0 to 1 if the file had more than 8 bits.
        least_noise: As in ``mnist_form``.
        notes: A sentence for each conversion that the user may not expect.
    """

    pixels: npt.NDArray[Any]
    least_noise: float
    notes: tuple[str, ...]

    __repr__ = short_repr


def read_picture(stream: BinaryIO) -> PictureFile:
    """Read a picture from any file: the first frame, rotated as the camera noted.

    Raises:
        DataError: It is empty, not a picture, damaged, or larger than 4,096 pixels a side.
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
            # Pillow warns of large pictures, which are refused here.
            warnings.simplefilter("ignore")
            yield
    except UnidentifiedImageError as error:
        raise DataError("The file is not a picture that can be read.", _CHOOSE) from error
    except Image.DecompressionBombError as error:
        raise DataError(f"The picture has too many pixels: at most {LONGEST_SIDE:,} a side can be read.") from error
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError) as error:
        raise DataError("The picture is damaged: it cannot be read to its end.", "Choose another file.") from error


def _check_size(picture: Image.Image) -> None:
    """Check the size in the header, before decoding."""
    if max(picture.size) > LONGEST_SIDE:
        raise DataError(
            f"The picture has {picture.width:,} x {picture.height:,} pixels; at most {LONGEST_SIDE:,} a side can be "
            "read.",
            "Make it smaller.",
        )


def _notes(picture: Image.Image) -> Iterator[str]:
    if getattr(picture, "is_animated", False):
        yield "The picture is animated: only its first frame was used."
    if picture.getexif().get(ExifTags.Base.Orientation, _UPRIGHT) != _UPRIGHT:
        yield "The picture was rotated upright, as its camera noted."
    if picture.has_transparency_data:
        yield "The transparent parts of the picture count as paper."
    if picture.mode == "CMYK":
        yield "The picture's CMYK colours were converted to RGB."
    if picture.mode in _WIDE_MODES:
        yield "The picture has 16 bits per pixel; all were used."


def _pixels(picture: Image.Image) -> npt.NDArray[Any]:
    if picture.mode in _WIDE_MODES:
        return np.clip(np.asarray(picture, np.float64) / _WIDEST, 0.0, 1.0)[..., None]
    if picture.has_transparency_data:
        return np.asarray(picture.convert("RGBA"))
    return np.asarray(picture.convert("RGB"))
