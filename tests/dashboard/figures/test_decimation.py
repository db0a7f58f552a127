import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.figures.losses import decimate


@given(st.integers(0, 3000), st.integers(2, 400))
def test_at_most_the_limit_is_left_and_the_last_point_is_kept(count, limit):
    x = np.arange(count, dtype=np.float64)
    kept_x, kept_y = decimate(x, 3 * x, limit)
    assert len(kept_x) == len(kept_y) == min(count, limit)
    assert np.allclose(kept_y, 3 * kept_x)  # means of a straight line lie on it
    assert (np.diff(kept_x) > 0).all()
    if count:
        assert kept_x[-1] == x[-1]


def test_what_is_left_are_means_of_neighbours():
    x, y = decimate(np.arange(7.0), np.array([[0, 1], [2, 1], [4, 1], [1, 5], [3, 5], [5, 5], [9, 9]]), 3)
    assert x.tolist() == [1.0, 4.0, 6.0]
    assert y.tolist() == [[2, 1], [3, 5], [9, 9]]
