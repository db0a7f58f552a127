"""Pictures brought to MNIST's form in the browser, against Python, and all the way to their ten versions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from cvae_core.data.preprocessing import mnist_form
from cvae_core.errors import DataError
from tests.e2e.conftest import OpenPage, Serve
from tests.e2e.decoder_cases import cases
from tests.e2e.mnist_form_cases import pictures

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("mnist_form_gallery.py")
# Milliseconds from drawing to ten images, the time between two frames; an idle machine takes a third.
BUDGET = 16.0


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    page = open_page(serve(GALLERY))
    page.wait_for_function("window.formed !== undefined")
    return page


def test_every_picture_comes_out_as_in_python(page):
    refused = set()
    for name, picture in pictures().items():
        found = page.evaluate("name => window.formed(name)", name)
        try:
            expected = mnist_form(picture.pixels, picture.shape)
        except DataError as error:
            refused.add(name)
            assert found == {"image": None, "problem": error.problem}, name
        else:
            assert found["problem"] == "", name
            np.testing.assert_allclose(found["image"], expected.ravel(), atol=1e-6, err_msg=name)
    assert refused == {"nothing", "one dot", "flat", "long"}


@pytest.mark.parametrize(("name", "label"), [("light on transparent", 4), ("dark on transparent", 7), ("thin pen", 0)])
def test_a_drawing_is_redrawn_under_every_label_as_in_python(page, name, label):
    network = cases()["tutorial"].network
    image = mnist_form(pictures()[name].pixels, network.architecture.shape)
    z_mean, _ = network.encode(image[None], np.array([label]))
    images = network.decode(np.tile(z_mean, (10, 1)), np.arange(10))
    found = page.evaluate("([name, label]) => window.redrawn(name, label)", [name, label])
    np.testing.assert_allclose(found["z"], z_mean[0], atol=1e-5)
    np.testing.assert_allclose(found["images"], images.ravel(), atol=1e-5)


@pytest.mark.alone
def test_the_ten_versions_keep_up_with_the_pen(page):
    assert pictures()["light on transparent"].pixels.shape == (280, 280, 4)
    times = page.evaluate("window.milliseconds('light on transparent', 60)")
    assert times["fastest"] < BUDGET
