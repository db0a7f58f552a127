"""Networks and the normal distribution in the browser, against NumPy and SciPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page
from scipy.special import ndtr, ndtri

from tests.e2e.conftest import OpenPage, Serve
from tests.e2e.decoder_cases import cases

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("decoder_gallery.py")
# Milliseconds for all ten labels; several times what an idle machine takes, so that only a mistake exceeds it.
BUDGETS = {"tutorial": 12.0, "two wide layers": 36.0}


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    page = open_page(serve(GALLERY))
    page.wait_for_function("window.decoded !== undefined")
    return page


def test_all_labels_are_decoded_as_in_numpy(page):
    for name, case in cases().items():
        n_classes = case.network.architecture.shape.n_classes
        expected = case.network.decode(np.tile(case.z, (n_classes, 1)), np.arange(n_classes))
        found = page.evaluate("name => window.decoded(name)", name)
        np.testing.assert_allclose(found, expected.ravel(), atol=1e-5, err_msg=name)


def test_one_label_is_decoded_as_in_numpy(page):
    for name, case in cases().items():
        expected = case.network.decode(case.z[None], np.array([2]))
        found = page.evaluate("name => window.decodedOne(name, 2)", name)
        np.testing.assert_allclose(found, expected.ravel(), atol=1e-5, err_msg=name)


def test_an_image_is_encoded_as_in_numpy(page):
    for name, case in cases().items():
        expected, _ = case.network.encode(case.image[None], np.array([1]))
        found = page.evaluate("name => window.encoded(name, 1)", name)
        np.testing.assert_allclose(found, expected[0], atol=2e-5, err_msg=name)


@pytest.mark.parametrize("name", BUDGETS)
@pytest.mark.alone
def test_ten_labels_keep_up_with_the_pointer(page, name):
    assert page.evaluate("name => window.fastestDecoding(name)", name) < BUDGETS[name]


def test_the_normal_quantile_is_scipys(page):
    p = np.concatenate([np.linspace(0.001, 0.999, 999), 10.0 ** -np.arange(3, 300, 9), 1 - 10.0 ** -np.arange(3, 16)])
    found = page.evaluate("p => p.map(window.normalQuantile)", p.tolist())
    np.testing.assert_allclose(found, ndtri(p), rtol=1e-12, atol=1e-12)
    ends = page.evaluate("[0, 1, -0.1, 1.1].map(window.normalQuantile).map(String)")
    assert ends == ["-Infinity", "Infinity", "NaN", "NaN"]


def test_the_normal_distribution_function_is_scipys(page):
    z = np.linspace(-9, 9, 721)
    found = page.evaluate("z => z.map(window.normalCdf)", z.tolist())
    np.testing.assert_allclose(found, ndtr(z), atol=1e-14)
