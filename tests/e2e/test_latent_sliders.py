"""Codes under sliders and the way between two, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cvae_core.analysis.network import decode_images, decode_under_labels
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Bytes, Floats
from tests.e2e.canvases import pixels
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle
from tests.e2e.style_cases import codes, network

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("latent_sliders_gallery.py")
STEPS = 7


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    return open_page(serve(GALLERY))


def blending(serve: Serve, open_page: OpenPage, name: str = "tutorial") -> Page:
    return open_page(serve(GALLERY) + f"/?sources=2&network={name}")


def slider(page: Page, dimension: int) -> Locator:
    return page.get_by_label(f"Latent dimension {dimension}", exact=True)


def shown_code(page: Page) -> Floats:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return np.array(json.loads(page.locator(".latent-sliders").get_attribute("data-code") or ""), np.float32)


def every_label(model: FoldedNetwork, code: Floats) -> Bytes:
    labels = np.arange(model.architecture.shape.n_classes)
    return decode_images(model, np.tile(code, (len(labels), 1)), labels)


def expect_digits(page: Page, model: FoldedNetwork, code: Floats) -> None:
    np.testing.assert_allclose(shown_code(page), code, atol=1e-5)
    found = pixels(page.locator(".label-cell canvas"))
    assert np.abs(found.astype(int) - every_label(model, code)).max() <= 1


def test_the_source_begins_with_its_own_code(page):
    own = codes(8, 1)[0]
    expect_digits(page, network("tutorial"), own)
    expect(page.locator(".label-cell[aria-current=true]")).to_have_text("2")
    expect(page.get_by_text("chosen None")).to_be_visible()
    values = [text.replace("−", "-") for text in page.locator(".slider-value").all_text_contents()]
    np.testing.assert_allclose([float(text) for text in values], own, atol=0.006)


@pytest.mark.gate
def test_a_slider_moves_its_dimension_alone_and_reports_on_release(page):
    own = codes(8, 1)[0]
    box = slider(page, 3).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=4)
    moved = shown_code(page)
    assert 1.5 < moved[2] < 3.5
    np.testing.assert_allclose(np.delete(moved, 2), np.delete(own, 2), atol=1e-6)
    expect_digits(page, network("tutorial"), moved)
    expect(page.get_by_text("chosen None")).to_be_visible()
    page.mouse.up()
    wait_until_idle(page)
    expect(page.get_by_text(f"chosen {[round(float(z), 3) for z in moved]}, share None")).to_be_visible()
    np.testing.assert_array_equal(shown_code(page), moved)


def test_keys_move_a_slider_and_buttons_reset(page):
    own = codes(8, 1)[0]
    for dimension in (1, 2):
        slider(page, dimension).press("End")
    assert shown_code(page)[:2].tolist() == [4, 4]
    page.get_by_role("button", name="Reset z1").click()
    np.testing.assert_allclose(shown_code(page), [own[0], 4, *own[2:]], atol=1e-6)
    expect(page.get_by_role("button", name="Reset z1")).to_be_disabled()
    page.get_by_role("button", name="Reset all").click()
    np.testing.assert_allclose(shown_code(page), own, atol=1e-6)
    expect(page.get_by_text(f"chosen {[round(float(z), 3) for z in own]}")).to_be_visible()


def test_other_codes_begin_anew_and_old_choices_do_not_count(page):
    slider(page, 1).press("End")
    expect(page.get_by_text("chosen [4")).to_be_visible()
    page.get_by_role("button", name="Next epoch").click()
    expect(page.get_by_text("Epoch 1, chosen None")).to_be_visible()
    wait_until_idle(page)
    expect_digits(page, network("tutorial", 1), codes(8, 1, 1)[0])


def test_the_mark_stands_where_the_source_is(page):
    own = codes(8, 1)[0]
    for dimension, z in enumerate(own):
        track = page.locator(".slider-track").nth(dimension).bounding_box()
        mark = page.locator(".slider-mark").nth(dimension).bounding_box()
        assert track and mark
        expected = track["x"] + 8 + (track["width"] - 16) * (z + 4) / 8
        assert mark["x"] + mark["width"] / 2 == pytest.approx(expected, abs=1)


def test_sixty_four_dimensions_have_a_slider_each(serve: Serve, open_page: OpenPage):
    page = open_page(serve(GALLERY) + "/?network=broad", width=360)
    expect(page.get_by_role("slider")).to_have_count(64)
    slider(page, 64).press("Home")
    assert shown_code(page)[63] == -4
    for item in page.locator(".slider-row").all():
        box = item.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360


@pytest.mark.parametrize("name", ["tutorial", "colour"])
def test_the_strip_is_pythons_blend(serve: Serve, open_page: OpenPage, name):
    page = blending(serve, open_page, name)
    model = network(name)
    expected = decode_under_labels(
        model, np.linspace(*codes(model.architecture.latent_dim, 2), STEPS, dtype=np.float32)
    )[0]
    found = pixels(page.locator(".blend-grid canvas")).reshape(*expected.shape[:-1], 3)
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_the_slider_leads_from_one_code_to_the_other(serve: Serve, open_page: OpenPage):
    page = blending(serve, open_page)
    begin, end = codes(8, 2)
    expect_digits(page, network("tutorial"), begin)
    expect(page.locator(".label-cell[aria-current=true]")).to_have_text("2")
    along = page.get_by_label("From one to the other")
    along.press("End")
    expect_digits(page, network("tutorial"), end)
    expect(page.locator(".label-cell[aria-current=true]")).to_have_text("1")
    expect(page.get_by_text("share 1.0")).to_be_visible()
    along.fill("0.25")
    expect_digits(page, network("tutorial"), 0.75 * begin + 0.25 * end)


def test_a_step_of_the_strip_is_a_place_on_the_way(serve: Serve, open_page: OpenPage):
    page = blending(serve, open_page)
    begin, end = codes(8, 2)
    page.get_by_label("4, 50% of the way").click()
    expect(page.get_by_text("share 0.5")).to_be_visible()
    expect_digits(page, network("tutorial"), (begin + end) / 2)


def test_pictures_are_taken_home(serve: Serve, open_page: OpenPage):
    page = blending(serve, open_page)
    for at, name in enumerate(("code_as_every_label_epoch_0.png", "blend_epoch_0.png")):
        with page.expect_download() as download:
            page.get_by_role("button", name="Download PNG").nth(at).click()
        assert download.value.suggested_filename == name


@pytest.mark.parametrize("sources", [1, 2])
def test_nothing_is_wider_than_the_page(serve: Serve, open_page: OpenPage, sources):
    page = open_page(serve(GALLERY) + f"/?sources={sources}", width=360, dark=True)
    for item in page.locator("canvas:visible, .slider-row:visible").all():
        box = item.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
