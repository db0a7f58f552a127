"""Colours, text and grids of image tiles, drawn with Pillow and the font that it contains."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cvae_core.records import Bytes
from cvae_core.text import short_repr

Colour = tuple[int, int, int]

# The colours of the dashboard's light theme.
BACKGROUND: Final[Colour] = (255, 255, 255)
TEXT: Final[Colour] = (17, 24, 28)
QUIET: Final[Colour] = (84, 92, 97)
BORDER: Final[Colour] = (217, 223, 226)
# Ten label colours that stay distinct with protanopia, deuteranopia and tritanopia (Machado et al. 2009).
LABEL_COLOURS: Final[tuple[Colour, ...]] = (
    (18, 99, 125),
    (228, 105, 58),
    (48, 210, 173),
    (52, 29, 154),
    (235, 178, 16),
    (113, 3, 46),
    (149, 84, 209),
    (129, 82, 5),
    (121, 146, 160),
    (195, 150, 255),
)

# Shares of the font's size.
_DIGIT_HEIGHT: Final = 0.71
_SIGMA_BAR: Final = 0.1

_CAPTION_SIZE: Final = 15
_NAME_SIZE: Final = 13
_MARGIN: Final = 16
_SPACE: Final = 8
_LEAST_WIDTH: Final = 260


def label_colour(label: int) -> Colour:
    """The colour of a label; the colours repeat after the tenth."""
    return LABEL_COLOURS[label % len(LABEL_COLOURS)]


def mixed(below: Colour, above: Colour, opacity: float) -> Colour:
    """The colour that results when ``above``, with an opacity of 0 to 1, covers ``below``."""
    red, green, blue = (round(low + opacity * (high - low)) for low, high in zip(below, above, strict=True))
    return red, green, blue


@lru_cache(maxsize=1024)
def can_be_written(text: str) -> bool:
    """Whether the font has every character of a text."""
    font = _font(40)
    missing = font.getmask("\uffff")
    masks = [font.getmask(character) for character in text.replace("σ", "o")]
    return all(mask.size != missing.size or bytes(mask) != bytes(missing) for mask in masks)


def text_width(text: str, size: int) -> int:
    """Width of a line of text in a font of ``size`` pixels, in pixels."""
    return _ink(text, size).width


def draw_text(
    image: Image.Image,
    position: tuple[float, float],
    text: str,
    size: int,
    colour: Colour,
    align: Literal["left", "centre", "right"] = "left",
) -> None:
    """Draw a line of text.

    Args:
        image: Of mode "RGB" or "L"; changed in place.
        position: x of the end or centre that ``align`` names, and y of the middle of the digits, in pixels.
        text: One line.
        size: Of the font, in pixels.
        colour: Of the text; in a grey image the mean of its channels.
        align: Which part of the text is at ``position``.
    """
    ink = _ink(text, size)
    left = position[0] - {"left": 0.0, "centre": ink.width / 2, "right": float(ink.width)}[align]
    top = position[1] - (_font(size).getmetrics()[0] - _DIGIT_HEIGHT / 2 * size)
    image.paste(colour if image.mode == "RGB" else round(sum(colour) / 3), (round(left), round(top)), ink)


def rotated_text(text: str, size: int) -> Image.Image:
    """A text that reads from bottom to top, as a mask of mode "L"."""
    return _ink(text, size).transpose(Image.Transpose.ROTATE_90)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, so it has no scalable font.")
    return font


@lru_cache(maxsize=512)
def _ink(text: str, size: int) -> Image.Image:
    """A mask of mode "L" as wide as the text, from the font's ascent to its descent."""
    font = _font(size)
    written = text.replace("σ", "o")  # the font has no σ: an o with a bar stands for it
    bar = round(_SIGMA_BAR * size)
    width = round(font.getlength(written)) + (bar if text.endswith("σ") else 0)
    ink = Image.new("L", (max(1, width), sum(font.getmetrics())), 0)
    pen = ImageDraw.Draw(ink)
    pen.text((0, 0), written, font=font, fill=255)
    for index in (index for index, character in enumerate(text) if character == "σ"):
        x = font.getlength(written[:index])
        left, top, right, _ = font.getbbox("o")
        pen.rectangle((x + (left + right) / 2, top, x + right + bar, top + max(1, bar) - 1), fill=255)
    return ink


@dataclass(frozen=True)
class TileLayout:
    """The positions of tiles and names in a grid; the same in every frame of an animation.

    Attributes:
        rows, columns: Of the grid.
        height, width: Of a tile, in its own pixels.
        scale: Side of the square that a pixel of a tile becomes, in pixels.
        gap: Between tiles, in pixels.
        row_names: One for each row, or none.
        ratio: Size of text and margins: 1 for animations, 2 for print.
    """

    rows: int
    columns: int
    height: int
    width: int
    scale: int = 1
    gap: int = 0
    row_names: tuple[str, ...] = ()
    ratio: int = 1

    __repr__ = short_repr

    @property
    def left(self) -> int:
        """Of the first tile, in pixels."""
        names = max((text_width(name, self.name_size) for name in self.row_names), default=0)
        return self.ratio * _MARGIN + (names + self.ratio * _SPACE if names else 0)

    @property
    def top(self) -> int:
        """Of the first tile, in pixels."""
        return self.ratio * (_MARGIN + _CAPTION_SIZE + _SPACE + _SPACE // 2)

    @property
    def name_size(self) -> int:
        """Of the font of names, in pixels."""
        return self.ratio * _NAME_SIZE

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image in pixels; at least as wide as a usual caption."""
        _, _, right, bottom = self.box(self.rows - 1, self.columns - 1)
        margin = self.ratio * _MARGIN
        return max(right + margin, self.ratio * _LEAST_WIDTH), bottom + margin

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of a tile in pixels; right and bottom are outside the tile."""
        width, height = self.width * self.scale, self.height * self.scale
        left, top = self.left + column * (width + self.gap), self.top + row * (height + self.gap)
        return left, top, left + width, top + height


def paint_tiles(layout: TileLayout, tiles: Bytes, caption: str) -> Image.Image:
    """Paint a grid of tiles below its caption.

    Args:
        layout: The positions.
        tiles: uint8 (rows, columns, height, width, channels), as in the layout; 1 or 3 channels.
        caption: One line.

    Returns:
        An image of mode "L" if the tiles are grey, else "RGB".
    """
    is_grey = tiles.shape[-1] == 1
    image = Image.new("L" if is_grey else "RGB", layout.size, "white")
    side = (layout.width * layout.scale, layout.height * layout.scale)
    for row, column in np.ndindex(layout.rows, layout.columns):
        tile = Image.fromarray(tiles[row, column, :, :, 0] if is_grey else tiles[row, column])
        image.paste(tile.resize(side, Image.Resampling.NEAREST), layout.box(row, column)[:2])
    margin, size, space = layout.ratio * _MARGIN, layout.ratio * _CAPTION_SIZE, layout.ratio * _SPACE
    draw_text(image, (margin if layout.row_names else layout.left, margin + size / 2), caption, size, TEXT)
    for row, name in enumerate(layout.row_names):
        _, top, _, bottom = layout.box(row, 0)
        draw_text(image, (layout.left - space, (top + bottom) / 2), name, layout.name_size, TEXT, "right")
    return image
