"""The latent plane as a picture: points in the colours of their labels, axes, and the rings of the prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cvae_core.analysis.records import LatentPlane
from cvae_core.export.colours import BACKGROUND, BORDER, QUIET, TEXT, label_colour
from cvae_core.export.lettering import draw_text, text_turned, text_width
from cvae_core.export.point_stamps import point_radius, stamp_points
from cvae_core.records import Floats
from cvae_core.short_repr import short_repr

LIMIT: Final = 5.0
SIGMAS: Final = (1, 2, 3)
RING_OPACITY: Final = 0.5

_SIDE: Final = 510
_LEFT, _RIGHT, _BOTTOM = 46, 16, 50
_TOP, _LEGEND = 40, 24
_CAPTION_SIZE, _TEXT_SIZE = 15, 13
_DASH: Final = 8.0


@dataclass(frozen=True)
class PlanePainter:
    """Paints latent planes that differ only in their points.

    Attributes:
        titles: Of the axes.
        one_dimensional: Whether only x means anything: lines stand for the rings, and y has no numbers.
        legend: Label and name of each colour to be explained; none for points of one label.
        limit: The axes run from -limit to limit.
        ratio: Pixels for each unit of length; 1 suits films, 2 pictures to print.
    """

    titles: tuple[str, str]
    one_dimensional: bool = False
    legend: tuple[tuple[int, str], ...] = ()
    limit: float = LIMIT
    ratio: int = 1

    __repr__ = short_repr

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture, in pixels."""
        _, _, _, bottom = self.box
        return self.ratio * (_LEFT + _SIDE + _RIGHT), bottom + self.ratio * _BOTTOM

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the plane in the picture, in pixels; right and bottom lie outside."""
        left, top = self.ratio * _LEFT, self.ratio * (_TOP + _LEGEND * _legend_table(self)[0])
        return left, top, left + self.ratio * _SIDE, top + self.ratio * _SIDE

    @property
    def side(self) -> int:
        """Of the square plane, in pixels."""
        return self.ratio * _SIDE

    @property
    def scale(self) -> float:
        """Pixels for each unit of z."""
        return self.side / (2 * self.limit)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the plane is in the picture, in pixels from its upper left corner."""
        left, _, _, bottom = self.box
        return left + (x + self.limit) * self.scale, bottom - (y + self.limit) * self.scale

    def paint(self, plane: LatentPlane, caption: str) -> Image.Image:
        """Paint the points of a plane.

        Args:
            plane: The points; those outside the axes are left out.
            caption: One line.

        Returns:
            A picture of mode "RGB".
        """
        image = _page(self).copy()
        draw_text(image, (self.ratio * _LEFT, self.ratio * _TOP / 2), caption, self.ratio * _CAPTION_SIZE, TEXT)
        image.paste(self._points(plane), self.box[:2])
        prior = _prior(self)
        image.paste(prior, self.box[:2], prior)
        left, top, right, bottom = self.box
        ImageDraw.Draw(image).rectangle((left, top, right - 1, bottom - 1), outline=BORDER, width=self.ratio)
        return image

    def _points(self, plane: LatentPlane) -> Image.Image:
        side = self.side
        canvas = np.empty((side, side, 3), np.float32)
        canvas[:] = BACKGROUND
        x = (plane.x + np.float32(self.limit)) * np.float32(self.scale)
        y = side - (plane.y + np.float32(self.limit)) * np.float32(self.scale)
        radius = self.ratio * point_radius(len(plane.x), _SIDE)
        stamp_points(canvas, x, y, plane.labels, radius)
        return Image.fromarray(np.rint(canvas).astype(np.uint8))


# Films of several labels share what is the same in all their frames.
@lru_cache(maxsize=8)
def _page(painter: PlanePainter) -> Image.Image:
    """What lies below the points."""
    image = Image.new("RGB", painter.size, BACKGROUND)
    _write_axes(painter, image)
    _write_legend(painter, image)
    return image


@lru_cache(maxsize=8)
def _prior(painter: PlanePainter) -> Image.Image:
    """The prior's standard deviations, on a transparent square the size of the plane."""
    side = painter.side
    ink = np.zeros((side, side))
    sigmas = [sigma for sigma in SIGMAS if sigma < painter.limit]
    for sigma in sigmas:
        ink = np.maximum(ink, _lines(painter, sigma) if painter.one_dimensional else _ring(painter, sigma))
    layer = Image.new("RGBA", (side, side), (*TEXT, 0))
    layer.putalpha(Image.fromarray(np.rint(255 * RING_OPACITY * ink).astype(np.uint8)))
    for sigma in sigmas:
        _write_sigma(painter, layer, sigma)
    return layer


