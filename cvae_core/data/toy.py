"""The torn manifold: points of the plane on several separate curves, with noise. The tutorial's opening argument.

The pieces, in the order of their labels, with what the tutorial has first:

    0   y = sin x for x from -2.2 to 2.2
    1   the circle of radius 0.5 about (1.5, -0.5)
    2   the circle of radius 0.5 about (-1.5, 0.5): the second piece seen through the origin
    3   the upper half of the circle of radius 0.75 about (1.5, 1.5)
    4   the lower half of the circle of radius 0.75 about (-1.5, -1.5): the fourth seen through the origin

``TornManifoldConfig.distance`` moves each piece but the sine arc so far straight away from the origin. No two pieces
come closer to each other than 0.6, and none overlap.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from cvae_core.config.run import TornManifoldConfig
from cvae_core.records import Dataset, Floats, Labels, Split

TITLE: Final = "Torn manifold"
DISTANCE_ERROR: Final = 1e-5
_SINE_END: Final = 2.2
_SINE_SEGMENTS: Final = 512
_WHOLE_TURN: Final = 2.0 * np.pi
_TRAIN_STREAM: Final = 0
_TEST_STREAM: Final = 1

Float64Array = npt.NDArray[np.float64]


class Curve(Protocol):
    """One piece of the manifold."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    def points(self, count: int) -> Float64Array:
        """So many points on the curve from end to end, equally spaced in its parameter; float64 (count, 2)."""
        ...

    def distance(self, points: Float64Array) -> Float64Array:
        """From each point, float64 (n, 2), to the nearest of the curve, float64 (n,)."""
        ...


@dataclass(frozen=True)
class SineArc:
    """y = sin x for x from -2.2 to 2.2."""

    name: str = "sine arc"

    def points(self, count: int) -> Float64Array:
        """So many points, equally spaced in x."""
        x = np.linspace(-_SINE_END, _SINE_END, count)
        return np.column_stack([x, np.sin(x)])

    def distance(self, points: Float64Array) -> Float64Array:
        """To a polyline of 512 equal steps in x; wrong by less than 1e-5.

        A chord is at most step^2 / 8 away from the arc it stands for, as the second derivative of the sine is at most
        1: 9.3e-6. Only the two chords beside the nearest corner are looked at.
        """
        corners = self.points(_SINE_SEGMENTS + 1)
        from scipy.spatial import cKDTree  # not when the module loads: only pages of the toy should wait for it

        _, nearest = cKDTree(corners).query(points)
        left, right = (_to_segments(points, corners, np.clip(nearest + k, 0, _SINE_SEGMENTS - 1)) for k in (-1, 0))
        nearer: Float64Array = np.minimum(left, right)
        return nearer


def _to_segments(points: Float64Array, corners: Float64Array, first: npt.NDArray[np.int64]) -> Float64Array:
    """From each point to its own segment, the one that begins at corner ``first``."""
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
        """So many points, equally spaced; a whole circle's first and last are the same, as in the tutorial."""
        angle = np.linspace(self.begin, self.end, count)
        return np.array(self.centre) + self.radius * np.column_stack([np.sin(angle), np.cos(angle)])

    def distance(self, points: Float64Array) -> Float64Array:
        """In closed form: along the radius where the angle is one of the arc, else to the nearer end."""
        x, y = (points - np.array(self.centre)).T
        angle = np.mod(np.arctan2(x, y) - self.begin, _WHOLE_TURN)
        beside = np.abs(np.hypot(x, y) - self.radius)
        beyond = np.min([_lengths(points - end) for end in self.points(2)], axis=0)
        nearest: Float64Array = np.where(angle <= self.end - self.begin, beside, beyond)
        return nearest


def curves(config: TornManifoldConfig) -> tuple[Curve, ...]:
    """The pieces without noise, in the order of their labels; the length is ``config.pieces``."""
    quarter = np.pi / 2.0
    pieces: tuple[Curve, ...] = (
        SineArc(),
        CircularArc("circle", _moved(1.5, -0.5, config), 0.5),
        CircularArc("second circle", _moved(-1.5, 0.5, config), 0.5),
        CircularArc("upper arc", _moved(1.5, 1.5, config), 0.75, -quarter, quarter),
        CircularArc("lower arc", _moved(-1.5, -1.5, config), 0.75, quarter, 3.0 * quarter),
    )
    return pieces[: config.pieces]


def _moved(x: float, y: float, config: TornManifoldConfig) -> tuple[float, float]:
    """A centre, moved straight away from the origin by the distance of the configuration."""
    scale = 1.0 + config.distance / float(np.hypot(x, y))
    return (x * scale, y * scale)


def true_curves(config: TornManifoldConfig, count: int = 400) -> tuple[Floats, ...]:
    """Points on the pieces without noise, to draw them.

    Args:
        config: Of the data.
        count: Points of each piece, from one end to the other.

    Returns:
        For each piece float32 (count, 2), in the order of the labels.
    """
    return tuple(curve.points(count).astype(np.float32) for curve in curves(config))


def distance_to_manifold(config: TornManifoldConfig, points: Floats | Float64Array) -> Float64Array:
    """How far points are from the nearest place of the manifold without noise, whichever piece it is on.

    Args:
        config: Of the data.
        points: Floats (n, 2), finite.

    Returns:
        float64 (n,), wrong by less than ``DISTANCE_ERROR``.
    """
    wide = np.asarray(points, np.float64)
    nearest: Float64Array = np.min([curve.distance(wide) for curve in curves(config)], axis=0)
    return nearest


def load(config: TornManifoldConfig, with_training: bool = True) -> Dataset:
    """The noisy points, piece after piece.

    Training and test part have the same places on the curves and each its own draw of the noise.

    Args:
        config: The settings.
        with_training: Whether to make the training part as well.

    Returns:
        Points as float32 (n, 1, 2, 1) with x before y; the checksum is that of both parts' points and labels.
    """
    train, test = (_split(config, stream) for stream in (_TRAIN_STREAM, _TEST_STREAM))
    names = tuple(curve.name for curve in curves(config))
    checksum = _checksum(train, test)
    return Dataset(config.dataset, TITLE, names, train if with_training else train.first(0), test, checksum)


def _split(config: TornManifoldConfig, stream: int) -> Split:
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
