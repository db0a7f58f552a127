"""The lens over a manifold: where it looks, what it shows, and how it is held, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from scipy.special import ndtri

from cvae_core.analysis.network import decode_images
from tests.e2e.canvases import pixels_with_opacity
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle
from tests.e2e.lens_cases import LABEL, QUANTILES, Case, colour, grey

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("lens_gallery.py")
LEFT, TOP = 10, 6
STEP = (QUANTILES[1] - QUANTILES[0]) / 11
# Canvas pixels, beside the rounding of probabilities.
TOLERANCE = 1
# Work for one move of the pointer must fit between two frames of the screen.
FRAME_MS = 16.0


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    opened = open_page(serve(GALLERY))
    plane(opened).wait_for()
    plane(opened, "colour").wait_for()
    return opened


def plane(page: Page, name: str = "grey") -> Locator:
    return page.get_by_label(f"The {name} manifold.")


def panel(page: Page, index: int = 0) -> Locator:
    return page.locator(".lens").nth(index)


def code(page: Page, index: int = 0) -> list[float]:
    """The code that the panel shows."""
    page.wait_for_function("panel => panel.dataset.z", arg=panel(page, index).element_handle())
    shown: list[float] = json.loads(panel(page, index).get_attribute("data-z") or "")
    return shown


def place(case: Case, column: float, row: float) -> tuple[float, float]:
    """CSS pixels on the canvas of a tile's centre, the first being 0, 0; or of what lies between."""
    width, height = case.tile
    return LEFT + (column + 0.5) * width, TOP + (row + 0.5) * height


def hover(page: Page, case: Case, column: float, row: float, name: str = "grey") -> None:
    """Move the mouse, and let the picture be drawn."""
    left, top = place(case, column, row)
    plane(page, name).hover(position={"x": left, "y": top})
    settle(page)


def settle(page: Page) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def drag(page: Page, case: Case, begin: tuple[float, float], end: tuple[float, float]) -> None:
    box = plane(page).bounding_box()
    assert box is not None
    points = [(box["x"] + left, box["y"] + top) for left, top in (place(case, *begin), place(case, *end))]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.mouse.up()


def expect_decoder(page: Page, name: str = "grey", epoch: int = 0) -> None:
    """The lens has asked for a decoder, and got it."""
    expect(page.get_by_text(f"{name} asked for {epoch},")).to_be_visible()
    wait_until_idle(page)
    expect(panel(page, 0 if name == "grey" else 1)).not_to_have_class("lens waiting")


def expect_images(canvases: Locator, expected: np.ndarray) -> None:
    """Canvas pixels, one to one, are those of uint8 (n, height, width, channels)."""
    found = pixels_with_opacity(canvases)
    assert found.shape[:3] == expected.shape[:3]
    assert (found[..., 3] == 255).all()
    assert np.abs(found[..., :3] - expected.astype(int)).max() <= TOLERANCE


def whole(case: Case, shown: list[float]) -> np.ndarray:
    z = np.array(case.base, np.float32)
    for dimension, value in zip(case.grid.dimensions, shown, strict=False):
        assert dimension is not None
        z[dimension] = value
    return z


