import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvae_core.analysis.latent import (
    onto_dimensions,
    onto_principal,
    principal_axes,
    project,
    projected_covariances,
)
from cvae_core.errors import ConfigError
from tests.analysis.planted_codes import planted_codes

numbers = st.floats(-8, 8, width=32)
clouds = st.integers(2, 5).flatmap(
    lambda d: arrays(np.float32, st.tuples(st.integers(0, 12), st.just(d)), elements=numbers)
)


def _with_moments(mean, covariance, n=200):
    """Codes whose sample mean and covariance are the given ones, up to the rounding of float32."""
    noise = np.random.default_rng(4).standard_normal((n, len(mean)))
    noise -= noise.mean(axis=0)
    white = noise @ np.linalg.inv(np.linalg.cholesky(noise.T @ noise / n)).T
    return planted_codes(white @ np.linalg.cholesky(covariance).T + mean)


def _rotation(dim, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).standard_normal((dim, dim)))[0]


def test_planted_axes_are_found():
    directions, variances, mean = _rotation(4), np.array([9.0, 4.0, 1.0, 0.25]), np.array([1.0, -2.0, 0.0, 3.0])
    axes = principal_axes(_with_moments(mean, directions.T @ np.diag(variances) @ directions))
    assert np.allclose(axes.mean, mean, atol=1e-5)
    assert np.allclose(axes.variances, variances, rtol=1e-5)
    assert np.allclose(axes.explained, variances / variances.sum(), rtol=1e-5)
    assert np.allclose(np.abs(np.sum(axes.directions * directions, axis=1)), 1.0, atol=1e-6)


def test_the_entry_of_largest_size_is_positive_whichever_way_the_codes_lie():
    z = np.random.default_rng(2).normal(0, [3.0, 1.0, 0.2], (100, 3)) @ _rotation(3)
    one, other = principal_axes(planted_codes(z)), principal_axes(planted_codes(-z))
    assert np.allclose(one.directions, other.directions, atol=1e-6)
    assert (one.directions[np.arange(3), np.abs(one.directions).argmax(axis=1)] > 0).all()


@given(clouds)
def test_directions_are_orthonormal_and_shares_defined_for_any_codes(z):
    axes = principal_axes(planted_codes(z))
    assert np.allclose(axes.directions @ axes.directions.T, np.eye(z.shape[1]), atol=1e-9)
    assert (axes.explained >= 0).all() and (np.diff(axes.variances) <= 0).all()
    varies = len(z) > 0 and np.ptp(z, axis=0).any()
    assert axes.explained.sum() == pytest.approx(1.0 if varies else 0.0)


@pytest.mark.parametrize("z", [np.zeros((0, 3)), np.full((1, 3), 0.1), np.full((7, 3), 0.1)])
def test_codes_that_do_not_vary_have_the_dimensions_as_directions(z):
    axes = principal_axes(planted_codes(z))
    assert np.array_equal(axes.directions, np.eye(3))
    assert axes.explained.tolist() == axes.variances.tolist() == [0.0] * 3


@given(clouds, st.data())
def test_projecting_onto_dimensions_picks_them(z, data):
    first, second = (data.draw(st.integers(0, z.shape[1] - 1)) for _ in range(2))
    points = project(onto_dimensions(z.shape[1], (first, second)), z)
    assert points.dtype == np.float32
    assert np.array_equal(points, z[:, [first, second]])


@given(clouds)
def test_projecting_onto_principal_directions_centres_and_keeps_their_variance(z):
    codes = planted_codes(z)
    axes = principal_axes(codes)
    points = project(onto_principal(axes), codes.z_mean)
    if len(z):
        assert np.allclose(points.mean(axis=0), 0.0, atol=1e-5)
        assert np.allclose(points.var(axis=0), axes.variances[:2], atol=1e-4)


def test_axes_may_be_projected_onto_by_other_codes():
    axes = principal_axes(_with_moments(np.array([5.0, 0.0]), np.diag([4.0, 1.0])))
    assert np.allclose(
        project(onto_principal(axes, (0, 1)), np.array([[7.0, 3.0]], np.float32)), [[2.0, 3.0]], atol=1e-5
    )
    assert np.allclose(
        project(onto_principal(axes, (1, 0)), np.array([[7.0, 3.0]], np.float32)), [[3.0, 2.0]], atol=1e-5
    )


def test_the_ellipse_in_the_plane_of_two_dimensions_has_their_variances():
    log_var = np.log(np.array([[1.0, 4.0, 0.25], [0.01, 2.0, 9.0]]))
    covariances = projected_covariances(onto_dimensions(3, (2, 0)), log_var)
    assert np.allclose(covariances, [np.diag([0.25, 1.0]), np.diag([9.0, 0.01])])


def test_a_turned_ellipse_keeps_its_axes_and_turns_them():
    angle = np.deg2rad(30)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    axes = principal_axes(_with_moments(np.zeros(2), turn.T @ np.diag([9.0, 1.0]) @ turn))
    (covariance,) = projected_covariances(onto_principal(axes), np.log([[4.0, 0.25]]))
    sizes, ways = np.linalg.eigh(covariance)
    assert np.allclose(sizes, [0.25, 4.0], rtol=1e-5)
    # The first dimension of latent space lies at -30 degrees in a picture whose x axis lies at 30.
    assert np.allclose(np.abs(ways[:, 1]), [np.cos(angle), np.sin(angle)], atol=1e-4)
    assert covariance[0, 1] < 0


def test_the_ellipse_of_a_round_posterior_is_round_in_any_plane():
    axes = principal_axes(planted_codes(np.random.default_rng(5).standard_normal((20, 5))))
    covariances = projected_covariances(onto_principal(axes, (3, 1)), np.full((2, 5), np.log(0.3)))
    assert np.allclose(covariances, 0.3 * np.eye(2))


def test_the_ellipse_is_that_of_projected_draws():
    axes = principal_axes(planted_codes(np.random.default_rng(6).standard_normal((20, 4))))
    log_var = np.array([[0.0, -2.0, 1.0, -0.5]])
    draws = np.random.default_rng(7).standard_normal((100_000, 4)) * np.exp(log_var / 2)
    points = project(onto_principal(axes), draws.astype(np.float32))
    # Entries of a covariance from 100,000 draws have standard errors of at most 0.4 per cent of the largest.
    covariance = projected_covariances(onto_principal(axes), log_var)[0]
    assert np.allclose(np.cov(points.T), covariance, atol=0.02 * covariance.max())


@pytest.mark.parametrize("axes", [(0, 3), (-1, 0), (0.5, 1), (0, float("nan")), (True, 1)])
def test_axes_that_there_are_not_are_refused(axes):
    with pytest.raises(ConfigError, match="latent dimension should be a whole number from 0 to 2"):
        onto_dimensions(3, axes)
    with pytest.raises(ConfigError, match="principal direction should be a whole number from 0 to 2"):
        onto_principal(principal_axes(planted_codes(np.zeros((2, 3)))), axes)
