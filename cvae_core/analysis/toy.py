"""What an autoencoder makes of the torn manifold: reconstructions, the decoded curve, and how much of both is torn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import Field

from cvae_core.analysis.network import Network
from cvae_core.analysis.records import BoolArray, Float64Array
from cvae_core.analysis.views import Records, View
from cvae_core.config.run import ToyDataConfig
from cvae_core.data.toy import distance_to_manifold, true_curves
from cvae_core.errors import ConfigError
from cvae_core.records import Dataset, Floats, Labels
from cvae_core.text import short_repr

NOISE_FLOOR: Final = 0.01
DEVIATIONS: Final = 3.0


@dataclass(frozen=True)
class SweptCurve:
    """What the decoder draws as a one-dimensional code goes through its range.

    Attributes:
        label: The condition; ``None`` if the network takes none.
        codes: float32 (steps,), equally spaced from the smallest to the largest code of the data that the curve is
            for: those of its label, or all of them if the network takes no label.
        points: float32 (steps, 2), decoded.
        off: bool (steps,), whether each point lies where there are no data; as for ``Tear``.
    """

    label: int | None
    codes: Floats
    points: Floats
    off: BoolArray

    __repr__ = short_repr


@dataclass(frozen=True)
class Tear:
    """How much lies where there are no data: farther from the true manifold than three deviations of the noise.

    Attributes:
        reconstructions: Share of the reconstructed points, 0 to 1.
        curve: Share of the length of the swept curves, all together, 0 to 1; ``None`` if the code has more than one
            dimension. The part of a curve that joins two pieces is its bridge.
        threshold: From which distance on a place counts as torn, in units of the coordinates: three times the noise,
            which is taken as 0.01 if it is less, since no network reconstructs without any error.
    """

    reconstructions: float
    curve: float | None
    threshold: float


@dataclass(frozen=True)
class TornManifoldRecord:
    """Everything that a picture of an autoencoder on the torn manifold shows.

    Attributes:
        points: float32 (n, 2), the noisy data.
        labels: int64 (n,), the piece of each.
        curves: For each piece float32 (places, 2): the manifold without noise.
        reconstructions: float32 (n, 2), each point encoded and decoded with its own label.
        swept: The decoded curves: one for each label if the network takes it, in the order of the labels, else one;
            none if the code has more than one dimension.
        tear: How much of it lies where there are no data.
        input_distance: How far reconstructions lie from their own noisy points: the root of the mean squared distance,
            in units of the coordinates; 0 where there are no points. A model that knows the manifold takes the noise
            across it away, which is one deviation; less than that means that noise is copied.
    """

    points: Floats
    labels: Labels
    curves: tuple[Floats, ...]
    reconstructions: Floats
    swept: tuple[SweptCurve, ...]
    tear: Tear
    input_distance: float

    __repr__ = short_repr


class ToyView(View):
    """What an autoencoder makes of the test points of the torn manifold.

    Attributes:
        data: Settings of the data.
        steps: Of each swept curve.
    """

    kind: Literal["toy"] = "toy"
    data: ToyDataConfig = ToyDataConfig()
    steps: int = Field(default=300, ge=2, le=100_000)

    def compute(self, network: Network, data: Dataset, _records: Records) -> TornManifoldRecord:
        """Reconstruct the data, sweep the code and measure the tear; see ``compute`` of the views.

        Raises:
            ConfigError: The data are no points of the plane.
        """
        split = data.test
        points = _in_the_plane(split.images)
        codes, _ = network.encode(split.images, split.labels)
        reconstructions = _in_the_plane(network.decode(codes, split.labels))
        swept = self.sweep(network, codes, split.labels)
        return TornManifoldRecord(
            points=points,
            labels=split.labels,
            curves=true_curves(self.data),
            reconstructions=reconstructions,
            swept=swept,
            tear=measure_tear(self.data, reconstructions, swept),
            input_distance=_distance(points, reconstructions),
        )

    def sweep(self, network: Network, codes: Floats, labels: Labels) -> tuple[SweptCurve, ...]:
        """Decode equally spaced codes over the range of those of the data.

        Args:
            network: A trained autoencoder.
            codes: Of the data, float32 (n, latent_dim).
            labels: Of the data, int64 (n,).

        Returns:
            As in ``TornManifoldRecord.swept``; labels without data are left out.
        """
        if network.architecture.latent_dim != 1 or len(codes) == 0:
            return ()
        if not network.architecture.conditional:
            return (self._swept(network, None, codes),)
        return tuple(self._swept(network, int(label), codes[labels == label]) for label in np.unique(labels))

    def _swept(self, network: Network, label: int | None, codes: Floats) -> SweptCurve:
        sweep = np.linspace(codes.min(), codes.max(), self.steps, dtype=np.float32)
        conditions = np.full(self.steps, label or 0, np.int64)
        points = _in_the_plane(network.decode(sweep[:, None], conditions))
        return SweptCurve(label, sweep, points, distance_to_manifold(self.data, points) > tear_threshold(self.data))


def measure_tear(config: ToyDataConfig, reconstructions: Floats, swept: tuple[SweptCurve, ...]) -> Tear:
    """How much of the reconstructions and of the swept curves lies where there are no data.

    A piece of a curve between two of its points counts as torn by the place in its middle.

    Args:
        config: Of the data.
        reconstructions: Floats (n, 2).
        swept: The curves, if there are any.

    Returns:
        The shares; that of no points, and that of curves without length, is 0.
    """
    threshold = tear_threshold(config)
    torn = distance_to_manifold(config, reconstructions) > threshold
    return Tear(
        reconstructions=float(torn.mean()) if len(torn) else 0.0,
        curve=_torn_share_of_curves(config, swept, threshold) if swept else None,
        threshold=threshold,
    )


def tear_threshold(config: ToyDataConfig) -> float:
    """As in ``Tear.threshold``."""
    return DEVIATIONS * max(config.noise, NOISE_FLOOR)


def _torn_share_of_curves(config: ToyDataConfig, swept: tuple[SweptCurve, ...], threshold: float) -> float:
    """Share of the length of all curves together."""
    segments = [_segments(curve.points.astype(np.float64)) for curve in swept]
    middles, lengths = (np.concatenate(parts) for parts in zip(*segments, strict=True))
    torn = distance_to_manifold(config, middles) > threshold
    whole = float(lengths.sum())
    return float(lengths[torn].sum()) / whole if whole > 0.0 else 0.0


def _segments(points: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Middle, (n - 1, 2), and length, (n - 1,), of what lies between neighbouring points."""
    steps = np.diff(points, axis=0)
    return points[:-1] + steps / 2.0, np.hypot(steps[:, 0], steps[:, 1])


def _distance(points: Floats, others: Floats) -> float:
    """Root of the mean squared distance of each from its other."""
    squared = np.square(points.astype(np.float64) - others).sum(axis=1)
    return float(np.sqrt(squared.mean())) if len(squared) else 0.0


def _in_the_plane(examples: Floats) -> Floats:
    """Examples of two numbers each as rows, float32 (n, 2)."""
    if examples[:1].size != 2 * len(examples[:1]):
        raise ConfigError(f"Points of the plane have two coordinates; these data have the shape {examples.shape[1:]}.")
    return examples.reshape(-1, 2).astype(np.float32)
