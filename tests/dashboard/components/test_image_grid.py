import numpy as np
import pytest

from cvae_core.analysis.generation import ManifoldView
from cvae_core.analysis.reconstruction import reconstruct
from cvae_core.records import Split
from dashboard.components.packing import unpack
from dashboard.components.tiles import ImageTiles, manifold_tiles, packed_tiles, reconstruction_tiles
from tests.analysis.toy_network import ToyNetwork, computed

NAMES = ("ant", "bee", "cat", "dog")


def test_reconstructions_stand_below_their_originals():
    split = Split(np.arange(360, dtype=np.uint8).reshape(6, 5, 4, 3), np.array([0, 1, 2, 3, 0, 1]))
    record = reconstruct(ToyNetwork(), split, np.array([3, 1]))
    tiles = reconstruction_tiles(record, NAMES)
    assert np.array_equal(tiles.tiles[0], record.originals)
    assert np.array_equal(tiles.tiles[1], record.reconstructions)
    assert "dog, bee" in tiles.description


def test_a_manifold_says_what_its_sides_are():
    tiles = manifold_tiles(computed(ToyNetwork(), ManifoldView(label=2, dimensions=(2, 0))), NAMES)
    assert tiles.title == "Manifold of cat"
    assert tiles.caption == "z3 from −1.64 to 1.64 to the right, z1 from −1.64 to 1.64 downwards."
    one = manifold_tiles(computed(ToyNetwork(latent_dim=1), ManifoldView()), NAMES)
    assert one.caption == "z1 from −1.64 to 1.64 to the right."


def test_tiles_reach_the_browser_unchanged():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 4, 3), dtype=np.uint8)
    header, arrays = unpack(packed_tiles(ImageTiles(images, "Noise", row_labels=("a", "b"), gap=3)))
    assert np.array_equal(arrays["tiles"], images)
    assert header["row_labels"] == ["a", "b"] and header["gap"] == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"tiles": np.zeros((2, 3, 4, 4), np.uint8)},
        {"tiles": np.zeros((2, 3, 4, 4, 2), np.uint8)},
        {"tiles": np.zeros((2, 3, 4, 4, 1), np.uint8), "column_labels": ("one",)},
    ],
)
def test_tiles_and_names_must_fit(settings):
    with pytest.raises(ValueError):
        ImageTiles(description="", **settings)
