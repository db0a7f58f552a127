"""The share off the manifold: known answers, and trainings that show what conditioning does."""

from __future__ import annotations

import numpy as np
import pytest

from cvae_core.analysis.toy import (
    SweptCurve,
    ToyRecord,
    ToyView,
    measure_off_manifold,
    off_manifold_threshold,
)
from cvae_core.analysis.views import compute
from cvae_core.architecture import DataShape
from cvae_core.config.presets import preset
from cvae_core.config.run import AutoencoderConfig, ToyDataConfig
from cvae_core.data import load_dataset
from cvae_core.data.toy import distance_to_manifold, true_curves
from cvae_core.errors import ConfigError
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Dataset, Floats, Split
from tests.networks import random_split, random_weights

TUTORIAL = ToyDataConfig()
# The middle of the way from the arc to the circle: nowhere on it is closer than three deviations to either.
BRIDGE = np.linspace([0.95, 0.55], [1.15, 0.25], 50).astype(np.float32)


def curve(points: Floats) -> SweptCurve:
    return SweptCurve(None, np.linspace(0, 1, len(points), dtype=np.float32), points, np.zeros(len(points), bool))


def network(**settings: object) -> FoldedNetwork:
    model = AutoencoderConfig(hidden_widths=(5,), **settings)
    shape = DataShape(1, 2, 1, TUTORIAL.pieces)
    return FoldedNetwork(model, shape, random_weights(model, shape))


def analysed(ours: FoldedNetwork, test: Split, steps: int = 300) -> ToyRecord:
    data = Dataset("toy", "Toy", ("arc", "circle"), test.first(0), test, "0" * 64)
    return compute(ours, data, ToyView(data=TUTORIAL, steps=steps))


def test_the_curves_are_on_the_manifold() -> None:
    pieces = true_curves(TUTORIAL)
    found = measure_off_manifold(TUTORIAL, np.concatenate(pieces), tuple(map(curve, pieces)))
    assert (found.reconstructions, found.curve) == (0.0, 0.0)


def test_the_bridge_is_off_the_manifold() -> None:
    assert distance_to_manifold(TUTORIAL, BRIDGE).min() > 0.18
    found = measure_off_manifold(TUTORIAL, BRIDGE, (curve(BRIDGE),))
    assert (found.reconstructions, found.curve, found.threshold) == (1.0, 1.0, pytest.approx(0.18))


def test_the_noise_is_on_the_manifold() -> None:
    points = load_dataset(TUTORIAL).train.images.reshape(-1, 2)
    # Beyond three deviations across a line lie 0.27 %; the ends and the bends of the curves add little.
    assert measure_off_manifold(TUTORIAL, points, ()).reconstructions < 0.01


def test_shares_are_those_of_points_and_of_length() -> None:
    on_the_circle = true_curves(TUTORIAL)[1]
    points = np.concatenate([on_the_circle[:30], BRIDGE[:10]])
    found = measure_off_manifold(TUTORIAL, points, (curve(on_the_circle), curve(BRIDGE)))
    bridge = np.hypot(0.2, 0.3)
    assert found.reconstructions == 0.25
    assert found.curve == pytest.approx(bridge / (bridge + np.pi), rel=1e-3)


def test_a_curve_counts_by_its_length_and_not_by_its_points() -> None:
    dense, sparse = (np.linspace(BRIDGE[0], BRIDGE[-1], count, dtype=np.float32) for count in (1000, 5))
    circle = curve(true_curves(TUTORIAL)[1])
    shares = [measure_off_manifold(TUTORIAL, BRIDGE, (circle, curve(points))).curve for points in (dense, sparse)]
    assert shares[0] == pytest.approx(shares[1], rel=1e-3)


def test_without_points_the_share_is_zero() -> None:
    still = curve(np.repeat(BRIDGE[:1], 5, axis=0))
    assert measure_off_manifold(TUTORIAL, np.zeros((0, 2), np.float32), (still,)).reconstructions == 0.0
    assert measure_off_manifold(TUTORIAL, BRIDGE, (still,)).curve == 0.0
    assert measure_off_manifold(TUTORIAL, BRIDGE, ()).curve is None


