"""What a manifold player is sent, and what it reports."""

from __future__ import annotations

import numpy as np
import pytest

from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.errors import RunDamagedError
from cvae_core.inference import FoldedNetwork
from dashboard.components.epoch_player import Question, Timeline
from dashboard.components.manifold_player import LensPlane, ManifoldState, packed_manifold_player
from dashboard.components.packing import decoder_blob, network_arrays, unpack
from dashboard.components.tiles import TilePicture
from tests.networks import random_weights

SHAPE = DataShape(3, 2, 1, 4)
MODEL = ModelConfig(latent_dim=2, hidden_widths=(5, 3))
NETWORK = FoldedNetwork(MODEL, SHAPE, random_weights(MODEL, SHAPE))
TIMELINE = Timeline("run", "view", (0, 1, 2), 1)
PLANE = LensPlane((0, 1), (0.05, 0.95), (0.0, 0.0), tuple("abcd"), SHAPE.image_shape, 2)
BARE = TilePicture("m", "M")
TILES = np.zeros((2, 2, 3, 2, 1), np.uint8)


def decoder_of(epoch: int) -> FoldedNetwork:
    if epoch == 2:
        raise RunDamagedError("It is truncated.", "Train it again.")
    return NETWORK


def sent(question: Question | None, pictures=(BARE,), z=None):
    data = packed_manifold_player(TIMELINE, question, pictures, lambda _: {"m": TILES}, PLANE, decoder_of, z)
    header, arrays = unpack(data)
    return header["picture"], arrays


def ask(decoders: object, view: str = "view") -> Question:
    return Question(7, view, (), {"decoders": decoders})


def test_a_decoder_comes_only_when_it_is_asked_for():
    picture, arrays = sent(ask([0]))
    assert picture["decoder"]["epoch"] == 0
    np.testing.assert_array_equal(arrays["decoder/2/kernel"], NETWORK.output.kernel)
    assert not any(name.startswith("decoder/") for name in sent(None)[1])


@pytest.mark.parametrize("question", [ask([2]), ask([9]), ask([]), ask("0"), ask([[0]]), ask(None), ask([0], "other")])
def test_a_question_that_cannot_be_answered_gets_no_decoder(question):
    picture, arrays = sent(question)
    assert picture["decoder"] is None
    assert not any(name.startswith("decoder/") for name in arrays)


def test_a_place_of_another_plane_is_not_held():
    assert sent(None, z=(0.5, 1.0))[0]["z"] == [0.5, 1.0]
    assert sent(None, z=(0.5,))[0]["z"] is None


@pytest.mark.parametrize(
    "pictures",
    [
        (),
        (TilePicture("m", "M", gap=1),),
        (TilePicture("m", "M", row_labels=("a", "b")),),
        (BARE, BARE),
    ],
)
def test_the_lens_needs_a_bare_plane(pictures):
    with pytest.raises(ValueError, match="picture"):
        sent(None, pictures)


@pytest.mark.parametrize("z", [None, [], [1, 2, 3], ["1", 2], [True, 0], [float("nan"), 0], "12", {"x": 1}])
def test_only_a_code_counts_as_one(z):
    assert ManifoldState.parse({"z": z}).z is None
    assert ManifoldState.parse({"z": [0.25, -1]}).z == (0.25, -1.0)


def test_a_player_that_has_reported_nothing_has_no_state():
    assert ManifoldState.parse(None) == ManifoldState()


def test_a_decoder_is_its_layers():
    header, arrays = decoder_blob(NETWORK)
    assert header["activations"] == ["leaky_relu", "leaky_relu", "linear"]
    assert (header["n_classes"], header["latent_dim"], header["image_shape"]) == (4, 2, [3, 2, 1])
    assert arrays["decoder/0/kernel"].shape == (2 + 4, 3)
    assert {array.dtype.name for array in arrays.values()} == {"float32"}
    activations, arrays = network_arrays(NETWORK, ("encoder", "z_mean"), "e")
    assert activations == ["relu", "relu", "linear"]
    assert arrays["e/2/bias"].shape == (2,)