def images(case: Case, codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return decode_images(case.network, codes.astype(np.float32), labels)


@pytest.mark.parametrize(("column", "row"), [(0, 0), (11, 11), (3, 8), (2.5, 7.25)])
def test_a_place_has_the_code_of_its_quantiles(page, column, row):
    hover(page, grey(), column, row)
    expected = ndtri([QUANTILES[0] + column * STEP, QUANTILES[0] + row * STEP])
    np.testing.assert_allclose(code(page), expected, atol=1e-6)


def test_beyond_the_outer_centres_the_code_stays(page):
    hover(page, grey(), -0.45, 11.45)
    np.testing.assert_allclose(code(page), ndtri([QUANTILES[0], QUANTILES[1]]), atol=1e-9)


@pytest.mark.gate
def test_every_label_is_drawn_as_python_decodes_it(page):
    case = grey()
    hover(page, case, 6.5, 2)
    expect_decoder(page)
    z = np.tile(whole(case, code(page)), (10, 1))
    expect_images(panel(page).locator(".lens-labels canvas"), images(case, z, np.arange(10)))
    expect(panel(page).locator("[aria-current=true]")).to_have_text(f"label {LABEL}")


def test_at_a_tiles_centre_the_selected_label_is_the_tile(page):
    case = grey()
    hover(page, case, 3, 8)
    expect_decoder(page)
    expect_images(panel(page).locator(".label-cell.own canvas"), case.grid.tiles[0, 8, 3][None])


def test_the_code_stands_there_in_numbers(page):
    hover(page, grey(), 7, 2)
    x, y = ndtri([QUANTILES[0] + 7 * STEP, QUANTILES[0] + 2 * STEP])
    expect(panel(page).locator("output")).to_have_text(f"z3 = {x:.2f}, z1 = −{-y:.2f}")


def test_a_line_of_codes_without_condition_shows_one_image(page):
    case = colour()
    hover(page, case, 4.25, 0, "colour")
    expect_decoder(page, "colour")
    shown = code(page, 1)
    np.testing.assert_allclose(shown, [ndtri(QUANTILES[0] + 4.25 * (QUANTILES[1] - QUANTILES[0]) / 9)], atol=1e-6)
    expect(panel(page, 1).locator("output")).to_have_text(f"z1 = −{-shown[0]:.2f}")
    expected = images(case, np.array([shown]), np.zeros(1, np.int64))
    expect_images(panel(page, 1).locator(".lens-labels canvas"), expected)


def test_the_hint_stands_there_until_the_lens_is_used(page):
    hint = panel(page).get_by_text("Point at the picture")
    expect(hint).to_be_visible()
    hover(page, grey(), 5, 5)
    expect(hint).to_be_hidden()
    page.mouse.move(1, 1)
    expect(hint).to_be_visible()


def test_a_click_holds_a_place_and_its_button_lets_go(page):
    case = grey()
    left, top = place(case, 2, 9)
    plane(page).click(position={"x": left, "y": top})
    held = code(page)
    np.testing.assert_allclose(held, ndtri([QUANTILES[0] + 2 * STEP, QUANTILES[0] + 9 * STEP]), atol=1e-6)
    expect(page.get_by_text(f"grey asked for 0, held {held}")).to_be_visible()
    hover(page, case, 8, 3)
    assert code(page) != held
    page.mouse.move(1, 1)
    settle(page)
    assert code(page) == held
    panel(page).get_by_role("button", name="Release this place").click()
    expect(page.get_by_text("grey asked for 0, held None")).to_be_visible()
    expect(panel(page)).to_have_attribute("data-z", "")


@pytest.mark.parametrize("scale", [1.0, 1.1, 1.25, 2.0])
def test_a_click_holds_the_code_that_was_shown(serve: Serve, open_page: OpenPage, scale: float) -> None:
    page = open_page(serve(GALLERY), scale=scale)
    box = plane(page).bounding_box()
    assert box is not None
    for at in range(3):
        page.mouse.move(box["x"] + 40 + 17.37 * at + 0.55, box["y"] + 50 + 13.61 * at + 0.45)
        settle(page)
        shown = code(page)
        page.mouse.down()
        settle(page)
        assert code(page) == shown
        page.mouse.move(box["x"] + 42 + 17.37 * at, box["y"] + 52 + 13.61 * at)  # as a hand trembles
        page.mouse.up()
        expect(page.get_by_text(f"grey asked for 0, held {shown}")).to_be_visible()


def row_of_png(page: Page, button: str, name: str, count: int) -> np.ndarray:
    """The images of a row that is taken home, a pixel for each square: (count, 28, 28, 1)."""
    with page.expect_download() as event:
        panel(page).get_by_role("button", name=button).click()
    assert event.value.suggested_filename == name
    picture = np.asarray(Image.open(event.value.path()).convert("RGB"))
    scale = round(1200 / (28 * count))
    side = 28 * scale
    margin = (picture.shape[1] - count * side - (count - 1) * 2) // 2
    top = picture.shape[0] - margin - side
    lefts = [margin + index * (side + 2) for index in range(count)]
    return np.stack([picture[top : top + side : scale, left : left + side : scale, :1] for left in lefts])


def test_a_held_place_and_a_way_are_taken_home_as_pictures(page):
    case = grey()
    left, top = place(case, 2, 9)
    plane(page).click(position={"x": left, "y": top})
    expect_decoder(page)
    z = np.tile(whole(case, code(page)), (10, 1))
    taken = row_of_png(page, "PNG of this place", "place_as_every_label.png", 10)
    assert np.abs(taken - images(case, z, np.arange(10)).astype(int)).max() <= 1
    drag(page, case, (1, 2), (10, 7))
    steps = panel(page).locator(".lens-strip canvas").count()
    taken = row_of_png(page, "PNG of the interpolation", f"interpolation_of_label {LABEL}.png", steps)
    begin, end = (ndtri(QUANTILES[0] + STEP * np.array(at)) for at in ((1, 2), (10, 7)))
    codes = np.stack([whole(case, begin + (end - begin) * share) for share in np.linspace(0, 1, steps)])
    assert np.abs(taken - images(case, codes, np.full(steps, LABEL)).astype(int)).max() <= 1


def test_keys_move_hold_and_let_go(page):
    canvas = plane(page)
    page.get_by_role("button", name="Next epoch").focus()
    page.keyboard.press("Tab")
    expect(canvas).to_be_focused()
    np.testing.assert_allclose(code(page), [0, 0], atol=1e-9)
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    settle(page)
    expected = ndtri([0.54, 0.42])
    np.testing.assert_allclose(code(page), expected, atol=1e-9)
    page.keyboard.press("Enter")
    expect(page.get_by_text("grey asked for 0, held [0.1")).to_be_visible()
    canvas.blur()
    settle(page)
    np.testing.assert_allclose(code(page), expected, atol=1e-9)
    canvas.focus()
    page.keyboard.press("Escape")
    expect(page.get_by_text("held None").first).to_be_visible()
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    settle(page)
    np.testing.assert_allclose(code(page)[0], ndtri(QUANTILES[1]), atol=1e-9)


def test_a_drag_plays_the_way_between_two_codes(page):
    case = grey()
    drag(page, case, (1, 2), (10, 7))
    begin, end = (ndtri(QUANTILES[0] + STEP * np.array(at)) for at in ((1, 2), (10, 7)))
    expect_decoder(page)
    seen = []
    for _ in range(4):
        seen.append(code(page))
        page.wait_for_timeout(100)
    shares = (np.array(seen) - begin) / (end - begin)
    np.testing.assert_allclose(shares[:, 0], shares[:, 1], atol=1e-6)
    assert len(set(shares[:, 0])) > 1 and -1e-6 <= shares.min() <= shares.max() <= 1 + 1e-6
    panel(page).get_by_role("button", name="Pause").click()
    settle(page)
    resting = code(page)
    page.wait_for_timeout(200)
    assert code(page) == resting
    slider = panel(page).get_by_role("slider", name="Along the interpolation")
    slider.fill("0.25")
    settle(page)
    np.testing.assert_allclose(code(page), begin + 0.25 * (end - begin), atol=1e-6)
    panel(page).get_by_role("button", name="Play").click()
    page.wait_for_function("slider => slider.valueAsNumber !== 0.25", arg=slider.element_handle())
    panel(page).get_by_role("button", name="Leave the interpolation").click()
    expect(slider).to_be_hidden()
    expect(page.get_by_text("held None").first).to_be_visible()


def test_the_strip_shows_nine_steps_for_the_selected_label(page):
    case = grey()
    drag(page, case, (9, 1), (2, 10))
    expect_decoder(page)
    settle(page)
    begin, end = (ndtri(QUANTILES[0] + STEP * np.array(at)) for at in ((9, 1), (2, 10)))
    codes = np.stack([whole(case, list(begin + step / 8 * (end - begin))) for step in range(9)])
    expect_images(
        page.get_by_role("group", name=f"The interpolation for label {LABEL}").get_by_role("img"),
        images(case, codes, np.full(9, LABEL)),
    )


def test_a_way_stands_still_for_those_who_want_less_motion(page):
    page.emulate_media(reduced_motion="reduce")
    drag(page, grey(), (1, 2), (10, 7))
    settle(page)
    np.testing.assert_allclose(code(page), ndtri(QUANTILES[0] + STEP * np.array([1, 2])), atol=1e-6)
    expect(panel(page).get_by_role("button", name="Play")).to_be_visible()


def test_a_decoder_is_asked_for_when_it_is_needed(page):
    page.get_by_role("button", name="Next epoch").click()
    wait_until_idle(page)
    expect(page.get_by_text("grey asked for None")).to_be_visible()
    left, top = place(grey(), 5, 5)
    plane(page).click(position={"x": left, "y": top})
    expect_decoder(page, epoch=1)
    page.get_by_role("button", name="Next epoch").click()
    expect_decoder(page, epoch=2)
    expect(page.get_by_text("colour asked for None")).to_be_visible()


def test_a_finger_slides_holds_and_draws_a_way_from_the_held_place(serve: Serve, browser):
    case = grey()
    context = browser.new_context(viewport={"width": 400, "height": 900}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(serve(GALLERY))
    wait_until_idle(page)
    box = plane(page).bounding_box()
    fingers = context.new_cdp_session(page)

    def touch(kind: str, column: float = 0, row: float = 0) -> None:
        left, top = place(case, column, row)
        points = [] if kind == "touchEnd" else [{"x": box["x"] + left, "y": box["y"] + top}]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        settle(page)

    touch("touchStart", 2, 2)
    touch("touchMove", 4, 6)
    np.testing.assert_allclose(code(page), ndtri(QUANTILES[0] + STEP * np.array([4, 6])), atol=1e-2)
    touch("touchMove", 9, 3)
    touch("touchEnd")
    held = code(page)
    np.testing.assert_allclose(held, ndtri(QUANTILES[0] + STEP * np.array([9, 3])), atol=1e-2)
    expect(page.get_by_text("grey asked for 0, held [")).to_be_visible()
    touch("touchStart", 9, 3)
    touch("touchMove", 5, 8)
    touch("touchMove", 2, 10)
    touch("touchEnd")
    expect(panel(page).get_by_role("slider", name="Along the interpolation")).to_be_visible()
    panel(page).get_by_role("button", name="Leave the interpolation").tap()
    settle(page)
    assert code(page) == held
    context.close()


@pytest.mark.alone
def test_a_move_fits_into_a_frame(serve: Serve, browser):
    case = grey()
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(
        """const request = window.requestAnimationFrame.bind(window);
        window.spent = [];
        window.requestAnimationFrame = act => request(now => {
          const begin = performance.now();
          act(now);
          window.spent.push(performance.now() - begin);
        });"""
    )
    page.goto(serve(GALLERY))
    wait_until_idle(page)
    hover(page, case, 1, 1)
    expect_decoder(page)
    for step in range(20):
        hover(page, case, 1 + step / 3, 4)
    page.evaluate("window.spent = []")
    for step in range(30):
        hover(page, case, 1 + step / 3, 5)
    # The median of the moves, of which settling is the other two thirds and costs nothing.
    spent = sorted(page.evaluate("window.spent"))[-30:]
    context.close()
    assert float(np.median(spent)) < FRAME_MS, spent


@pytest.mark.parametrize(("width", "dark"), [(400, False), (1280, True)])
def test_nothing_is_wider_than_the_page(serve: Serve, open_page: OpenPage, width, dark):
    page = open_page(serve(GALLERY), width=width, dark=dark)
    drag(page, grey(), (1, 2), (10, 7))
    expect_decoder(page)
    for canvas in page.locator("canvas:visible").all():
        box = canvas.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
