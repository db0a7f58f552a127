import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.analysis.latent import encode_split, kl_per_dimension, of_label, plane
from cvae_core.errors import ConfigError
from cvae_core.records import Split
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
    picture = plane(codes, 4, (2, 0))
    assert np.array_equal(picture.x, codes.z_mean[:, 2]) and np.array_equal(picture.y, codes.z_mean[:, 0])
    with pytest.raises(ConfigError, match="from 0 to 2"):
        plane(codes, 4, (0, 3))


def test_a_one_dimensional_code_gets_a_lane_for_each_label():
    picture = plane(_codes(latent_dim=1), 4)
    assert picture.dimensions == (0, None)
    spans = [(picture.y[picture.labels == k].min(), picture.y[picture.labels == k].max()) for k in range(4)]
    assert all(upper[0] > lower[1] for upper, lower in itertools.pairwise(spans))
    assert np.abs(picture.y).max() <= 4.5
