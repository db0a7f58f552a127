"""Every record against a short script in plain Keras layers, which knows only the names of a snapshot's weights.

Both compute in float32 with sums of up to 200 terms in another order, and the laboratory folds the normalisation into
its neighbours, so codes and logits of size 1 to 10 may differ by some 1e-6; the tolerance is ten times that, 1e-5, and
relative where numbers are larger. Pictures may differ by 1 of 255 where a probability lies at the edge of rounding.
"""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist

import keras
import numpy as np
import pytest

from cvae_core.analysis.generation import ManifoldView, SamplesView
from cvae_core.analysis.latent import (
    encode_split,
    onto_dimensions,
    onto_principal,
    plane,
    principal_axes,
    projected_covariances,
)
from cvae_core.analysis.reconstruction import reconstruct, reconstruction_losses
from cvae_core.analysis.style import transfer
from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Split
from cvae_core.runs.snapshots import load_snapshot, publish_snapshot
from tests.analysis.toy_network import computed
from tests.networks import random_split, random_weights
from tests.plain_keras import PlainKeras

SHAPE = DataShape(9, 8, 2, 5)
TOLERANCE = 1e-5


LEAKY = ("relu", "leaky_relu")
SETTINGS = [
    (True, "none", LEAKY),
    (True, "none", ("gelu", "gelu")),
    (True, "after", LEAKY),
    (False, "none", LEAKY),
    (False, "before", ("elu", "tanh")),
    (False, "after", LEAKY),
]


@pytest.fixture(
    params=SETTINGS, ids=lambda setting: f"{'conditional' if setting[0] else 'plain'}-{setting[1]}-{setting[2][0]}"
)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[FoldedNetwork, PlainKeras]:
    conditional, normalization, activations = request.param
    model = ModelConfig(
        conditional=conditional,
        latent_dim=4,
        hidden_widths=(24, 16),
        batch_normalization=normalization,
        encoder_activation=activations[0],
        decoder_activation=activations[1],
    )
    publish_snapshot(tmp_path, 7, random_weights(model, SHAPE, seed=9))
    weights = load_snapshot(tmp_path, 7)
    return FoldedNetwork(model, SHAPE, weights), PlainKeras(weights, conditional, normalization, SHAPE, activations)


@pytest.fixture
def data() -> Split:
    return random_split(SHAPE, 60)


def assert_close(ours: np.ndarray, theirs: np.ndarray) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def assert_same_pictures(ours: np.ndarray, theirs: np.ndarray) -> None:
    assert ours.dtype == np.uint8 and ours.std() > 10  # a grey picture would prove nothing
    assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_latent_planes(pair: tuple[FoldedNetwork, PlainKeras], data: Split) -> None:
    ours, theirs = pair
    codes = encode_split(ours, data)
    z, log_var = theirs.encode(data)
    points = plane(codes, SHAPE.n_classes, onto_dimensions(4, (3, 1)))
    assert_close(points.x, z[:, 3])
    assert_close(points.y, z[:, 1])
    _, _, ways = np.linalg.svd(z - z.mean(0))
    ways = np.array([way if way[np.abs(way).argmax()] > 0 else -way for way in ways])
    projection = onto_principal(principal_axes(codes))
    points = plane(codes, SHAPE.n_classes, projection)
    # Directions turn by the error of the codes over the gap between two variances, so ten times as much.
    assert np.allclose(np.stack([points.x, points.y]), ways[:2] @ (z - z.mean(0)).T, atol=10 * TOLERANCE)
    ellipses = [ways[:2] @ np.diag(np.exp(row)) @ ways[:2].T for row in log_var]
    assert np.allclose(projected_covariances(projection, codes.z_log_var), ellipses, rtol=1e-4, atol=10 * TOLERANCE)


def test_kl_and_moments(pair: tuple[FoldedNetwork, PlainKeras], data: Split) -> None:
    ours, theirs = pair
    codes = encode_split(ours, data)
    z, log_var = theirs.encode(data)
    assert_close(codes.kl_per_dimension, ((z**2 + np.exp(log_var) - log_var - 1) / 2).mean(0))
    assert_close(codes.mean_per_dimension, z.mean(0))
    assert_close(codes.variance_per_dimension, z.var(0))


def test_manifolds(pair: tuple[FoldedNetwork, PlainKeras]) -> None:
    ours, theirs = pair
    steps = [NormalDist().inv_cdf(0.1 + 0.8 * i / 5) for i in range(6)]
    z = np.array([[0.5, across, -1.0, down] for down in steps for across in steps])
    view = ManifoldView(label=2, size=6, dimensions=(1, 3), quantiles=(0.1, 0.9), others=(0.5, 0.0, -1.0, 0.0))
    single = computed(ours, view)
    assert_same_pictures(single.tiles.reshape(-1, 9, 8, 2), theirs.pictures(z, np.full(36, 2)))
    several = computed(ours, view.model_copy(update={"label": None}))
    for label, tiles in enumerate(several.tiles):
        assert_same_pictures(tiles.reshape(-1, 9, 8, 2), theirs.pictures(z, np.full(36, label)))


def test_samples(pair: tuple[FoldedNetwork, PlainKeras]) -> None:
    ours, theirs = pair
    grid = computed(ours, SamplesView(columns=8, seed=11, temperature=0.8))
    z = 0.8 * np.random.default_rng(11).standard_normal((8, 4))
    for label, tiles in enumerate(grid.tiles):
        assert_same_pictures(tiles, theirs.pictures(z, np.full(8, label)))


def test_style_transfer(pair: tuple[FoldedNetwork, PlainKeras], data: Split) -> None:
    ours, theirs = pair
    record = transfer(ours, data.images[:12], data.labels[:12])
    z, _ = theirs.encode(data.first(12))
    assert_close(record.z_mean, z)
    for label, tiles in zip(range(SHAPE.n_classes), record.tiles, strict=True):
        assert_same_pictures(tiles, theirs.pictures(z, np.full(12, label)))


def test_reconstructions_and_their_losses(pair: tuple[FoldedNetwork, PlainKeras], data: Split) -> None:
    ours, theirs = pair
    indices = np.array([40, 3, 17])
    z, _ = theirs.encode(data)
    record = reconstruct(ours, data, indices)
    assert_same_pictures(record.reconstructions, theirs.pictures(z[indices], data.labels[indices]))
    assert np.array_equal(record.originals, data.images[indices])
    targets = data.images.reshape(60, -1).astype(np.float32) / 255
    nats = keras.ops.binary_crossentropy(targets, theirs.logits(z, data.labels), from_logits=True)
    assert_close(reconstruction_losses(ours, data), np.array(nats).sum(axis=1))
