from statistics import NormalDist

import numpy as np
import pytest

from cvae_core.analysis.generation import ManifoldView
from cvae_core.errors import ConfigError
from tests.analysis.toy_network import ToyNetwork, computed


def test_the_grid_is_the_tutorials_columns_along_the_first_dimension_rows_along_the_second():
    network = ToyNetwork(latent_dim=4)
    grid = computed(network, ManifoldView(label=2))
    steps = [NormalDist().inv_cdf(0.05 + 0.9 * i / 14) for i in range(15)]
    assert grid.tiles.shape == (1, 15, 15, 5, 4, 3)
    assert grid.tiles.dtype == np.uint8
    assert np.allclose(grid.x_values, steps) and np.allclose(grid.y_values, steps)
    for row in range(15):
        for column in range(15):
            code = np.array([steps[column], steps[row], 0.0, 0.0])
            expected = np.rint(network.probability(code, 2) * 255)
            assert np.abs(grid.tiles[0, row, column] - expected).max() <= 1


def test_other_dimensions_quantiles_and_size_are_settings():
    network = ToyNetwork(latent_dim=4)
    view = ManifoldView(size=3, dimensions=(3, 1), quantiles=(0.25, 0.75), others=(5.0, 9.0, -2.0, 9.0))
    grid = computed(network, view)
    edge = NormalDist().inv_cdf(0.75)
    assert np.allclose(grid.x_values, [-edge, 0.0, edge], atol=1e-6)
    assert grid.dimensions == (3, 1)
    expected = np.rint(network.probability(np.array([5.0, edge, -2.0, -edge]), 0) * 255)
    assert np.abs(grid.tiles[0, 2, 0] - expected).max() <= 1


def test_a_one_dimensional_code_gives_one_row():
    grid = computed(ToyNetwork(latent_dim=1, channels=1), ManifoldView(label=1))
    assert grid.tiles.shape == (1, 1, 15, 5, 4, 1)
    assert grid.dimensions == (0, None)


@pytest.mark.parametrize(
    "settings",
    [
        {"size": 1},
        {"size": 31},
        {"size": 2.5},
        {"size": float("nan")},
        {"size": float("inf")},
        {"dimensions": (0, 0.5)},
        {"dimensions": (float("nan"), 1)},
        {"dimensions": (0, 3)},
        {"dimensions": (-1, 0)},
        {"dimensions": (1, 1)},
        {"quantiles": (0.0, 0.9)},
        {"quantiles": (0.9, 0.1)},
        {"quantiles": (float("nan"), 0.9)},
        {"quantiles": (0.1, float("inf"))},
        {"quantiles": (0.5, 0.5)},
        {"others": [0.0]},
        {"others": [0.0, float("inf"), 0.0]},
        {"others": [0.0, float("nan"), 0.0]},
    ],
)
def test_settings_out_of_range_are_refused_in_one_sentence(settings):
    with pytest.raises(ConfigError) as caught:
        computed(ToyNetwork(latent_dim=3), ManifoldView(**settings))
    assert str(caught.value).count(". ") == 0 and str(caught.value).endswith(".")


@pytest.mark.parametrize("label", [-1, 4, 0.5, float("nan"), float("inf")])
def test_a_label_that_the_data_do_not_have_is_refused(label):
    with pytest.raises(ConfigError, match="label"):
        computed(ToyNetwork(), ManifoldView(label=label))


@pytest.mark.parametrize("latent_dim", [1, 3])
def test_the_manifolds_of_all_labels_are_the_manifolds_of_each(latent_dim):
    network = ToyNetwork(latent_dim=latent_dim)
    settings = {"size": 4, "quantiles": (0.2, 0.9), "others": (0.5,) * latent_dim}
    grids = computed(network, ManifoldView(label=None, **settings))
    assert grids.labels.tolist() == [0, 1, 2, 3]
    for label, tiles in enumerate(grids.tiles):
        single = computed(network, ManifoldView(label=label, **settings))
        assert np.array_equal(tiles, single.tiles[0]) and single.labels.tolist() == [label]
        assert np.array_equal(grids.x_values, single.x_values) and np.array_equal(grids.y_values, single.y_values)
        assert grids.dimensions == single.dimensions


def test_all_labels_are_decoded_at_once():
    calls = []

    class Counting(ToyNetwork):
        def decode(self, z, labels):
            calls.append(len(z))
            return super().decode(z, labels)

    computed(Counting(), ManifoldView(label=None, size=3))
    assert calls == [4 * 3 * 3]
