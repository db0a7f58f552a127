"""The player of the disconnected manifold in a browser: what is drawn where, and that it follows its slider."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage, Serve
from tests.e2e.toy_player_cases import GROUND

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("toy_player_gallery.py")
# Canvas pixels are what was asked for, up to the rounding of the browser's colour management.
TOLERANCE = 3
OFF_MANIFOLD = (0xD5, 0x5E, 0x00)
MARGIN = 26
# How much of a square of pixels around a place is of a colour.
SHARE_OF_COLOUR = """(canvas, [x, y, reach, colour, tolerance]) => {
  const ratio = canvas.width / canvas.clientWidth;
  const side = Math.round(2 * reach * ratio);
  const data = canvas.getContext('2d').getImageData((x - reach) * ratio, (y - reach) * ratio, side, side).data;
  let hits = 0;
  for (let i = 0; i < data.length; i += 4) {
    if (colour.every((value, channel) => Math.abs(data[i + channel] - value) <= tolerance)) hits++;
  }
  return hits / (side * side);
}"""


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    page = open_page(serve(GALLERY))
    expect(page.locator(".player[data-loaded='21/21']")).to_be_attached()
    return page


def plane(page: Page, conditional: bool = False) -> Locator:
    name = "a conditional autoencoder" if conditional else "an autoencoder"
    return page.get_by_role("img", name=f"What {name} makes of the data.", exact=True)


def place(canvas: Locator, x: float, y: float) -> tuple[float, float]:
    """Where a point of the plane lies in CSS pixels; the plane's left and right edge follow from the gallery's data."""
    left, right, top = (float(canvas.page.evaluate(f"window.extent[{i}]")) for i in (0, 1, 3))
    box = canvas.bounding_box()
    assert box is not None
    scale = (box["width"] - 2 * MARGIN) / (right - left)
    return MARGIN + (x - left) * scale, MARGIN + (top - y) * scale


def vermilion_at(canvas: Locator, x: float, y: float) -> float:
    left, top = place(canvas, x, y)
    return float(canvas.evaluate(SHARE_OF_COLOUR, [left, top, 3, list(OFF_MANIFOLD), TOLERANCE]))


@pytest.fixture
def extent(page: Page) -> None:
    page.evaluate(f"window.extent = {list(GROUND.extent)}")


def test_the_bridge_is_vermilion_and_the_rest_of_the_curve_is_not(page: Page, extent: None) -> None:
    middle = ((2.2 + 1.5) / 2, (0.8085 + 0.0) / 2)
    assert vermilion_at(plane(page), *middle) > 0.2
    assert vermilion_at(plane(page), 0.0, 0.0) == 0
    assert vermilion_at(plane(page, conditional=True), *middle) == 0


def test_a_layer_can_be_hidden(page: Page, extent: None) -> None:
    middle = ((2.2 + 1.5) / 2, (0.8085 + 0.0) / 2)
    page.get_by_role("button", name="Decoded curve").click()
    assert vermilion_at(plane(page), *middle) == 0
    page.get_by_role("button", name="Decoded curve").click()
    assert vermilion_at(plane(page), *middle) > 0.2


@pytest.mark.gate
def test_numbers_follow_the_slider(page: Page) -> None:
    conditional = "Off the manifold: {} of the reconstructed points and {} of the decoded curve."
    expect(page.get_by_text(conditional.format("0 %", "0 %"))).to_be_visible()
    page.get_by_role("button", name="First epoch").click()
    expect(page.get_by_text(conditional.format("30 %", "20 %"))).to_be_visible()
    expect(page.get_by_role("img", name="Reconstructed points off the manifold at epoch 0")).to_be_visible()
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".player[data-epoch='2']")).to_be_attached()


@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_a_narrow_window(serve: Serve, open_page: OpenPage, dark: bool) -> None:
    page = open_page(serve(GALLERY), dark=dark, width=400)
    expect(page.locator(".player[data-loaded='21/21']")).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_a_chart_is_taken_home_with_its_legend(page: Page) -> None:
    chart = page.locator(".toy-chart").first
    chart.hover()
    with page.expect_download() as event:
        chart.get_by_role("button", name="PNG of this chart").click()
    assert event.value.suggested_filename == "reconstructed_points_off_the_manifold.png"
    width, height = chart.locator("canvas").evaluate("it => [it.clientWidth, it.clientHeight]")
    with Image.open(event.value.path()) as picture:
        assert picture.width == 3 * width
        legend = picture.convert("RGB").crop((0, 3 * height, picture.width, picture.height))
        assert len(legend.getcolors(10**6) or []) > 4
