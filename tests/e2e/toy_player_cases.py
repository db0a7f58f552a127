"""Two made-up models of toy data: one keeps a bridge, the other closes in on the curves."""

from __future__ import annotations

import numpy as np

from cvae_core.analysis.toy import OffManifold, SweptCurve, ToyRecord
from cvae_core.records import Floats
from dashboard.components.toy_player import ToyData, ToyModel

EPOCHS = tuple(range(0, 41, 2))
STEPS = 200


def arc(count: int) -> Floats:
    """A piece of sine."""
    x = np.linspace(-2.2, 2.2, count)
    return np.stack([x, np.sin(x)], 1).astype(np.float32)


def circle(count: int) -> Floats:
    """A circle beside it."""
    t = np.linspace(0, 2 * np.pi, count)
    return np.stack([1.5 + 0.5 * np.sin(t), -0.5 + 0.5 * np.cos(t)], 1).astype(np.float32)


def frames_of(epoch: int) -> dict[str, ToyRecord]:
    """Reconstructions shrink towards the curves as the epochs go by; the plain model's sweep crosses the gap."""
    share = epoch / EPOCHS[-1]
    near = TRUE + (POINTS - TRUE) * (1 - share)
    bridge = np.concatenate([arc(90), np.linspace(arc(2)[-1], circle(2)[0], 20), circle(90)])
    off = np.zeros((1, STEPS), np.uint8)
    off[0, 90:110] = 1
    sweep = np.stack([arc(STEPS), circle(STEPS)])
    return {
        "plain": record(near * (1.1 - 0.1 * share), bridge[None], off, (0.4 - 0.2 * share, 0.25), 0.5 * share),
        "conditional": record(
            near, sweep, np.zeros((2, STEPS), np.uint8), (0.3 - 0.3 * share, 0.2 - 0.2 * share), 0.085 * share
        ),
    }


def record(
    reconstructions: Floats, sweep: Floats, off: np.ndarray, shares: tuple[float, float], distance: float
) -> ToyRecord:
    """What a model makes of the data."""
    codes = np.linspace(-1, 1, STEPS, dtype=np.float32)
    swept = tuple(
        SweptCurve(None, codes, points.astype(np.float32), marks.astype(bool))
        for points, marks in zip(sweep, off, strict=True)
    )
    off_manifold = OffManifold(*shares, threshold=0.18)
    return ToyRecord(POINTS, GROUND.labels, GROUND.pieces, reconstructions, swept, off_manifold, distance)


TRUE = np.concatenate([arc(1000), circle(1000)])
POINTS = (TRUE + np.random.default_rng(0).normal(0, 0.06, TRUE.shape)).astype(np.float32)
GROUND = ToyData(POINTS, np.repeat([0, 1], 1000), (arc(300), circle(300)), ("sine arc", "circle"), 0.06)
MODELS = [
    ToyModel("plain", "Autoencoder", "What an autoencoder makes of the data.", "plain.png"),
    ToyModel("conditional", "Conditional autoencoder", "What a conditional autoencoder makes of the data."),
]
