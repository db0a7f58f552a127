import numpy as np
import pytest

from cvae_core.analysis.generation import SamplesView
from cvae_core.errors import ConfigError
from tests.analysis.toy_network import ToyNetwork, computed


def test_a_row_is_a_label_and_a_column_a_code():
    network = ToyNetwork()
    grid = computed(network, SamplesView(columns=6, seed=5))
    assert grid.tiles.shape == (4, 6, 5, 4, 3) and grid.tiles.dtype == np.uint8
    assert grid.labels.tolist() == [0, 1, 2, 3]
    for label in range(4):
        for column in range(6):
            expected = np.rint(network.probability(grid.z[column], label) * 255)
            assert np.abs(grid.tiles[label, column] - expected).max() <= 1


def test_codes_are_normal_seeded_and_do_not_depend_on_the_count():
    z = SamplesView(columns=100, seed=1).draw_codes(64)
    assert abs(z.mean()) < 0.05 and abs(z.std() - 1) < 0.05  # 6,400 numbers: both bounds are 4 standard errors
    assert np.array_equal(z[:5], SamplesView(columns=5, seed=1).draw_codes(64))
    assert not np.array_equal(z, SamplesView(columns=100, seed=2).draw_codes(64))
    assert np.allclose(SamplesView(columns=5, seed=1, temperature=0.5).draw_codes(64), 0.5 * z[:5])


@pytest.mark.parametrize(
    "settings",
    [
        *({"columns": columns} for columns in (0, 101, 2.5, True, float("nan"), float("inf"))),
        *({"seed": seed} for seed in (-1, 2**31, 0.5, float("nan"), float("inf"))),
        *({"temperature": temperature} for temperature in (-0.1, 3.5, float("nan"), float("inf"))),
    ],
)
def test_settings_out_of_range_are_refused_in_one_sentence(settings):
    with pytest.raises(ConfigError) as caught:
        SamplesView(**settings)
    assert str(caught.value).count(". ") == 0 and str(caught.value).endswith(".")


def test_the_ends_of_the_ranges_are_allowed():
    grid = computed(ToyNetwork(), SamplesView(columns=100, seed=2**31 - 1, temperature=0.0))
    assert not grid.z.any() and grid.tiles.shape[:2] == (4, 100)
