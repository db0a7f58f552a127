import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.analysis.latent import (
    COLLAPSED_KL,
    dimension_statistics,
    encode_split,
    kl_per_dimension,
    of_label,
    onto_dimensions,
    onto_principal,
    plane,
    principal_axes,
)
from cvae_core.errors import ConfigError
from cvae_core.records import Split
from tests.analysis.planted_codes import planted_codes
from tests.analysis.toy_network import ToyNetwork


def _codes(latent_dim: int = 3, n: int = 40):
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (n, 5, 4, 3), dtype=np.uint8), np.arange(n) % 4)
    return encode_split(ToyNetwork(latent_dim=latent_dim), split)


@given(st.floats(-4, 4), st.floats(-6, 3))
def test_the_kl_equals_its_integral(mean, log_var):
    sigma = np.exp(0.5 * log_var)
    z = np.linspace(mean - 12 * sigma, mean + 12 * sigma, 20_001)
    log_q = -0.5 * ((z - mean) / sigma) ** 2 - np.log(sigma)
    integrand = np.exp(log_q) / np.sqrt(2 * np.pi) * (log_q + 0.5 * z**2)
    kl = kl_per_dimension(np.array([[mean]]), np.array([[log_var]]))
    assert kl[0] == pytest.approx(np.trapezoid(integrand, z), rel=1e-6, abs=1e-9)


def test_the_kl_of_the_prior_is_zero_and_small_ones_keep_their_digits():
    assert kl_per_dimension(np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32)).tolist() == [0.0, 0.0]
    tiny = kl_per_dimension(np.zeros((1, 1)), np.full((1, 1), 1e-6))
    assert tiny[0] == pytest.approx(2.5e-13, rel=1e-3)


def test_codes_carry_moments_and_positions():
    codes = _codes()
    assert codes.z_mean.shape == codes.z_log_var.shape == (40, 3)
    assert np.allclose(codes.mean_per_dimension, codes.z_mean.mean(axis=0), atol=1e-6)
    assert np.allclose(codes.variance_per_dimension, codes.z_mean.var(axis=0), atol=1e-6)
    assert np.array_equal(codes.indices, np.arange(40))


def test_one_label_keeps_its_own_moments_and_an_absent_one_is_empty():
    codes = of_label(_codes(), 3)
    assert codes.indices.tolist() == list(range(3, 40, 4))
    assert np.allclose(codes.kl_per_dimension, kl_per_dimension(codes.z_mean, codes.z_log_var))
    empty = of_label(codes, 0)
    assert len(empty) == 0 and empty.kl_per_dimension.tolist() == [0.0] * 3


def test_the_plane_shows_the_dimensions_asked_for():
    codes = _codes()
    picture = plane(codes, 4, onto_dimensions(3, (2, 0)))
    assert np.array_equal(picture.x, codes.z_mean[:, 2]) and np.array_equal(picture.y, codes.z_mean[:, 0])
    assert picture.dimensions == (2, 0) and not picture.principal
    assert np.array_equal(plane(codes, 4).y, codes.z_mean[:, 1])


def test_the_plane_of_principal_directions_is_centred_and_says_what_it_is():
    codes = planted_codes(np.random.default_rng(0).normal(3.0, [1.0, 5.0, 2.0], (500, 3)))
    picture = plane(codes, 4, onto_principal(principal_axes(codes), (1, 0)))
    assert picture.principal and picture.dimensions == (1, 0)
    assert abs(picture.x.mean()) < 1e-5 and abs(picture.y.mean()) < 1e-5
    assert picture.x.var() < picture.y.var()


def test_a_plane_of_no_codes_is_empty():
    codes = of_label(_codes(), 9)
    assert plane(codes, 4).x.shape == plane(codes, 4, onto_principal(principal_axes(codes))).y.shape == (0,)


@pytest.mark.parametrize("limit", [-1, 2.5, float("nan")])
def test_a_limit_that_is_no_number_of_images_is_refused(limit):
    with pytest.raises(ConfigError, match="number of images"):
        encode_split(ToyNetwork(), Split(np.zeros((2, 5, 4, 3), np.uint8), np.zeros(2, np.int64)), limit)


def test_a_one_dimensional_code_gets_a_lane_for_each_label():
    picture = plane(_codes(latent_dim=1), 4)
    assert picture.dimensions == (0, None)
    spans = [(picture.y[picture.labels == k].min(), picture.y[picture.labels == k].max()) for k in range(4)]
    assert all(upper[0] > lower[1] for upper, lower in itertools.pairwise(spans))
    assert np.abs(picture.y).max() <= 4.5


def test_an_encoder_that_gives_the_prior_back_has_collapsed_and_its_aggregate_is_the_priors():
    codes = planted_codes(np.zeros((50, 2)), np.zeros((50, 2)))
    statistics = dimension_statistics(codes)
    assert statistics.collapsed.all()
    assert statistics.kl.tolist() == [0.0, 0.0] and statistics.aggregate_variance.tolist() == [1.0, 1.0]


def test_the_aggregate_variance_is_that_of_draws_from_the_posteriors():
    rng = np.random.default_rng(1)
    codes = planted_codes(rng.normal(1.0, [2.0, 0.3], (300, 2)), rng.normal(-1.0, 1.0, (300, 2)))
    statistics = dimension_statistics(codes)
    noise = rng.standard_normal((2000, 300, 2))
    draws = (codes.z_mean + np.exp(codes.z_log_var / 2) * noise).reshape(-1, 2)
    # The relative standard error of a variance from 600,000 draws is about 0.003, for these heavy tails.
    assert np.allclose(statistics.aggregate_variance, draws.var(axis=0), rtol=0.015)
    assert np.allclose(statistics.posterior_variance, np.exp(codes.z_log_var).mean(axis=0), rtol=1e-5)
    assert np.array_equal(statistics.aggregate_variance, statistics.variance + statistics.posterior_variance)


@given(st.floats(-2, 2), st.floats(-4, 2))
def test_a_dimension_is_marked_collapsed_exactly_if_its_kl_is_under_a_hundredth_of_a_nat(mean, log_var):
    statistics = dimension_statistics(planted_codes(np.full((3, 1), mean), np.full((3, 1), log_var)))
    assert COLLAPSED_KL == 0.01
    assert statistics.collapsed.tolist() == [bool(statistics.kl[0] < 0.01)]


def test_statistics_of_no_examples_are_zeros_and_mark_nothing():
    statistics = dimension_statistics(planted_codes(np.zeros((0, 3))))
    for numbers in (statistics.kl, statistics.mean, statistics.variance, statistics.aggregate_variance):
        assert numbers.tolist() == [0.0] * 3
    assert statistics.collapsed.tolist() == [False] * 3