def test_without_noise_there_is_a_floor() -> None:
    exact = ToyDataConfig(noise=0.0)
    assert off_manifold_threshold(exact) == off_manifold_threshold(ToyDataConfig(noise=0.005)) == pytest.approx(0.03)
    near, far = np.array([[1.5, 0.02]]), np.array([[1.5, 0.04]])
    assert measure_off_manifold(exact, near, ()).reconstructions == 0.0
    assert measure_off_manifold(exact, far, ()).reconstructions == 1.0


@pytest.mark.parametrize(("conditional", "labels"), [(False, [None]), (True, [0, 1])])
def test_a_one_dimensional_code_is_swept_over_its_range(conditional: bool, labels: list[int | None]) -> None:
    ours, data = network(conditional=conditional), load_dataset(TUTORIAL).test
    record = analysed(ours, data, steps=50)
    codes = ours.encode(data.images, data.labels)[0][:, 0]
    assert [swept.label for swept in record.swept] == labels
    for swept in record.swept:
        own = codes if swept.label is None else codes[data.labels == swept.label]
        np.testing.assert_allclose(swept.codes, np.linspace(own.min(), own.max(), 50), rtol=1e-5)
        decoded = ours.decode(swept.codes[:, None], np.full(50, swept.label or 0))
        np.testing.assert_array_equal(swept.points, decoded.reshape(50, 2))
        far = distance_to_manifold(TUTORIAL, swept.points) > off_manifold_threshold(TUTORIAL)
        np.testing.assert_array_equal(swept.off, far)


def test_the_record_holds_data_curves_and_reconstructions() -> None:
    ours, data = network(latent_dim=2), load_dataset(TUTORIAL).test
    record = analysed(ours, data)
    np.testing.assert_array_equal(record.points, data.images.reshape(-1, 2))
    np.testing.assert_array_equal(record.labels, data.labels)
    np.testing.assert_array_equal(record.reconstructions, ours.reconstruct(data.images, data.labels).reshape(-1, 2))
    assert [piece.shape for piece in record.curves] == [(400, 2)] * 2
    assert record.swept == () and record.off_manifold.curve is None
    assert record.off_manifold == measure_off_manifold(TUTORIAL, record.reconstructions, ())
    squares = ((record.points - record.reconstructions).astype(float) ** 2).sum(axis=1)
    assert record.input_distance == pytest.approx(np.sqrt(squares.sum() / len(squares)))


def test_no_data_have_no_curves() -> None:
    nothing = load_dataset(TUTORIAL).test.first(0)
    record = analysed(network(), nothing)
    assert (len(record.points), record.swept, record.off_manifold.reconstructions) == (0, (), 0.0)
    assert record.input_distance == 0.0


@pytest.mark.parametrize("steps", [1, 0, -3, 2.5, 10**6])
def test_a_number_of_steps_that_is_none_is_refused(steps: int) -> None:
    with pytest.raises(ConfigError, match="steps"):
        ToyView(steps=steps)


def test_images_are_no_points_of_the_plane() -> None:
    with pytest.raises(ConfigError, match="two coordinates"):
        analysed(network(), random_split(DataShape(4, 3, 1, 2), 5))


def trained_shares(name: str, seed: int) -> tuple[float, float]:
    """The shares off the manifold of a preset after its whole training, on the test data."""
    from cvae_core.training.engine import train

    config = preset(name).with_settings({"seed": seed, "snapshot_every": 300})
    data = load_dataset(config.data)
    *_, last = train(config, data)
    trained = FoldedNetwork(config.model, data.shape, last.state.weights())
    assert isinstance(config.data, ToyDataConfig)
    found = compute(trained, data, ToyView(data=config.data)).off_manifold
    assert found.curve is not None
    return found.reconstructions, found.curve


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_with_the_label_the_tear_is_smaller(seed: int) -> None:
    plain, conditional = (trained_shares(name, seed) for name in ("torn-manifold", "torn-manifold-conditional"))
    assert conditional[0] < plain[0]
    assert conditional[1] < plain[1]
