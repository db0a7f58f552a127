"""An autoencoder on toy data: reconstructions, the decoded curve, and the share of both off the manifold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import Field

from cvae_core.analysis.network import Network
from cvae_core.analysis.records import BoolArray
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
    """The decoded curve of a one-dimensional code.

    Attributes:
        label: The condition; ``None`` if the network is not conditional.
        codes: float32 (steps,), equally spaced over the range of the codes of the data (of this label).
        points: float32 (steps, 2), decoded.
        off: bool (steps,), whether each point is off the manifold; see ``OffManifold``.
    """

    label: int | None
    codes: Floats
    points: Floats
    off: BoolArray

    __repr__ = short_repr


@dataclass(frozen=True)
class OffManifold:
    """Which share is off the manifold: farther than ``threshold`` from the true curves.

    Attributes:
        reconstructions: Share of the reconstructed points, 0 to 1.
        curve: Share of the length of the swept curves, 0 to 1; ``None`` if there are none.
        threshold: Three standard deviations of the noise, which is taken as at least 0.01, in units of the coordinates.
    """

    reconstructions: float
    curve: float | None
    threshold: float


@dataclass(frozen=True)
class ToyRecord:
    """What the pictures of an autoencoder on toy data show.

    Attributes:
        points: float32 (n, 2), the noisy data.
        labels: int64 (n,), the curve of each.
        curves: For each label float32 (places, 2): the true curve.
        reconstructions: float32 (n, 2), each point encoded and decoded with its own label.
        swept: The decoded curves: one for each label of a conditional network, else one; none if the code has more than
            one dimension.
        off_manifold: The shares off the manifold.
        input_distance: Root mean square distance of the reconstructions to their noisy points, in units of the
            coordinates; 0 without points. Removing the noise across the curve gives one standard deviation; less means
            that noise is copied.
    """

    points: Floats
    labels: Labels
    curves: tuple[Floats, ...]
    reconstructions: Floats
    swept: tuple[SweptCurve, ...]
    off_manifold: OffManifold
    input_distance: float

    __repr__ = short_repr


class ToyView(View):
    """What an autoencoder does with the test points of toy data.

    Attributes:
        data: Settings of the data.
        steps: Of each swept curve.
    """

    kind: Literal["toy"] = "toy"
    data: ToyDataConfig = ToyDataConfig()
    steps: int = Field(default=300, ge=2, le=100_000)

    def compute(self, network: Network, data: Dataset, _records: Records) -> ToyRecord:
        """Reconstruct the data and sweep the code; see ``compute`` of the views.

        Raises:
            ConfigError: The data are not points of the plane.
        """
        split = data.test
        points = _in_the_plane(split.images)
        codes, _ = network.encode(split.images, split.labels)
        reconstructions = _in_the_plane(network.decode(codes, split.labels))
        swept = self.sweep(network, codes, split.labels)
        squared = np.square(points.astype(np.float64) - reconstructions).sum(axis=1)
        return ToyRecord(
            points=points,
            labels=split.labels,
            curves=true_curves(self.data),
            reconstructions=reconstructions,
            swept=swept,
            off_manifold=measure_off_manifold(self.data, reconstructions, swept),
            input_distance=float(np.sqrt(squared.mean())) if len(squared) else 0.0,
        )

    def sweep(self, network: Network, codes: Floats, labels: Labels) -> tuple[SweptCurve, ...]:
        """Decode equally spaced codes over the range of those of the data, float32 (n, latent_dim).

        Returns:
            As ``ToyRecord.swept``, without labels that have no data.
        """
        if network.architecture.latent_dim != 1 or len(codes) == 0:
            return ()
        conditions = np.unique(labels).tolist() if network.architecture.conditional else [None]
        swept = []
        for label in conditions:
            own = codes if label is None else codes[labels == label]
            z = np.linspace(own.min(), own.max(), self.steps, dtype=np.float32)
            points = _in_the_plane(network.decode(z[:, None], np.full(self.steps, label or 0, np.int64)))
            off = distance_to_manifold(self.data, points) > off_manifold_threshold(self.data)
            swept.append(SweptCurve(label, z, points, off))
        return tuple(swept)


def measure_off_manifold(config: ToyDataConfig, reconstructions: Floats, swept: tuple[SweptCurve, ...]) -> OffManifold:
    """Which share of reconstructions, floats (n, 2), and swept curves is off the manifold.

    The middle of each segment between two points of a curve decides for the segment. Without points, or for curves
    without length, the share is 0.
    """
    threshold = off_manifold_threshold(config)
    off = distance_to_manifold(config, reconstructions) > threshold
    curve = None
    if swept:
        starts = np.concatenate([one.points[:-1].astype(np.float64) for one in swept])
        segments = np.concatenate([np.diff(one.points.astype(np.float64), axis=0) for one in swept])
        lengths = np.hypot(segments[:, 0], segments[:, 1])
        is_off = distance_to_manifold(config, starts + segments / 2.0) > threshold
        curve = float(lengths[is_off].sum() / lengths.sum()) if lengths.sum() > 0.0 else 0.0
    return OffManifold(float(off.mean()) if len(off) else 0.0, curve, threshold)


def off_manifold_threshold(config: ToyDataConfig) -> float:
    """As in ``OffManifold.threshold``."""
    return DEVIATIONS * max(config.noise, NOISE_FLOOR)


def _in_the_plane(examples: Floats) -> Floats:
    """Examples of two numbers each as rows, float32 (n, 2)."""
    if examples[:1].size != 2 * len(examples[:1]):
        raise ConfigError(f"Points of the plane have two coordinates; these data have the shape {examples.shape[1:]}.")
    return examples.reshape(-1, 2).astype(np.float32)