def _write_axes(painter: PlanePainter, image: Image.Image) -> None:
    ratio, size = painter.ratio, painter.ratio * _TEXT_SIZE
    left, top, right, bottom = painter.box
    for tick in _ticks(painter.limit):
        name = f"{tick:g}".replace("-", "−")
        x, y = painter.place(tick, tick)
        # A minus sign would push the digit off its tick.
        shift = text_width("−", size) / 2 if tick < 0 else 0.0
        draw_text(image, (x - shift, bottom + 13 * ratio), name, size, QUIET, "centre")
        if not painter.one_dimensional:
            draw_text(image, (left - 7 * ratio, y), name, size, QUIET, "right")
    draw_text(image, ((left + right) / 2, bottom + 34 * ratio), painter.titles[0], size, TEXT, "centre")
    turned = text_turned(painter.titles[1], size)
    image.paste(TEXT, (ratio * 6, round((top + bottom - turned.height) / 2)), turned)


def _write_legend(painter: PlanePainter, image: Image.Image) -> None:
    ratio, size = painter.ratio, painter.ratio * _TEXT_SIZE
    _, columns, step = _legend_table(painter)
    for index, (label, name) in enumerate(painter.legend):
        x = painter.box[0] + step * (index % columns)
        y = ratio * (_TOP + _LEGEND * (index // columns + 0.375))
        canvas = np.asarray(image, np.float32).copy()
        stamp_points(canvas, *_one_point(x + 5 * ratio, y), np.array([label]), 4.5 * ratio)
        image.paste(Image.fromarray(np.rint(canvas).astype(np.uint8)))
        draw_text(image, (x + 13 * ratio, y), name, size, TEXT)


@lru_cache(maxsize=8)
def _legend_table(painter: PlanePainter) -> tuple[int, int, int]:
    """How many rows and columns the legend takes, and from each column to the next, in pixels."""
    if not painter.legend:
        return 0, 0, 0
    ratio, count = painter.ratio, len(painter.legend)
    widest = 13 * ratio + max(text_width(name, ratio * _TEXT_SIZE) for _, name in painter.legend)
    columns = max(1, min(count, painter.side // (widest + 8 * ratio)))
    rows = -(-count // columns)
    columns = -(-count // rows)
    return rows, columns, min(widest + 24 * ratio, painter.side // columns)


def _ring(painter: PlanePainter, sigma: int) -> npt.NDArray[np.float64]:
    """How much of each pixel a dashed circle covers, from its distance and its angle."""
    middle = painter.side / 2
    across = np.arange(painter.side) + 0.5 - middle
    distance = np.hypot(across[None, :], across[:, None])
    angle = np.arctan2(across[:, None], across[None, :]) + np.pi
    radius = sigma * painter.scale
    along = angle * radius
    length = 2 * np.pi * radius
    # A whole number of dashes closes the circle without a seam.
    dash = length / round(length / (painter.ratio * _DASH))
    return _line(distance - radius, painter.ratio) * _dashes(along, dash)


def _lines(painter: PlanePainter, sigma: int) -> npt.NDArray[np.float64]:
    """The same for a pair of dashed vertical lines."""
    along = np.arange(painter.side) + 0.5
    both = [_line(along - (place + painter.limit) * painter.scale, painter.ratio) for place in (-sigma, sigma)]
    return np.maximum(*both)[None, :] * _dashes(along, painter.ratio * _DASH)[:, None]


def _write_sigma(painter: PlanePainter, layer: Image.Image, sigma: int) -> None:
    """The name of a ring, on a patch of background that keeps it readable over points."""
    text, size = f"{sigma}σ", painter.ratio * _TEXT_SIZE
    middle = painter.side / 2
    x = middle + (sigma * painter.scale if painter.one_dimensional else 0.0)
    y = 14.0 * painter.ratio if painter.one_dimensional else middle - sigma * painter.scale
    patch = Image.new("RGB", (text_width(text, size) + 6 * painter.ratio, size + 2 * painter.ratio), BACKGROUND)
    draw_text(patch, (patch.width / 2, patch.height / 2), text, size, TEXT, "centre")
    patch.putalpha(round(0.85 * 255))
    layer.paste(patch, (round(x - patch.width / 2), round(y - patch.height / 2)))


def plane_colours(labels: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    """The colours of points of some labels, each once."""
    return tuple(dict.fromkeys(label_colour(label) for label in labels))


def _one_point(x: float, y: float) -> tuple[Floats, Floats]:
    return np.array([x], np.float32), np.array([y], np.float32)


def _ticks(limit: float) -> list[float]:
    """Round numbers on both sides of zero."""
    step = next((size for size in (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0) if limit / size <= 3), limit / 2)
    count = int(limit // step)
    return [step * index for index in range(-count, count + 1)]


def _line(distance: npt.NDArray[np.floating], width: float) -> npt.NDArray[np.float64]:
    """How much of a pixel a line covers whose middle is so far away."""
    covered: npt.NDArray[np.float64] = np.clip(width / 2 + 0.5 - np.abs(distance), 0.0, 1.0)
    return covered


def _dashes(along: npt.NDArray[np.floating], dash: float) -> npt.NDArray[np.float64]:
    """How much of a pixel belongs to a dash: half of each period, with smooth ends."""
    from_middle = np.abs(along % dash - dash / 2)
    covered: npt.NDArray[np.float64] = np.clip(dash / 4 + 0.5 - from_middle, 0.0, 1.0)
    return covered
