"""Toy data: where the points lie, how they are drawn, and how far others are from the curves."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from cvae_core.config.run import ToyDataConfig
from cvae_core.data import check_dataset_name, dataset_names, dataset_title, load_dataset, load_test_data
from cvae_core.data.toy import DISTANCE_ERROR, curves, distance_to_manifold, true_curves

ALL = ToyDataConfig(pieces=5)
places = st.floats(-4.0, 4.0)


def points_of(config: ToyDataConfig, part: str = "train") -> np.ndarray:
    return getattr(load_dataset(config), part).images.reshape(-1, 2)


def test_without_noise_the_points_are_the_tutorials() -> None:
    data = load_dataset(ToyDataConfig(noise=0.0))
    x = np.linspace(-2.2, 2.2, 1000)
    angle = np.linspace(0, 2 * np.pi, 1000)
    circle = np.column_stack([1.5 + 0.5 * np.sin(angle), -0.5 + 0.5 * np.cos(angle)])
    expected = np.concatenate([np.column_stack([x, np.sin(x)]), circle])
    np.testing.assert_allclose(data.train.images.reshape(-1, 2), expected, atol=1e-6)
    np.testing.assert_array_equal(data.train.labels, np.repeat([0, 1], 1000))
    assert (data.train.images.dtype, data.train.labels.dtype) == (np.float32, np.int64)
    assert data.train.images.shape == (2000, 1, 2, 1)
    assert (data.shape.image_shape, data.shape.n_classes) == ((1, 2, 1), 2)


def test_noise_is_gaussian_on_both_coordinates_and_another_for_the_test_set() -> None:
    config = ToyDataConfig(points=20_000)
    exact = points_of(ToyDataConfig(points=20_000, noise=0.0))
    noises = [points_of(config, part) - exact for part in ("train", "test")]
    for noise in noises:
        # Five standard errors of mean and standard deviation of 40,000 draws.
        assert np.abs(noise.mean(0)).max() < 5 * 0.06 / 200
        np.testing.assert_allclose(noise.std(0), 0.06, atol=5 * 0.06 / np.sqrt(2 * 40_000))
    drawn = np.column_stack([*noises[0].T, *noises[1].T])
    assert np.abs(np.corrcoef(drawn.T) - np.eye(4)).max() < 5 / 200


def test_the_seed_decides_the_noise_and_the_checksum() -> None:
    first, again, other = (load_dataset(ToyDataConfig(points=5, data_seed=seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.train.images, again.train.images)
    assert (first.train.images != other.train.images).any()
    assert first.sha256 == again.sha256 != other.sha256
    assert len(first.sha256) == 64


def test_the_test_part_alone_is_the_same_test_part() -> None:
    config = ToyDataConfig(points=7)
    alone, whole = load_test_data(config), load_dataset(config)
    assert (len(alone.train), alone.sha256) == (0, whole.sha256)
    np.testing.assert_array_equal(alone.test.images, whole.test.images)


def test_it_is_no_data_set_of_images_but_has_a_title() -> None:
    assert "torn_manifold" not in dataset_names()
    assert dataset_title("torn_manifold") == "Disconnected manifold"
    check_dataset_name("torn_manifold")


@pytest.mark.parametrize("distance", [0.0, 0.5, 5.0])
def test_pieces_do_not_come_close_to_each_other(distance: float) -> None:
    pieces = true_curves(ALL.model_copy(update={"distance": distance}), 800)
    for one, other in itertools.combinations(pieces, 2):
        assert np.hypot(*(one[:, None] - other[None]).T).min() > 0.6


def test_distance_moves_every_piece_but_the_arc_away_from_it() -> None:
    near, far = (true_curves(ToyDataConfig(pieces=5, distance=distance)) for distance in (0.0, 2.0))
    np.testing.assert_array_equal(near[0], far[0])
    for before, after in zip(near[1:], far[1:], strict=True):
        moved = after - before
        np.testing.assert_allclose(np.hypot(*moved.T), 2.0, atol=1e-5)
        gaps = [np.hypot(*(near[0][:, None] - piece[None]).T).min() for piece in (before, after)]
        assert gaps[1] > gaps[0] + 0.5


def test_there_are_as_many_pieces_as_were_asked_for() -> None:
    for pieces in (2, 3, 4, 5):
        config = ToyDataConfig(pieces=pieces, points=3)
        data = load_dataset(config)
        assert len(true_curves(config)) == len(data.class_names) == pieces
        np.testing.assert_array_equal(np.bincount(data.test.labels), [3] * pieces)


@given(places, places)
@settings(max_examples=60)
def test_the_distance_is_that_of_the_nearest_place(x: float, y: float) -> None:
    found = distance_to_manifold(ALL, np.array([[x, y]]))[0]
    # A sampling of every piece so dense that no place is farther than 5e-4 from a sample.
    samples = np.concatenate([curve.points(10_001) for curve in curves(ALL)])
    sampled = np.hypot(*(samples - [x, y]).T).min()
    assert found - DISTANCE_ERROR <= sampled <= found + 5e-4


@given(places, places)
@settings(max_examples=60)
def test_the_distance_to_the_arc_is_right_to_its_stated_error(x: float, y: float) -> None:
    arc = curves(ALL)[0]

    def squared(place: float) -> float:
        return (place - x) ** 2 + (np.sin(place) - y) ** 2

    # The sine turns so slowly that each of these intervals holds one minimum at most.
    edges = np.linspace(-2.2, 2.2, 45)
    bounds = itertools.pairwise(edges)
    inner = min(minimize_scalar(squared, bounds=b, method="bounded", options={"xatol": 1e-10}).fun for b in bounds)
    exact = np.sqrt(min(inner, squared(-2.2), squared(2.2)))
    assert abs(arc.distance(np.array([[x, y]]))[0] - exact) < DISTANCE_ERROR


def test_distances_in_closed_form() -> None:
    points = np.array([[1.5, -0.5], [1.5, -1.0], [1.5, -1.25], [1.5, 2.25], [0.0, 0.0]])
    np.testing.assert_allclose(distance_to_manifold(ALL, points), [0.5, 0.0, 0.25, 0.0, 0.0], atol=DISTANCE_ERROR)


def test_beyond_the_ends_of_an_arc_its_ends_are_the_nearest() -> None:
    upper, lower = curves(ALL)[3:]
    points = np.array([[1.5, 1.4], [2.25, 1.0], [0.75, 1.4]])
    expected = [np.hypot(0.75, 0.1), 0.5, 0.1]
    np.testing.assert_allclose(upper.distance(points), expected, atol=1e-12)
    np.testing.assert_allclose(lower.distance(-points), expected, atol=1e-12)


def test_the_curves_themselves_have_no_distance() -> None:
    for curve in true_curves(ALL):
        assert distance_to_manifold(ALL, curve).max() < DISTANCE_ERROR


def test_no_points_have_no_distances() -> None:
    assert distance_to_manifold(ALL, np.zeros((0, 2))).shape == (0,)
