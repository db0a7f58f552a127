"""Picking images in a real browser: by mouse and keys, in an order, up to a limit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.canvases import pixels
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle
from tests.e2e.style_cases import PICKER_FIRST_INDEX, picker_images

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("image_picker_gallery.py")


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    return open_page(serve(GALLERY))


def option(page: Page, index: int) -> Locator:
    return page.get_by_role("option").nth(index - PICKER_FIRST_INDEX)


def orders(page: Page) -> dict[int, str]:
    texts = page.locator(".picker-order").all_text_contents()
    return {PICKER_FIRST_INDEX + at: text for at, text in enumerate(texts) if text}


def test_the_images_are_drawn_pixel_by_pixel(page):
    np.testing.assert_array_equal(pixels(page.locator(".picker .pixels")), picker_images().repeat(3, axis=3))


def test_pythons_picks_are_shown(page):
    assert orders(page) == {101: "1"}
    expect(option(page, 101)).to_have_attribute("aria-selected", "true")
    expect(page.get_by_text("picked None")).to_be_visible()


@pytest.mark.gate
def test_clicks_pick_in_an_order_up_to_the_limit(page):
    for index in (110, 104, 120):
        option(page, index).click()
    assert orders(page) == {101: "1", 110: "2", 104: "3"}
    expect(page.get_by_text("picked (101, 110, 104)")).to_be_visible()
    expect(page.get_by_text("3 of at most 3 selected: deselect one")).to_be_visible()
    option(page, 101).click()
    expect(page.get_by_text("picked (110, 104)")).to_be_visible()
    wait_until_idle(page)
    assert orders(page) == {110: "1", 104: "2"}
    page.get_by_role("button", name="Clear selection").click()
    expect(page.get_by_text("picked ()")).to_be_visible()
    wait_until_idle(page)
    assert orders(page) == {}


def test_python_may_pick_others(page):
    option(page, 110).click()
    expect(page.get_by_text("picked (101, 110)")).to_be_visible()
    wait_until_idle(page)
    page.get_by_role("button", name="Give 105 and 103").click()
    wait_until_idle(page)
    assert orders(page) == {105: "1", 103: "2"}


def test_keys_move_and_pick(page):
    option(page, 100).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(option(page, 102)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("picked (101, 102)")).to_be_visible()
    page.keyboard.press("ArrowDown")
    tops = [item.bounding_box() for item in page.get_by_role("option").all()]
    columns = next(at for at, box in enumerate(tops) if box and tops[0] and box["y"] > tops[0]["y"] + 1)
    expect(option(page, 102 + columns)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_text(f"picked (101, 102, {102 + columns})")).to_be_visible()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    expect(page.get_by_text(f"picked (101, {102 + columns})")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("option").last).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("option").last).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_role("option").first).to_be_focused()


def test_of_one_image_another_takes_the_place(serve: Serve, open_page: OpenPage):
    page = open_page(serve(GALLERY) + "/?one=1")
    option(page, 109).click()
    expect(page.get_by_text("picked (109,)")).to_be_visible()
    wait_until_idle(page)
    assert orders(page) == {109: "1"}


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_page(serve: Serve, open_page: OpenPage, width):
    page = open_page(serve(GALLERY), width=width)
    for box in [item.bounding_box() for item in page.get_by_role("option").all()]:
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
