"""Grids of image tiles as pictures: each pixel of a tile becomes a square of pixels, and none is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from cvae_core.records import Bytes
from cvae_core.rendering.colours import BACKGROUND, TEXT, grey_of
from cvae_core.rendering.text import draw_text, text_width
from cvae_core.text import short_repr

_CAPTION_SIZE: Final = 15
_NAME_SIZE: Final = 13
_MARGIN: Final = 16
_SPACE: Final = 8
_LEAST_WIDTH: Final = 260


@dataclass(frozen=True)
class TileLayout:
    """Where the tiles and names of a grid go; the same for every frame of a film.

    Attributes:
        rows, columns: Of the grid.
        height, width: Of a tile, in its own pixels.
        scale: Side of the square that a tile's pixel becomes, in pixels.
        gap: Between tiles, in pixels.
        row_names, column_names: One for each, or none.
        ratio: Size of text and margins; 1 suits films, 2 pictures to print.
    """

    rows: int
    columns: int
    height: int
    width: int
    scale: int = 1
    gap: int = 0
    row_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
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
        above = self.ratio * (_MARGIN + _CAPTION_SIZE + _SPACE + _SPACE // 2)
        return above + (self.name_size + self.ratio * _SPACE if self.column_names else 0)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole picture, wide enough for any caption of usual length."""
        across = self.columns * self.step_x - self.gap
        down = self.rows * self.step_y - self.gap
        width = max(self.left + across + self.ratio * _MARGIN, self.ratio * _LEAST_WIDTH)
        return width, self.top + down + self.ratio * _MARGIN

    @property
    def step_x(self) -> int:
        """From a tile to the next on its right, in pixels."""
        return self.width * self.scale + self.gap

    @property
    def step_y(self) -> int:
        """From a tile to the next below it, in pixels."""
        return self.height * self.scale + self.gap

    @property
    def name_size(self) -> int:
        """Of the font of names, in pixels."""
        return self.ratio * _NAME_SIZE

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of a tile in the picture, in pixels; right and bottom lie outside."""
        left, top = self.left + column * self.step_x, self.top + row * self.step_y
        return left, top, left + self.width * self.scale, top + self.height * self.scale


def paint_tiles(layout: TileLayout, tiles: Bytes, caption: str) -> Image.Image:
    """Paint a grid of tiles under its caption.

    Args:
        layout: Where everything goes.
        tiles: uint8 (rows, columns, height, width, channels), as the layout says; 1 or 3 channels.
        caption: One line.

    Returns:
        A picture of mode "L" if the tiles are grey, else "RGB". Nothing but grey text joins grey tiles, so that 256
        greys are all that it can hold.
    """
    mode = "RGB" if tiles.shape[-1] == 3 else "L"
    pixels = _sheet(layout, tiles if mode == "RGB" else tiles[..., 0])
    image = Image.fromarray(pixels)
    margin = layout.ratio * _MARGIN
    size = layout.ratio * _CAPTION_SIZE
    draw_text(image, (layout.left if not layout.row_names else margin, margin + size / 2), caption, size, TEXT)
    _write_names(image, layout)
    return image


def _sheet(layout: TileLayout, tiles: Bytes) -> npt.NDArray[np.uint8]:
    """The page with its tiles, (height, width) or (height, width, 3)."""
    width, height = layout.size
    page = _blank((height, width), tiles)
    cells = _blank((layout.rows, layout.step_y, layout.columns, layout.step_x), tiles)
    enlarged = tiles.repeat(layout.scale, axis=2).repeat(layout.scale, axis=3)
    cells[:, : enlarged.shape[2], :, : enlarged.shape[3]] = enlarged.swapaxes(1, 2)
    across, down = layout.columns * layout.step_x, layout.rows * layout.step_y
    grid = cells.reshape(down, across, *tiles.shape[4:])[: down - layout.gap, : across - layout.gap]
    left, top = layout.left, layout.top
    page[top : top + len(grid), left : left + grid.shape[1]] = grid
    return page


def _blank(shape: tuple[int, ...], tiles: Bytes) -> npt.NDArray[np.uint8]:
    """Background, with colours if the tiles have any."""
    colour: Any = BACKGROUND if tiles.ndim == 5 else grey_of(BACKGROUND)
    blank = np.empty((*shape, *tiles.shape[4:]), np.uint8)
    blank[:] = colour
    return blank


def _write_names(image: Image.Image, layout: TileLayout) -> None:
    space, size = layout.ratio * _SPACE, layout.name_size
    for row, name in enumerate(layout.row_names):
        _, top, _, bottom = layout.box(row, 0)
        draw_text(image, (layout.left - space, (top + bottom) / 2), name, size, TEXT, "right")
    for column, name in enumerate(layout.column_names):
        left, _, right, _ = layout.box(0, column)
        draw_text(image, ((left + right) / 2, layout.top - space - size / 2), name, size, TEXT, "centre")
