"""Text on pictures, in the font that Pillow brings along, so that no machine's own fonts matter."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont

from cvae_core.rendering.colours import Colour, grey_of

Align = Literal["left", "centre", "right"]

_SUPERSAMPLED: Final = 8
# Shares of the font's size, measured on the font; signs that it lacks are drawn to match.
_DIGIT_HEIGHT: Final = 0.71
_STROKE: Final = 0.075
_SIGN_WIDTHS: Final = {"σ": 0.62, "−": 0.56}
_SIGNS: Final = re.compile("([σ−])")
_NO_CHARACTER: Final = "\uffff"


def can_be_written(text: str) -> bool:
    """Whether the font has every character of a text."""
    return all(character in _SIGN_WIDTHS or _has_glyph(character) for character in text)


def text_width(text: str, size: int) -> int:
    """Width of a line of text in pixels.

    Args:
        text: One line.
        size: Of the font, in pixels.
    """
    return _ink(text, size).width


def draw_text(
    image: Image.Image, position: tuple[float, float], text: str, size: int, colour: Colour, align: Align = "left"
) -> None:
    """Write a line of text onto a picture.

    Args:
        image: Of mode "RGB" or "L"; changed in place.
        position: x of the end that ``align`` names, and y of the middle of the digits, in pixels.
        text: One line.
        size: Of the font, in pixels.
        colour: Of the ink; on a grey picture the mean of its parts.
        align: Which end of the text ``position`` tells.
    """
    ink = _ink(text, size)
    x, y = position
    left = x - {"left": 0.0, "centre": ink.width / 2, "right": float(ink.width)}[align]
    top = y - _middle(size)
    image.paste(colour if image.mode == "RGB" else grey_of(colour), (round(left), round(top)), ink)


def text_turned(text: str, size: int) -> Image.Image:
    """The ink of a text that is read from below upwards, as a mask of mode "L"."""
    return _ink(text, size).transpose(Image.Transpose.ROTATE_90)


def _middle(size: int) -> float:
    """From the top of the ink to the middle of the digits."""
    return _font(size).getmetrics()[0] - _DIGIT_HEIGHT / 2 * size


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, so it has no font that can be scaled.")
    return font


@lru_cache(maxsize=1024)
def _has_glyph(character: str) -> bool:
    font = _font(40)
    found, missing = font.getmask(character), font.getmask(_NO_CHARACTER)
    return found.size != missing.size or bytes(found) != bytes(missing)


@lru_cache(maxsize=512)
def _ink(text: str, size: int) -> Image.Image:
    """A mask of mode "L" as wide as the text, from the font's ascent to its descent."""
    font = _font(size)
    parts = [part for part in _SIGNS.split(text) if part]
    widths = [_SIGN_WIDTHS[part] * size if part in _SIGN_WIDTHS else font.getlength(part) for part in parts]
    ink = Image.new("L", (max(1, round(sum(widths))), sum(font.getmetrics())), 0)
    x = 0.0
    for part, width in zip(parts, widths, strict=True):
        if part in _SIGN_WIDTHS:
            sign = _sign(part, size)
            ink.paste(sign, (round(x), font.getmetrics()[0] - sign.height))
        else:
            ImageDraw.Draw(ink).text((x, 0), part, font=font, fill=255)
        x += width
    return ink


def _sign(sign: str, size: int) -> Image.Image:
    """One of the signs that the font lacks, standing on the baseline."""
    wide, high = round(_SIGN_WIDTHS[sign] * size), size
    unit = size * _SUPERSAMPLED
    large = Image.new("L", (wide * _SUPERSAMPLED, high * _SUPERSAMPLED), 0)
    pen, base, stroke = ImageDraw.Draw(large), high * _SUPERSAMPLED, round(_STROKE * unit)
    if sign == "σ":
        pen.ellipse((0.04 * unit, base - 0.52 * unit, 0.5 * unit, base + 0.01 * unit), outline=255, width=stroke)
        pen.rectangle((0.27 * unit, base - 0.52 * unit, 0.58 * unit, base - 0.52 * unit + stroke), fill=255)
    else:
        middle = base - _DIGIT_HEIGHT / 2 * unit
        pen.rectangle((0.06 * unit, middle - stroke / 2, 0.48 * unit, middle + stroke / 2), fill=255)
    return large.resize((wide, high), Image.Resampling.BOX)
