"""The latent player: what stands on its canvas, what the mouse and the keyboard do, and how fast it is."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.e2e import latent_player_cases as cases
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("latent_player_gallery.py")
ROOT = Path(__file__).parents[2]
LAST = cases.EPOCHS[-1]
LIMIT = 5.0
LEFT, TOP, MARGINS = 34, 10, 44
BACKGROUND, TEXT = (255, 255, 255), (28, 36, 41)
# The theme's colours for the labels, in light.
PALETTE = ["12637d", "e4693a", "30d2ad", "341d9a", "ebb210", "71032e", "9554d1", "815205", "7992a0", "c396ff"]
OPACITY = 0.85
PIXELS = """(canvas, places) => places.map(([x, y]) => {
  const ratio = canvas.width / canvas.clientWidth;
  const at = [Math.floor(x * ratio), Math.floor(y * ratio), 1, 1];
  return [...canvas.getContext('2d').getImageData(...at).data.slice(0, 3)];
})"""
SPEED = """async epochs => {
  const find = (selector, host = document) => {
    const found = host.querySelector(selector);
    if (found) return found;
    for (const element of host.querySelectorAll('*')) {
      const inner = element.shadowRoot && find(selector, element.shadowRoot);
      if (inner) return inner;
    }
    return null;
  };
  const slider = find('.player-slider');
  const element = find('.player');
  const drawn = [];
  const painted = [];
  for (const index of epochs) {
    await new Promise(requestAnimationFrame);
    const began = performance.now();
    slider.value = index;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    element.getBoundingClientRect();
    drawn.push(performance.now() - began);
    if (element.dataset.epoch !== String(index)) throw new Error('not drawn');
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    painted.push(performance.now() - began);
  }
  return { drawn, painted };
}"""


@pytest.fixture
def open_player(serve: Serve, open_page: OpenPage) -> OpenPage:
    """``open_player("label", pin=1234, dark=False, width=1280)`` gives a page whose player has all its frames."""
    url = serve(GALLERY, PYTHONPATH=str(ROOT))

    def open_(mode: str, pin: int | None = None, dimensions: int = cases.LATENT_DIM, **options: object) -> Page:
        more = "" if pin is None else f"&pin={pin}"
        page = open_page(f"{url}/?mode={mode}&dimensions={dimensions}{more}", **options)
        loaded = f"{len(cases.EPOCHS)}/{len(cases.EPOCHS)}"
        expect(page.locator(".player")).to_have_attribute("data-loaded", loaded, timeout=30_000)
        wait_until_idle(page)
        return page

    return open_


def go_to(page: Page, epoch: int) -> None:
    page.get_by_role("slider", name="Epoch").fill(str(epoch))
    expect(page.locator(".player")).to_have_attribute("data-epoch", str(epoch))


def plane(page: Page) -> Locator:
    return page.get_by_role("application", name="Latent plane of known clusters")


def on_canvas(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a code lies on the canvas, in CSS pixels."""
    return on_canvas_of(plane(page), x, y)


def on_canvas_of(canvas: Locator, x: float, y: float) -> tuple[float, float]:
    """Where a code lies on a plane's canvas, in CSS pixels."""
    box = canvas.bounding_box()
    assert box is not None
    scale = (box["width"] - MARGINS) / (2 * LIMIT)
    return LEFT + (x + LIMIT) * scale, TOP + (LIMIT - y) * scale


def colours(page: Page, *places: tuple[float, float]) -> list[list[int]]:
    """The colours at some codes."""
    return plane(page).evaluate(PIXELS, [on_canvas(page, *place) for place in places])


def distance(colour: list[int], other: tuple[float, ...]) -> float:
    return max(abs(a - b) for a, b in zip(colour, other, strict=True))


def label_colour(label: int) -> tuple[float, ...]:
    """A label's colour as one point of it looks on a white ground."""
    shades = [int(PALETTE[label][start : start + 2], 16) for start in (0, 2, 4)]
    return tuple(255 - OPACITY * (255 - shade) for shade in shades)


def hover(page: Page, place: tuple[float, float]) -> None:
    x, y = on_canvas(page, *place)
    plane(page).hover(position={"x": x, "y": y})


