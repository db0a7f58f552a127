"""Thousands of round points on a picture, with smooth edges and a place finer than a pixel."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from cvae_core.export.colours import label_colour
from cvae_core.records import Floats, Labels

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
