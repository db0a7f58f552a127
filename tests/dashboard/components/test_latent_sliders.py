"""What a studio is sent, and what it reports."""

from __future__ import annotations

import numpy as np
import pytest

from cvae_core.architecture import DataShape
from cvae_core.config.models import AutoencoderConfig
from cvae_core.config.run import ModelConfig
from cvae_core.errors import ConfigError
from cvae_core.inference import FoldedNetwork
from dashboard.components.latent_sliders import SlidersState, packed_sliders
from dashboard.components.packing import unpack
from tests.networks import random_weights

SHAPE = DataShape(3, 2, 1, 4)
MODEL = ModelConfig(latent_dim=2, hidden_widths=(5, 3))
NETWORK = FoldedNetwork(MODEL, SHAPE, random_weights(MODEL, SHAPE))
ONE = np.array([[0.5, -1.0]], np.float32)
TWO = np.array([[0.5, -1.0], [2.0, 0.0]], np.float32)
NAMES = ("first", "second")


def sent(codes, labels=(2, 0), names=NAMES, class_names=("a", "b", "c", "d"), steps=10, network=NETWORK):
    count = len(codes)
    return unpack(packed_sliders(network, codes, labels[:count], names[:count], class_names, steps))


def reported(codes, **changes):
    chosen = {"code": [1, 0.25], "share": 0.5, "origin": sent(codes)[0]["origin"], **changes}
    return SlidersState.parse({"chosen": chosen}, codes)


@pytest.mark.parametrize("codes", [ONE, TWO])
def test_codes_and_decoder_are_sent(codes):
    header, arrays = sent(codes)
    np.testing.assert_array_equal(arrays["codes"], codes)
    np.testing.assert_array_equal(arrays["decoder/2/kernel"], NETWORK.output.kernel)
    assert header["labels"] == [2, 0][: len(codes)] and header["names"] == list(NAMES[: len(codes)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"codes": ONE[0]},
        {"codes": np.zeros((3, 2), np.float32)},
        {"codes": np.zeros((1, 3), np.float32)},
        {"codes": TWO, "labels": (2,)},
        {"codes": TWO, "names": ("first",)},
        {"codes": ONE, "class_names": ("a",)},
        {"codes": ONE, "steps": 1},
    ],
)
def test_what_does_not_fit_together_is_refused(wrong):
    with pytest.raises(ValueError):
        sent(**wrong)


def test_a_plain_autoencoder_has_no_posterior():
    model = AutoencoderConfig(latent_dim=2, hidden_widths=(5,))
    network = FoldedNetwork(model, SHAPE, random_weights(model, SHAPE))
    with pytest.raises(ConfigError, match="CVAE"):
        sent(ONE, network=network)


def test_a_choice_is_read():
    assert reported(ONE) == SlidersState((1.0, 0.25))
    assert reported(TWO) == SlidersState((1.0, 0.25), 0.5)


@pytest.mark.parametrize(
    "changes",
    [
        {"code": None},
        {"code": [1]},
        {"code": [1, "2"]},
        {"code": [1, float("nan")]},
        {"code": [True, 1]},
        {"share": None},
        {"share": 1.5},
        {"share": "0"},
        {"origin": None},
    ],
)
def test_what_is_no_choice_is_absent(changes):
    assert reported(TWO, **changes) == SlidersState()


def test_a_choice_among_other_codes_is_absent():
    assert reported(TWO, origin=sent(ONE)[0]["origin"]) == SlidersState()
    assert sent(TWO)[0]["origin"] != sent(TWO[::-1])[0]["origin"]


@pytest.mark.parametrize("value", [None, 3, {}, {"chosen": None}, {"chosen": [1]}])
def test_what_is_no_report_is_absent(value):
    assert SlidersState.parse(value, ONE) == SlidersState()