def caption(page: Page, text: str) -> None:
    expect(page.get_by_text(f"Python has {text}")).to_be_visible()
    wait_until_idle(page)


def test_points_go_where_the_slider_says(open_player):
    page = open_player("label")
    for epoch in (LAST, 0, 13, 14):
        go_to(page, epoch)
        here, gone, cluster = colours(
            page, cases.lone_place(epoch), cases.lone_place((epoch + 16) % 40), cases.centre(7, epoch)
        )
        assert distance(here, label_colour(7)) <= 12
        assert distance(gone, BACKGROUND) <= 2
        assert distance(cluster, label_colour(7)) <= 50 and distance(cluster, BACKGROUND) > 100


def test_ten_thousand_points_have_the_colours_of_their_labels(open_player):
    page = open_player("all")
    found = colours(page, *(cases.centre(label, LAST) for label in range(10)))
    for label, colour in enumerate(found):
        nearest = min(range(10), key=lambda other: distance(colour, label_colour(other)))
        assert nearest == label, (label, colour)


def ring(place: tuple[float, float], epoch: int, sigma: float, angle: float) -> tuple[float, float]:
    """A point of the posterior's ellipse, by its parameter: 0 is an end of the long axis."""
    values, vectors = np.linalg.eigh(cases.pin_covariance(epoch))
    along = vectors @ (np.sqrt(values) * sigma * np.array([np.sin(angle), np.cos(angle)]))
    return place[0] + along[0], place[1] + along[1]


@pytest.mark.parametrize("sigma", [1, 2])
def test_the_pinned_images_posterior_is_an_ellipse_of_its_covariance(open_player, sigma):
    page = open_player("label", pin=1234)
    go_to(page, 25)
    place = cases.pin_place(1234, 25)
    for angle in (0, np.pi / 2, np.pi, 3 * np.pi / 2):
        x, y = ring(place, 25, sigma, angle)
        steps = [(x + dx * 0.01, y + dy * 0.01) for dx in range(-2, 3) for dy in range(-2, 3)]
        # A line of one pixel lies somewhere within a pixel of where it should.
        assert min(distance(colour, TEXT) for colour in colours(page, *steps)) <= 90, angle
    assert distance(colours(page, ring(place, 25, 1.55, 0))[0], BACKGROUND) <= 2
    assert distance(colours(page, ring(place, 25, 2.4, 0))[0], BACKGROUND) <= 2


def test_the_path_of_the_pin_fades_with_time(open_player):
    page = open_player("label", pin=1234)
    go_to(page, 8)
    near, later, last = (sum(colours(page, cases.pin_place(1234, epoch))[0]) for epoch in (18, 26, LAST))
    assert near + 15 < later and later <= last < 3 * 255 - 60


def test_hovering_tells_what_a_point_is_and_shows_it(open_player):
    page = open_player("label")
    hover(page, cases.lone_place(LAST))
    expect(page.get_by_text("Label 7 · index 7 · z1 = 3.50, z2 = −4.50")).to_be_visible()
    assert tile_greys(page, "of the point under the mouse") == [(7 + 40, 40), (4 * LAST, 4 * LAST)]
    assert page.locator(".hover-pair canvas").first.bounding_box()["width"] == 3 * cases.SIDE
    hover(page, (4.8, 4.8))
    expect(page.get_by_text("Label 7 · index 7")).to_be_hidden()


def tile_greys(page: Page, name: str) -> list[tuple[int, int]]:
    """The greys at the top and at the bottom of an image and its reconstruction."""
    found = []
    for kind in ("Original", "Reconstruction"):
        tile = page.get_by_role("img", name=f"{kind} {name}")
        expect(tile).to_be_visible()
        values = tile.evaluate(
            """canvas => [[0, 0], [canvas.width - 1, canvas.height - 1]].map(
              ([x, y]) => canvas.getContext('2d').getImageData(x, y, 1, 1).data[0])"""
        )
        found.append(tuple(values))
    return found


@pytest.mark.gate
def test_a_click_pins_and_the_same_click_unpins(open_player):
    page = open_player("label")
    x, y = on_canvas(page, *cases.lone_place(LAST))
    plane(page).click(position={"x": x, "y": y})
    caption(page, "epoch None, pin 7")
    card = page.get_by_role("group", name="Pinned image")
    expect(card.get_by_text("Pinned: test image 7, a 7")).to_be_visible()
    assert tile_greys(page, "of test image 7, a 7") == [(7 + 40, 40), (4 * LAST, 4 * LAST)]
    plane(page).click(position={"x": x, "y": y})
    caption(page, "epoch None, pin None")
    expect(card).to_be_hidden()


