"""Thousands of round points on a picture, with smooth edges and a place finer than a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cvae_core.analysis.records import LatentPlane
from cvae_core.records import Floats, Labels
from cvae_core.rendering.colours import BACKGROUND, BORDER, QUIET, TEXT, label_colour
from cvae_core.rendering.text import draw_text, text_turned, text_width
from cvae_core.text import short_repr

OPACITY: Final = 0.85
# A stamp is kept for each quarter of a pixel that a point may stand at.
_PHASES: Final = 4


def point_radius(count: int, side: float) -> float:
    """Radius that suits so many points on a square plane: the fewer, the larger.

    Args:
        count: Of points.
        side: Of the plane; the radius is in the same unit, for instance pixels at a ratio of 1.
    """
    crowd = 1.7 if count > 4000 else 2.2 if count > 1000 else 3.0 if count > 200 else 4.0
    return crowd * max(0.8, min(1.15, side / 460))


def stamp_points(canvas: Floats, x: Floats, y: Floats, labels: Labels, radius: float) -> None:
    """Lay points over a canvas, each over those before it.

    Args:
        canvas: float32 (height, width, 3), 0 to 255; changed in place.
        x: float (n,), in pixels from the upper left corner; points outside, and not-a-number, are left out.
        y: float (n,), downwards; the same.
        labels: int64 (n,), each point's colour.
        radius: In pixels.
    """
    height, width, _ = canvas.shape
    inside = np.flatnonzero((x >= 0) & (x < width) & (y >= 0) & (y < height))
    x, y, labels = x[inside], y[inside], labels[inside]
    if len(labels) == 0:
        return
    if (labels == labels[0]).all():
        _lay_one_colour(canvas, x, y, int(labels[0]), radius)
    else:
        _lay_one_by_one(canvas, x, y, labels, radius)


def _lay_one_colour(canvas: Floats, x: Floats, y: Floats, label: int, radius: float) -> None:
    """The order of points of one colour does not matter: what they leave of a pixel is a product."""
    height, width, _ = canvas.shape
    reach = _reach(radius)
    edge, wide = 2 * reach + 1, width + 2 * reach
    kept = np.log1p(-OPACITY * _coverages(radius)).reshape(_PHASES * _PHASES, edge * edge)
    patch = (np.arange(edge)[:, None] * wide + np.arange(edge)).ravel()
    columns, rows = x.astype(np.int64), y.astype(np.int64)
    places = (rows * wide + columns)[:, None] + patch
    weights = kept[_phase(y, rows) * _PHASES + _phase(x, columns)]
    sums = np.bincount(places.ravel(), weights.ravel(), (height + 2 * reach) * wide).reshape(-1, wide)
    left = np.exp(sums[reach : reach + height, reach : reach + width], dtype=np.float32)[..., None]
    colour = np.array(label_colour(label), np.float32)
    canvas -= colour
    canvas *= left
    canvas += colour


def _lay_one_by_one(canvas: Floats, x: Floats, y: Floats, labels: Labels, radius: float) -> None:
    reach = _reach(radius)
    edge = 2 * reach + 1
    height, width, _ = canvas.shape
    # Points at the border lie partly outside: a wider canvas takes them, and its middle is kept.
    wide = np.pad(canvas, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    columns, rows = x.astype(np.int64), y.astype(np.int64)
    parts = (columns, rows, _phase(x, columns), _phase(y, rows), labels)
    for column, row, phase_x, phase_y, label in zip(*(part.tolist() for part in parts), strict=True):
        keeps, adds = _stamp(label, phase_x, phase_y, radius)
        patch = wide[row : row + edge, column : column + edge]
        patch *= keeps
        patch += adds
    canvas[:] = wide[reach : reach + height, reach : reach + width]


def _phase(place: Floats, whole: Labels) -> Labels:
    """In which quarter of its pixel a point stands."""
    return ((place - whole) * _PHASES).astype(np.int64)


def _reach(radius: float) -> int:
    return int(np.ceil(radius)) + 1


@lru_cache(maxsize=4096)
def _stamp(label: int, phase_x: int, phase_y: int, radius: float) -> tuple[Floats, Floats]:
    """What a point leaves of the pixels around it, and what it adds: (edge, edge, 1) and (edge, edge, 3)."""
    opacity = OPACITY * _coverages(radius)[phase_y, phase_x, :, :, None]
    keeps = (1.0 - opacity).astype(np.float32)
    adds = (opacity * np.array(label_colour(label))).astype(np.float32)
    return keeps, adds


@lru_cache(maxsize=16)
def _coverages(radius: float) -> npt.NDArray[np.float64]:
    """The share of each pixel that a disc covers: (phases down, phases across, edge, edge)."""
    reach = _reach(radius)
    middles = np.arange(2 * reach + 1) + 0.5 - reach
    away = middles - (np.arange(_PHASES)[:, None] + 0.5) / _PHASES
    distances = np.hypot(away[None, :, None, :], away[:, None, :, None])
    shares: npt.NDArray[np.float64] = np.clip(radius + 0.5 - distances, 0.0, 1.0)
    return shares


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
