"""Toy data on a disconnected manifold: points of the plane near several separate curves, with noise.

The curves, in the order of their labels; the tutorial has the first two:

    0   y = sin x for x from -2.2 to 2.2
    1   the circle of radius 0.5 about (1.5, -0.5)
    2   the circle of radius 0.5 about (-1.5, 0.5)
    3   the upper half of the circle of radius 0.75 about (1.5, 1.5)
    4   the lower half of the circle of radius 0.75 about (-1.5, -1.5)

``ToyDataConfig.distance`` moves each curve except the sine arc away from the origin. The distance between any two
curves is at least 0.6.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from cvae_core.config.run import ToyDataConfig
from cvae_core.records import Dataset, Floats, Labels, Split

TITLE: Final = "Disconnected manifold"
DISTANCE_ERROR: Final = 1e-5
_SINE_END: Final = 2.2
_SINE_SEGMENTS: Final = 512
_WHOLE_TURN: Final = 2.0 * np.pi
_TRAIN_STREAM: Final = 0
_TEST_STREAM: Final = 1

Float64Array = npt.NDArray[np.float64]


class Curve(Protocol):
    """One connected piece of the manifold."""

    @property
    def name(self) -> str:
        """For people."""

    def points(self, count: int) -> Float64Array:
        """Points on the curve from end to end, equally spaced in its parameter; float64 (count, 2)."""

    def distance(self, points: Float64Array) -> Float64Array:
        """From each point, float64 (n, 2), to the curve, float64 (n,)."""


@dataclass(frozen=True)
class SineArc:
    """y = sin x for x from -2.2 to 2.2."""

    name: str = "sine arc"

    def points(self, count: int) -> Float64Array:
        """Points equally spaced in x."""
        x = np.linspace(-_SINE_END, _SINE_END, count)
        return np.column_stack([x, np.sin(x)])

    def distance(self, points: Float64Array) -> Float64Array:
        """To a polyline of 512 equal steps in x; the error is less than step^2 / 8 = 9.3e-6.

        Only the two segments beside the nearest corner are measured.
        """
        corners = self.points(_SINE_SEGMENTS + 1)
        from scipy.spatial import cKDTree  # slow to import, and needed for toy data only

        _, nearest = cKDTree(corners).query(points)
        left, right = (_to_segments(points, corners, np.clip(nearest + k, 0, _SINE_SEGMENTS - 1)) for k in (-1, 0))
        nearer: Float64Array = np.minimum(left, right)
        return nearer


def _to_segments(points: Float64Array, corners: Float64Array, first: npt.NDArray[np.int64]) -> Float64Array:
    """From each point to the segment that begins at corner ``first``."""
    begin, along = corners[first], corners[first + 1] - corners[first]
    share = np.clip(((points - begin) * along).sum(1) / np.square(along).sum(1), 0.0, 1.0)
    return _lengths(points - begin - share[:, None] * along)


@dataclass(frozen=True)
class CircularArc:
    """A circle or a part of one.

    Attributes:
        name: For people.
        centre: x and y.
        radius: More than 0.
        begin, end: Angles from straight up, clockwise, radians; 0 and 2 pi make a whole circle.
    """

    name: str
    centre: tuple[float, float]
    radius: float
    begin: float = 0.0
    end: float = _WHOLE_TURN

    def points(self, count: int) -> Float64Array:
        """Equally spaced points; the first and the last of a whole circle are the same, as in the tutorial."""
        angle = np.linspace(self.begin, self.end, count)
        return np.array(self.centre) + self.radius * np.column_stack([np.sin(angle), np.cos(angle)])

    def distance(self, points: Float64Array) -> Float64Array:
        """In closed form: along the radius where the arc has the point's angle, else to the nearer end."""
        x, y = (points - np.array(self.centre)).T
        angle = np.mod(np.arctan2(x, y) - self.begin, _WHOLE_TURN)
        beside = np.abs(np.hypot(x, y) - self.radius)
        beyond = np.min([_lengths(points - end) for end in self.points(2)], axis=0)
        nearest: Float64Array = np.where(angle <= self.end - self.begin, beside, beyond)
        return nearest


def curves(config: ToyDataConfig) -> tuple[Curve, ...]:
    """The ``config.pieces`` curves without noise, in the order of their labels."""
    quarter = np.pi / 2.0
    pieces: tuple[Curve, ...] = (
        SineArc(),
        CircularArc("circle", _moved(1.5, -0.5, config), 0.5),
        CircularArc("second circle", _moved(-1.5, 0.5, config), 0.5),
        CircularArc("upper arc", _moved(1.5, 1.5, config), 0.75, -quarter, quarter),
        CircularArc("lower arc", _moved(-1.5, -1.5, config), 0.75, quarter, 3.0 * quarter),
    )
    return pieces[: config.pieces]


def _moved(x: float, y: float, config: ToyDataConfig) -> tuple[float, float]:
    """A centre, moved away from the origin by ``config.distance``."""
    scale = 1.0 + config.distance / float(np.hypot(x, y))
    return (x * scale, y * scale)


def true_curves(config: ToyDataConfig, count: int = 400) -> tuple[Floats, ...]:
    """Points on each curve without noise, to draw it: float32 (count, 2), in the order of the labels."""
    return tuple(curve.points(count).astype(np.float32) for curve in curves(config))


def distance_to_manifold(config: ToyDataConfig, points: Floats | Float64Array) -> Float64Array:
    """Distance of points, finite floats (n, 2), to the nearest curve without noise.

    Returns:
        float64 (n,), wrong by less than ``DISTANCE_ERROR``.
    """
    wide = np.asarray(points, np.float64)
    nearest: Float64Array = np.min([curve.distance(wide) for curve in curves(config)], axis=0)
    return nearest


def load(config: ToyDataConfig, with_training: bool = True) -> Dataset:
    """The noisy points, curve after curve. Training and test part differ in their noise only.

    Returns:
        Points as float32 (n, 1, 2, 1), x before y; the training part is empty if ``with_training`` is false.
    """
    train, test = (_split(config, stream) for stream in (_TRAIN_STREAM, _TEST_STREAM))
    names = tuple(curve.name for curve in curves(config))
    checksum = _checksum(train, test)
    return Dataset(config.dataset, TITLE, names, train if with_training else train.first(0), test, checksum)


def _split(config: ToyDataConfig, stream: int) -> Split:
    places = np.concatenate([curve.points(config.points) for curve in curves(config)])
    generator = np.random.default_rng((config.data_seed, stream))
    points = places + config.noise * generator.standard_normal(places.shape)
    labels: Labels = np.repeat(np.arange(config.pieces), config.points)
    return Split(points.astype(np.float32).reshape(-1, 1, 2, 1), labels)


def _checksum(*splits: Split) -> str:
    digest = hashlib.sha256()
    for split in splits:
        digest.update(split.images.tobytes())
        digest.update(split.labels.tobytes())
    return digest.hexdigest()


def _lengths(vectors: Float64Array) -> Float64Array:
    lengths: Float64Array = np.hypot(vectors[:, 0], vectors[:, 1])
    return lengths