# Notes what the tooltip says whenever something is clicked.
NOTE_TOOLTIP = """canvas => {
  window.clicked = [];
  const tooltip = canvas.parentElement.querySelector('.tooltip-text');
  addEventListener('click', () => window.clicked.push(Number(tooltip.textContent.match(/index (\\d+)/)[1])), true);
}"""
PINNED = "canvas => canvas.closest('.player').querySelector('.pin-title').textContent.match(/image (\\d+)/)[1]"


def click_here(page: Page) -> tuple[int, int]:
    """Press the mouse where it is; the image that the tooltip showed then, and the one that is pinned by that."""
    page.mouse.down()
    page.mouse.up()
    return page.evaluate("clicked.at(-1)"), int(plane(page).evaluate(PINNED))


@pytest.mark.parametrize("scale", [1.0, 1.1, 1.25, 2.0])
def test_a_click_at_fractions_of_a_pixel_pins_the_image_of_the_tooltip(open_player, scale):
    page = open_player("all", scale=scale)
    plane(page).evaluate(NOTE_TOOLTIP)
    box = plane(page).bounding_box()
    middle = on_canvas(page, *cases.centre(3, LAST))
    for step in range(8):
        # In the middle of a crowd, where every fraction of a pixel has a nearest point of its own.
        page.mouse.move(box["x"] + middle[0] + 3.37 * step + 0.55, box["y"] + middle[1] - 2.61 * step + 0.45)
        shown, pinned = click_here(page)
        assert pinned == shown, step


def test_a_click_while_the_player_plays_pins_the_image_of_the_tooltip(open_player):
    page = open_player("all")
    plane(page).evaluate(NOTE_TOOLTIP)
    go_to(page, 0)
    plane(page).focus()
    for _ in range(3):
        hover(page, cases.centre(3, int(page.locator(".player").get_attribute("data-epoch") or 0)))
        before = page.locator(".player").get_attribute("data-epoch")
        page.keyboard.press(" ")
        expect(page.locator(".player")).not_to_have_attribute("data-epoch", before or "")
        page.wait_for_timeout(300)
        shown, pinned = click_here(page)
        page.keyboard.press(" ")
        assert pinned == shown


def test_a_tap_shows_and_pins_an_image(open_player):
    page = open_player("label", width=400, has_touch=True)
    x, y = on_canvas(page, *cases.lone_place(LAST))
    plane(page).tap(position={"x": x, "y": y})
    expect(page.get_by_text("Label 7 · index 7 ·")).to_be_visible()
    caption(page, "epoch None, pin 7")
    plane(page).tap(position={"x": x, "y": y})
    caption(page, "epoch None, pin None")


def test_the_pinned_reconstruction_follows_the_slider(open_player):
    page = open_player("label", pin=1234)
    expect(page.get_by_text("Pinned: test image 1234, a 3")).to_be_visible()
    for epoch in (20, 5):
        go_to(page, epoch)
        assert tile_greys(page, "of test image 1234, a 3")[1] == (4 * epoch, 4 * epoch)
    page.get_by_role("button", name="Unpin").click()
    caption(page, "epoch 5, pin None")
    expect(page.get_by_text("Pinned:")).to_be_hidden()


