"""The latent plane as an image: the points, the axes, a legend, and the standard deviations of the prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, pi
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from cvae_core.analysis.records import LatentPlane
from cvae_core.records import Floats, Labels
from cvae_core.rendering.drawing import (
    BACKGROUND,
    BORDER,
    QUIET,
    TEXT,
    draw_text,
    label_colour,
    rotated_text,
    text_width,
)
from cvae_core.text import short_repr

LIMIT: Final = 5.0  # the axes extend from -LIMIT to LIMIT
SIGMAS: Final = (1, 2, 3)
OPACITY: Final = 0.85
RING_OPACITY: Final = 0.5

_TICKS: Final = (-4, -2, 0, 2, 4)
_SIDE: Final = 510
_LEFT, _RIGHT, _BOTTOM = 46, 16, 50
_TOP, _LEGEND = 40, 24
_CAPTION_SIZE, _TEXT_SIZE = 15, 13
_DASH: Final = 8.0
_SUPERSAMPLED: Final = 4
# Points are placed to a quarter of a pixel.
_PHASES: Final = 4


def point_radius(count: int, side: float) -> float:
    """The radius for ``count`` points on a square plane, in the unit of its ``side``: larger for fewer points."""
    crowd = 1.7 if count > 4000 else 2.2 if count > 1000 else 3.0 if count > 200 else 4.0
    return crowd * max(0.8, min(1.15, side / 460))


def draw_points(image: Image.Image, x: Floats, y: Floats, labels: Labels, radius: float) -> None:
    """Draw round points with smooth edges, each over those before it.

    Args:
        image: Of mode "RGB"; changed in place.
        x: float (n,), in pixels from the left; points outside the image and NaN are left out.
        y: float (n,), in pixels from the top.
        labels: int64 (n,); they give the colours.
        radius: In pixels.
    """
    masks, reach = _masks(radius), ceil(radius) + 1
    inside = (x >= 0) & (x < image.width) & (y >= 0) & (y < image.height)
    for across, down, label in zip(x[inside].tolist(), y[inside].tolist(), labels[inside].tolist(), strict=True):
        column, row = int(across), int(down)
        mask = masks[int(_PHASES * (down - row))][int(_PHASES * (across - column))]
        image.paste(label_colour(label), (column - reach, row - reach), mask)


@lru_cache(maxsize=16)
def _masks(radius: float) -> list[list[Image.Image]]:
    """The opacity of a disc around each quarter of a pixel: [phase down][phase across]."""
    reach = ceil(radius) + 1
    away = np.arange(2 * reach + 1) + 0.5 - reach - (np.arange(_PHASES)[:, None] + 0.5) / _PHASES
    distances = np.hypot(away[None, :, None, :], away[:, None, :, None])
    opacity = np.rint(255 * OPACITY * np.clip(radius + 0.5 - distances, 0.0, 1.0)).astype(np.uint8)
    return [[Image.fromarray(mask) for mask in row] for row in opacity]


@dataclass(frozen=True)
class PlanePainter:
    """Paints latent planes that differ only in their points.

    Attributes:
        titles: Of the axes.
        one_dimensional: Whether only x has a meaning: lines replace the rings, and y has no numbers.
        legend: Label and name of each colour to explain; empty for points of one label.
        ratio: Pixels for each unit of length: 1 for animations, 2 for print.
    """

    titles: tuple[str, str]
    one_dimensional: bool = False
    legend: tuple[tuple[int, str], ...] = ()
    ratio: int = 1

    __repr__ = short_repr

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the image, in pixels."""
        return self.ratio * (_LEFT + _SIDE + _RIGHT), self.box[3] + self.ratio * _BOTTOM

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the plane in the image, in pixels; right and bottom are outside the plane."""
        left, top = self.ratio * _LEFT, self.ratio * (_TOP + _LEGEND * _legend_table(self)[0])
        return left, top, left + self.side, top + self.side

    @property
    def side(self) -> int:
        """Of the square plane, in pixels."""
        return self.ratio * _SIDE

    @property
    def scale(self) -> float:
        """Pixels for each unit of z."""
        return self.side / (2 * LIMIT)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """The position of a code in the image, in pixels from the upper left corner."""
        left, _, _, bottom = self.box
        return left + (x + LIMIT) * self.scale, bottom - (y + LIMIT) * self.scale

    def paint(self, plane: LatentPlane, caption: str) -> Image.Image:
        """Paint the points of a plane below a caption of one line; points outside the axes are left out.

        Returns:
            An image of mode "RGB".
        """
        image = _page(self).copy()
        draw_text(image, (self.ratio * _LEFT, self.ratio * _TOP / 2), caption, self.ratio * _CAPTION_SIZE, TEXT)
        points = Image.new("RGB", (self.side, self.side), BACKGROUND)
        x, y = (plane.x + LIMIT) * self.scale, self.side - (plane.y + LIMIT) * self.scale
        draw_points(points, x, y, plane.labels, self.ratio * point_radius(len(plane.x), _SIDE))
        image.paste(points, self.box[:2])
        prior = _prior(self)
        image.paste(prior, self.box[:2], prior)
        left, top, right, bottom = self.box
        ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), outline=BORDER, width=self.ratio)
        return image


@lru_cache(maxsize=8)
def _page(painter: PlanePainter) -> Image.Image:
    """The axes and the legend, which all frames share."""
    image = Image.new("RGB", painter.size, BACKGROUND)
    ratio, size = painter.ratio, painter.ratio * _TEXT_SIZE
    left, top, right, bottom = painter.box
    for tick in _TICKS:
        x, y = painter.place(tick, tick)
        # Centre the digit on the tick, not the digit with its minus sign.
        shift = text_width("-", size) / 2 if tick < 0 else 0.0
        draw_text(image, (x - shift, bottom + 13 * ratio), str(tick), size, QUIET, "centre")
        if not painter.one_dimensional:
            draw_text(image, (left - 7 * ratio, y), str(tick), size, QUIET, "right")
    draw_text(image, ((left + right) / 2, bottom + 34 * ratio), painter.titles[0], size, TEXT, "centre")
    rotated = rotated_text(painter.titles[1], size)
    image.paste(TEXT, (ratio * 6, round((top + bottom - rotated.height) / 2)), rotated)
    _, columns, step = _legend_table(painter)
    for index, (label, name) in enumerate(painter.legend):
        x, y = left + step * (index % columns), ratio * (_TOP + _LEGEND * (index // columns + 0.375))
        draw_points(image, np.array([x + 5.0 * ratio]), np.array([y]), np.array([label]), 4.5 * ratio)
        draw_text(image, (x + 13 * ratio, y), name, size, TEXT)
    return image


@lru_cache(maxsize=8)
def _legend_table(painter: PlanePainter) -> tuple[int, int, int]:
    """Rows and columns of the legend, and the distance between columns in pixels."""
    if not painter.legend:
        return 0, 0, 0
    ratio, count = painter.ratio, len(painter.legend)
    widest = 13 * ratio + max(text_width(name, ratio * _TEXT_SIZE) for _, name in painter.legend)
    columns = max(1, min(count, painter.side // (widest + 8 * ratio)))
    rows = -(-count // columns)
    columns = -(-count // rows)
    return rows, columns, min(widest + 24 * ratio, painter.side // columns)


@lru_cache(maxsize=8)
def _prior(painter: PlanePainter) -> Image.Image:
    """The standard deviations of the prior as dashed rings, or lines in one dimension, on a transparent square."""
    side, width = painter.side * _SUPERSAMPLED, painter.ratio * _SUPERSAMPLED
    large = Image.new("L", (side, side))
    pen, middle = ImageDraw.Draw(large), side / 2
    for radius in (sigma * painter.scale * _SUPERSAMPLED for sigma in SIGMAS):
        length = side if painter.one_dimensional else 2 * pi * radius
        dashes = round(length / (width * _DASH))
        for start in (index / dashes for index in range(dashes)):
            end = start + 0.5 / dashes
            if painter.one_dimensional:
                for x in (middle - radius, middle + radius):
                    pen.line((x, start * side, x, end * side), fill=255, width=width)
            else:
                outer = radius + width / 2
                square = (middle - outer, middle - outer, middle + outer - 1, middle + outer - 1)
                pen.arc(square, 360 * start, 360 * end, fill=255, width=width)
    layer = Image.new("RGBA", (painter.side, painter.side), (*TEXT, 0))
    ink = large.resize(layer.size, Image.Resampling.BOX)
    layer.putalpha(ink.point([round(RING_OPACITY * level) for level in range(256)]))
    for sigma in SIGMAS:
        _name_ring(painter, layer, sigma)
    return layer


def _name_ring(painter: PlanePainter, layer: Image.Image, sigma: int) -> None:
    """Write the name of a ring on a patch of background, which keeps it readable over points."""
    text, size = f"{sigma}σ", painter.ratio * _TEXT_SIZE
    x = painter.side / 2 + (sigma * painter.scale if painter.one_dimensional else 0.0)
    y = 14.0 * painter.ratio if painter.one_dimensional else painter.side / 2 - sigma * painter.scale
    patch = Image.new("RGB", (text_width(text, size) + 6 * painter.ratio, size + 2 * painter.ratio), BACKGROUND)
    draw_text(patch, (patch.width / 2, patch.height / 2), text, size, TEXT, "centre")
    patch.putalpha(round(0.85 * 255))
    layer.paste(patch, (round(x - patch.width / 2), round(y - patch.height / 2)))
