"""What the components draw, read back pixel by pixel from a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, Serve, wait_until_idle

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("component_gallery.py")
FLAT = "Six flat colours"
BOARD = "A checkerboard"
SCATTER = "Latent positions of 2,000 images of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, over the rings of the prior."
# Canvas pixels are what was asked for, up to the rounding of the browser's colour management.
TOLERANCE = 2
PIXEL = """(canvas, [x, y]) => {
  const ratio = canvas.width / canvas.clientWidth;
  const pixel = canvas.getContext('2d').getImageData(Math.floor(x * ratio), Math.floor(y * ratio), 1, 1).data;
  return [...pixel.slice(0, 3)];
}"""


@pytest.fixture
def gallery(serve: Serve) -> str:
    return serve(GALLERY)


def pixel(page: Page, name: str, x: float, y: float) -> list[int]:
    """The colour on a named picture's canvas, in CSS pixels from its upper left corner."""
    return page.get_by_role("img", name=name, exact=True).evaluate(PIXEL, [x, y])


def flat_colours(page: Page) -> list[list[int]]:
    """The colours at the centres of the six tiles, row by row."""
    box = page.get_by_role("img", name=FLAT).bounding_box()
    assert box is not None
    left = box["width"] - 3 * 64 - 2 * 2
    return [pixel(page, FLAT, left + 32 + 66 * column, 32 + 66 * row) for row in range(2) for column in range(3)]


def assert_close(found: list[list[int]], expected: list[tuple[int, int, int]]) -> None:
    for colour, wanted in zip(found, expected, strict=True):
        assert all(abs(a - b) <= TOLERANCE for a, b in zip(colour, wanted, strict=True)), (found, expected)


FIRST_ROW = [(200, 40, 40), (40, 160, 40), (40, 40, 200)]
SECOND_ROW = [(250, 250, 250), (128, 128, 128), (5, 5, 5)]


@pytest.mark.gate
@pytest.mark.parametrize("dark", [False, True])
def test_tiles_have_their_colours_in_light_and_dark(gallery, open_page: OpenPage, dark):
    page = open_page(gallery, dark=dark)
    assert_close(flat_colours(page), FIRST_ROW + SECOND_ROW)


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_pixels_stay_sharp_on_every_screen(gallery, browser, ratio):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, device_scale_factor=ratio)
    page = context.new_page()
    page.goto(gallery)
    wait_until_idle(page)
    values = page.get_by_role("img", name=BOARD).evaluate(
        """canvas => [...new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data)]"""
    )
    # A smoothed checkerboard would hold greys; invert puts white at the upper left corner.
    assert sorted(values) == [0, 255]
    assert pixel(page, BOARD, 2, 2) == [255, 255, 255]
    context.close()


def test_new_data_are_drawn_on_the_same_canvas(gallery, open_page: OpenPage):
    page = open_page(gallery)
    page.evaluate("window.firstPage = true")
    for name in (FLAT, SCATTER):
        page.get_by_role("img", name=name, exact=True).evaluate("canvas => { canvas.sameOne = true; }")
    # Any moment at which a canvas is away, or blank, while it is renewed would show as flicker.
    page.get_by_role("img", name=FLAT).evaluate(
        """canvas => {
          window.blanks = 0;
          const look = () => {
            const centre = [canvas.width - 30, 30, 1, 1];
            if (!canvas.isConnected || !canvas.getContext('2d').getImageData(...centre).data[3]) window.blanks += 1;
            requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        }"""
    )
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("Turn 1")).to_be_visible()
    wait_until_idle(page)
    assert_close(flat_colours(page), SECOND_ROW + FIRST_ROW)
    for name in (FLAT, SCATTER):
        assert page.get_by_role("img", name=name, exact=True).evaluate("canvas => canvas.sameOne === true")
    assert page.evaluate("window.blanks") == 0


def test_live_charts_keep_their_place(gallery, open_page: OpenPage):
    page = open_page(gallery)
    charts = page.locator("[data-testid=stVegaLiteChart] svg.marks")
    expect(charts).to_have_count(3)
    charts.evaluate_all("marks => marks.forEach(mark => { mark.sameOne = true; })")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("Turn 1")).to_be_visible()
    wait_until_idle(page)
    assert charts.evaluate_all("marks => marks.map(mark => mark.sameOne === true)") == [True] * 3


@pytest.mark.parametrize(("dark", "colour"), [(False, (18, 99, 125)), (True, (93, 134, 159))])
def test_the_scatter_uses_the_themes_colours(gallery, open_page: OpenPage, dark, colour):
    page = open_page(gallery, dark=dark)
    # Label 0 lies around (2.2, 0): among its pixels there must be some of its own pure colour.
    near = page.get_by_role("img", name=SCATTER).evaluate(
        """(canvas, wanted) => {
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            if (wanted.every((value, channel) => Math.abs(data[i + channel] - value) <= 12)) count += 1;
          return count;
        }""",
        list(colour),
    )
    assert near > 100


def test_hovering_a_point_tells_what_it_is(gallery, open_page: OpenPage):
    page = open_page(gallery)
    canvas = page.get_by_role("img", name=SCATTER)
    box = canvas.bounding_box()
    assert box is not None
    side = box["width"] - 44
    canvas.hover(position={"x": 34 + side * 7.2 / 10, "y": 10 + side / 2})
    expect(page.get_by_text("Label 0 · index")).to_be_visible()
    canvas.hover(position={"x": 40, "y": 16})
    expect(page.get_by_text("Label 0 · index")).to_be_hidden()


def test_the_legend_shows_one_label_alone_by_keyboard(gallery, open_page: OpenPage):
    page = open_page(gallery)
    entry = page.get_by_role("button", name="3", exact=True)
    entry.focus()
    page.keyboard.press("Enter")
    expect(entry).to_have_attribute("aria-pressed", "true")
    expect(entry).to_be_focused()
    page.keyboard.press("Enter")
    expect(entry).to_have_attribute("aria-pressed", "false")


def test_a_picture_can_be_downloaded(gallery, open_page: OpenPage, tmp_path):
    page = open_page(gallery)
    button = page.get_by_role("button", name="Download PNG").first
    button.focus()
    expect(button).to_have_css("opacity", "1")
    with page.expect_download() as event:
        page.keyboard.press("Enter")
    target = tmp_path / event.value.suggested_filename
    event.value.save_as(target)
    assert target.name == "images.png"
    assert target.read_bytes().startswith(b"\x89PNG")


def test_the_theme_is_followed_while_the_page_is_open(gallery, open_page: OpenPage):
    page = open_page(gallery)
    canvas = page.get_by_role("img", name=SCATTER)
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas.element_handle(), before], timeout=5000
    )


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_is_wider_than_the_page(gallery, open_page: OpenPage, width):
    page = open_page(gallery, width=width)
    for canvas in page.get_by_role("img").all():
        box = canvas.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