def test_the_keyboard_finds_and_pins_points(open_player):
    page = open_player("label")
    go_to(page, 0)
    plane(page).focus()
    # At first the point nearest to the centre; far below it there is only the one that stands alone.
    for key in ("ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    lowest = plane(page).get_attribute("data-marked")
    page.keyboard.press("Enter")
    caption(page, f"epoch 0, pin {lowest}")
    expect(plane(page)).to_be_focused()
    page.keyboard.press("Enter")
    caption(page, "epoch 0, pin None")
    page.keyboard.press("Escape")
    expect(page.get_by_text("Label 7 ·")).to_be_hidden()


def test_the_dimensions_follow_the_slider(open_player):
    page = open_player("label")
    for epoch in (LAST, 0, 20):
        go_to(page, epoch)
        figures = cases.figures(epoch)
        for dimension in range(cases.LATENT_DIM):
            row = page.locator(f"[data-dimension='{dimension + 1}']")
            shown = [row.get_attribute(f"data-{name}").replace("−", "-") for name in ("kl", "mean", "variance")]
            for text, name in zip(shown, ("kl", "mean", "variance"), strict=True):
                assert abs(float(text) - float(figures[name][dimension])) <= 0.0051
            assert row.get_attribute("data-collapsed") == str(bool(figures["kl"][dimension] < 0.01)).lower()
    name = "z8: KL 0.004 nats, collapsed, mean 0.18, variance 0.00"
    expect(page.get_by_role("button", name=name)).to_contain_text("collapsed")
    expect(page.get_by_text("nats in 8 dimensions, 1 collapsed")).to_be_visible()


def test_many_dimensions_are_scrolled(open_player):
    page = open_player("label", dimensions=cases.MANY_DIMENSIONS)
    go_to(page, 13)
    last = page.locator(f"[data-dimension='{cases.MANY_DIMENSIONS}']")
    kl = float(cases.figures(13, cases.MANY_DIMENSIONS)["kl"][-1])
    # What is out of sight follows when the slider rests.
    expect(last).to_have_attribute("data-kl", f"{kl:.3f}")
    expect(page.get_by_text("nats in 64 dimensions, 1 collapsed")).to_be_visible()
    player = page.locator(".player").bounding_box()
    assert player["height"] < 900
    page.locator("[data-dimension='1']").focus()
    for _ in range(cases.MANY_DIMENSIONS - 1):
        page.keyboard.press("ArrowDown")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()


def test_a_dimension_is_highlighted_by_mouse_and_keyboard(open_player):
    page = open_player("label")
    curves = page.get_by_role("img", name="KL, mean and variance of 8 latent dimensions over 40 of 40 epochs")
    plain = curves.evaluate("canvas => canvas.toDataURL()")
    row = page.locator("[data-dimension='2']")
    row.click()
    expect(row).to_have_attribute("aria-pressed", "true")
    expect(curves).to_have_attribute("data-highlighted", "2")
    assert curves.evaluate("canvas => canvas.toDataURL()") != plain
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-dimension='3']")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(row).to_have_attribute("aria-pressed", "false")
    page.wait_for_function("([canvas, plain]) => canvas.toDataURL() === plain", arg=[curves.element_handle(), plain])


def test_a_picture_is_downloaded_with_its_label_and_epoch(open_player):
    page = open_player("label")
    go_to(page, 12)
    page.get_by_role("button", name="Download PNG").focus()
    with page.expect_download() as event:
        page.keyboard.press("Enter")
    assert event.value.suggested_filename == "latent_space_7_epoch_12.png"
    stage = page.locator(".curve-stage")
    stage.hover()
    with page.expect_download() as event:
        stage.get_by_role("button", name="PNG of the curves").click()
    assert event.value.suggested_filename == "latent_dimensions.png"
    with Image.open(event.value.path()) as picture:
        width, height = stage.evaluate("it => [it.clientWidth, it.clientHeight]")
        assert picture.size == (3 * width, 3 * height)
        assert len(picture.convert("RGB").getcolors(10**6)) > 20


@pytest.mark.parametrize("width", [400, 1280])
def test_the_dimensions_stand_beside_the_plane_or_below_it(open_player, width):
    page = open_player("label", pin=1234, width=width)
    left = plane(page).bounding_box()
    panel = page.get_by_role("region", name="Latent dimensions").bounding_box()
    assert panel["x"] + panel["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width == 400:
        assert panel["y"] >= left["y"] + left["height"]
    else:
        assert panel["x"] >= left["x"] + left["width"]


@pytest.mark.alone
def test_ten_thousand_points_follow_the_slider(open_player):
    page = open_player("all", pin=1234)
    epochs = [*cases.EPOCHS, *reversed(cases.EPOCHS[:-1])][1:]
    times = page.evaluate(SPEED, epochs)
    for name, values in times.items():
        print(f"{name}: median {median(values):.1f} ms, p95 {np.percentile(values, 95):.1f} ms")
    assert median(times["drawn"]) < 30
