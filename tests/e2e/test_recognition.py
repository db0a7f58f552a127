"""Which label explains an image best, in the browser, against NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from cvae_core.evaluation.classification import classify
from tests.e2e.conftest import OpenPage, Serve
from tests.e2e.decoder_cases import cases

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("recognition_gallery.py")


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    page = open_page(serve(GALLERY))
    page.wait_for_function("window.recognised !== undefined")
    return page


def test_posteriors_and_logits_under_every_label_are_numpys(page):
    for name, case in cases().items():
        shape = case.network.architecture.shape
        count = shape.n_classes if case.network.architecture.conditional else 1
        labels = np.arange(count)
        image = np.rint(255 * case.image).astype(np.uint8)[None].repeat(count, 0)
        z_mean, z_log_var = case.network.encode(image, labels)
        found = page.evaluate("name => window.recognised(name)", name)
        np.testing.assert_allclose(found["zMean"], z_mean.ravel(), atol=1e-5, err_msg=name)
        np.testing.assert_allclose(found["zLogVar"], z_log_var.ravel(), atol=1e-5, err_msg=name)
        logits = case.network.decode_logits(z_mean, labels)
        np.testing.assert_allclose(found["logits"], logits.ravel(), atol=1e-4, err_msg=name)


def test_elbos_odds_and_ranking_are_those_of_python(page):
    for name, case in cases().items():
        if not case.network.architecture.conditional:
            continue
        images = np.rint(255 * case.image).astype(np.uint8).reshape(1, *case.network.architecture.shape.image_shape)
        expected = classify(case.network, images)
        found = page.evaluate("name => window.recognised(name)", name)
        np.testing.assert_allclose(found["elbos"], expected.elbo[0], atol=1e-3, err_msg=name)
        np.testing.assert_allclose(found["odds"], expected.odds[0], atol=1e-3, err_msg=name)
        assert found["ranking"] == expected.ranking[0].tolist(), name


def test_a_network_without_condition_has_one_posterior(page):
    found = page.evaluate("window.recognised('unconditional 64')")
    assert len(found["zMean"]) == 64 and len(found["elbos"]) == 1 and found["odds"] == [1]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        # Python's own value counts at first, and whenever it is another one.
        ([("get", None), ("get", None), ("get", 3)], [True, False, True]),
        # What comes back late is no news, and neither is the value from before it.
        ([("get", 1), ("add", 2), ("get", 1), ("get", 2)], [True, False, False]),
        # Two reports, of which the first comes back while the second already stands.
        ([("get", 0), ("add", 1), ("add", 2), ("get", 1), ("get", 2)], [True, False, False]),
        # Once all came back, an older value is a wish again.
        ([("get", 0), ("add", 1), ("add", 2), ("get", 2), ("get", 1)], [True, False, True]),
        # Values are compared by content.
        ([("get", [1, 2]), ("add", [2]), ("get", [1, 2]), ("get", [2])], [True, False, False]),
    ],
)
def test_an_echo_of_a_report_is_no_news(page, steps, expected):
    found = page.evaluate(
        """steps => {
          const values = createReportedValues();
          return steps.map(([act, value]) => (act === "add" ? void values.add(value) : values.isNews(value)))
            .filter((_, index) => steps[index][0] === "get");
        }""",
        steps,
    )
    assert found == expected
