"""What a pad is sent, and what it reports."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.inference import FoldedNetwork
from dashboard.components.drawing_pad import DrawingState, packed_pad
from dashboard.components.packing import unpack
from tests.networks import random_weights

SHAPE = DataShape(3, 2, 1, 4)
MODEL = ModelConfig(latent_dim=2, hidden_widths=(5, 3))
NETWORK = FoldedNetwork(MODEL, SHAPE, random_weights(MODEL, SHAPE))
NAMES = tuple("abcd")
BYTES = bytes([0, 255, 3, 4, 5, 6])


def reported(**changes):
    drawing = {"image": base64.b64encode(BYTES).decode(), "label": 2, "id": 17, **changes}
    return DrawingState.parse({"drawing": drawing}, SHAPE)


def test_both_halves_of_the_network_are_sent():
    header, arrays = unpack(packed_pad("pad", NETWORK, NAMES, 3, invert=True))
    assert header["label"] == 3 and header["invert"] is True and header["class_names"] == list(NAMES)
    assert header["encoder"] == {
        "activations": [layer.activation for layer in NETWORK.encoder],
        "conditional": True,
        "n_classes": 4,
        "latent_dim": 2,
    }
    for name, layer in (
        ("encoder/1", NETWORK.encoder[1]),
        ("encoder/z_mean/0", NETWORK.z_mean),
        ("encoder/z_log_var/0", NETWORK.z_log_var),
        ("decoder/2", NETWORK.output),
    ):
        np.testing.assert_array_equal(arrays[f"{name}/kernel"], layer.kernel)
        np.testing.assert_array_equal(arrays[f"{name}/bias"], layer.bias)


@pytest.mark.parametrize(("names", "label"), [(NAMES[:3], None), (NAMES, 4), (NAMES, -1)])
def test_names_and_label_should_fit_the_network(names, label):
    with pytest.raises(ValueError, match="label"):
        packed_pad("pad", NETWORK, names, label)


def test_a_drawing_is_read():
    state = reported()
    np.testing.assert_array_equal(state.image, np.frombuffer(BYTES, np.uint8).reshape(3, 2, 1))
    assert (state.label, state.id) == (2, 17)


@pytest.mark.parametrize(
    "image",
    [
        None,
        7,
        b"AAAAAAAA",
        "",
        "AAAA",
        "not base64!",
        "AP8DBAU",
        "AP8D\nBAUG",
        "ÄÖÜ",
        base64.b64encode(BYTES + b"x").decode(),
        base64.b64encode(BYTES[1:]).decode(),
    ],
)
def test_what_is_no_image_of_this_shape_is_absent(image):
    state = reported(image=image)
    assert state.image is None
    assert (state.label, state.id) == (2, 17)


@pytest.mark.parametrize("label", [None, 4, -1, 1.0, True, "2", [2]])
def test_what_is_no_label_is_left_to_the_model(label):
    assert reported(label=label).label is None


@pytest.mark.parametrize("number", [None, 0, -3, True, 1.5, "3", 2**60])
def test_a_report_without_a_number_is_none(number):
    assert reported(id=number) == DrawingState()


@pytest.mark.parametrize("value", [None, 3, [], {}, {"drawing": None}, {"drawing": "x"}, {"drawing": [1]}])
def test_what_is_no_report_is_absent(value):
    assert DrawingState.parse(value, SHAPE) == DrawingState()
