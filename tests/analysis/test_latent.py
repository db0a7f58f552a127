import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.analysis.latent import (
    CodesView,
    LatentView,
    encode_split,
    kl_per_dimension,
    onto_dimensions,
    onto_principal,
    plane,
    principal_axes,
)
from cvae_core.analysis.views import compute
from cvae_core.errors import ConfigError
from cvae_core.records import Dataset, Split
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


def _data(n: int = 40):
    rng = np.random.default_rng(0)
    split = Split(rng.integers(0, 256, (n, 5, 4, 3), dtype=np.uint8), np.arange(n) % 4)
    return Dataset("none", "no data", tuple("0123"), split.first(0), split, "0" * 64)


def test_one_label_keeps_its_own_moments_and_an_absent_one_is_empty():
    codes = compute(ToyNetwork(), _data(), CodesView(label=3))
    assert codes.indices.tolist() == list(range(3, 40, 4))
    assert np.array_equal(codes.z_mean, _codes().z_mean[3::4])
    assert np.allclose(codes.kl_per_dimension, kl_per_dimension(codes.z_mean, codes.z_log_var))
    empty = compute(ToyNetwork(), _data(3), CodesView(label=3))
    assert len(empty) == 0 and empty.kl_per_dimension.tolist() == [0.0] * 3
    with pytest.raises(ConfigError, match="label should be a whole number from 0 to 3"):
        compute(ToyNetwork(), _data(), CodesView(label=4))


def test_a_view_gives_its_plane_and_the_principal_directions_of_another_epoch():
    codes = _codes()
    shown = compute(ToyNetwork(), _data(), LatentView(dimensions=(2, 0)))
    assert np.array_equal(shown.x, codes.z_mean[:, 2]) and np.array_equal(shown.y, codes.z_mean[:, 0])
    assert shown.titles == ("z3", "z1")
    other = planted_codes(np.random.default_rng(0).normal(3.0, [1.0, 5.0, 2.0], (500, 3)))

    def records(view, epoch=None):
        assert epoch in (None, 7)
        return codes if epoch is None else other

    shown = compute(ToyNetwork(), _data(), LatentView(principal_epoch=7), records)
    expected = plane(codes, 4, onto_principal(principal_axes(other)))
    assert np.array_equal(shown.x, expected.x) and np.array_equal(shown.y, expected.y)
    assert shown.titles[0].startswith("PC 1 of epoch 7 (")
    with pytest.raises(ConfigError, match="latent dimension should be a whole number from 0 to 2"):
        compute(ToyNetwork(), _data(), LatentView(dimensions=(0, 3)))


def test_the_plane_shows_the_dimensions_asked_for():
    codes = _codes()
    picture = plane(codes, 4, onto_dimensions(3, (2, 0)))
    assert np.array_equal(picture.x, codes.z_mean[:, 2]) and np.array_equal(picture.y, codes.z_mean[:, 0])
    assert picture.dimensions == (2, 0) and picture.titles == ("z3", "z1")
    assert np.array_equal(plane(codes, 4).y, codes.z_mean[:, 1])


def test_the_plane_of_principal_directions_is_centred_and_says_what_it_is():
    codes = planted_codes(np.random.default_rng(0).normal(3.0, [1.0, 5.0, 2.0], (500, 3)))
    picture = plane(codes, 4, onto_principal(principal_axes(codes), (1, 0)))
    assert picture.dimensions == (1, 0) and picture.titles[0].startswith("PC 2 (")
    assert abs(picture.x.mean()) < 1e-5 and abs(picture.y.mean()) < 1e-5
    assert picture.x.var() < picture.y.var()


def test_a_plane_of_no_codes_is_empty():
    codes = _codes(n=0)
    assert plane(codes, 4).x.shape == plane(codes, 4, onto_principal(principal_axes(codes))).y.shape == (0,)


def test_a_one_dimensional_code_gets_a_lane_for_each_label():
    picture = plane(_codes(latent_dim=1), 4)
    assert picture.dimensions == (0, None) and picture.titles == ("z1", "one lane per label")
    spans = [(picture.y[picture.labels == k].min(), picture.y[picture.labels == k].max()) for k in range(4)]
    assert all(upper[0] > lower[1] for upper, lower in itertools.pairwise(spans))
    assert np.abs(picture.y).max() <= 4.5
