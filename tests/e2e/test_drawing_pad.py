"""The pad in a real browser: what is drawn, what the model is given, and what follows the pen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cvae_core.analysis.network import decode_images
from cvae_core.data.preprocessing import mnist_form
from cvae_core.evaluation.classification import classify
from cvae_core.records import Bytes
from tests.e2e.canvases import pixels
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle
from tests.e2e.style_cases import COLOUR, network

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("drawing_pad_gallery.py")
SEVEN = ((80, 60), (200, 62), (170, 120), (140, 180), (120, 235))
BAR = ((90, 150), (200, 140))
# Milliseconds of work for one frame, 30 of them a second.
FRAME_MS = 33.0


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    return open_page(serve(GALLERY))


def paper(page: Page) -> Locator:
    return page.locator(".pad-paper")


def draw(page: Page, points: Sequence[tuple[float, float]], lift: bool = True) -> None:
    """A stroke of the mouse, in pixels of the paper."""
    box = paper(page).bounding_box()
    assert box is not None
    scale = box["width"] / 280
    for index, (x, y) in enumerate(points):
        page.mouse.move(box["x"] + scale * x, box["y"] + scale * y, steps=1 if index == 0 else 5)
        if index == 0:
            page.mouse.down()
    if lift:
        page.mouse.up()
    settle(page)


def settle(page: Page) -> None:
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def given(page: Page, channels: int = 1) -> Bytes:
    return pixels(page.locator(".pad-given canvas"))[0, :, :, :channels]


def versions(page: Page) -> Bytes:
    return pixels(page.locator(".label-cell canvas"))


def expect_versions(page: Page, image: Bytes, label: int, name: str = "tutorial", epoch: int = 0) -> None:
    """The image's code under a label, decoded with every label."""
    model = network(name, epoch)
    labels = np.arange(model.architecture.shape.n_classes)
    z, _ = model.encode(image[None], np.array([label]))
    expected = decode_images(model, np.tile(z, (len(labels), 1)), labels)
    assert np.abs(versions(page).astype(int) - expected).max() <= 1


def ranking(page: Page) -> list[str]:
    return page.locator(".pad-rank-name").all_text_contents()


def chosen(page: Page) -> str | None:
    return page.locator(".label-cell[aria-current=true] figcaption").text_content()


def test_the_model_is_given_the_drawing_in_mnists_form(page):
    draw(page, SEVEN)
    draw(page, BAR)
    ink = pixels(paper(page))[0, :, :, :1]
    assert ink.max() == 255 and (ink == 0).mean() > 0.5
    expected = np.rint(255 * mnist_form(ink, network("tutorial").architecture.shape))
    assert np.abs(given(page) - expected).max() <= 1


@pytest.mark.gate
def test_labels_are_ranked_as_python_ranks_them(page):
    draw(page, SEVEN)
    image = given(page)
    expected = classify(network("tutorial"), image[None])
    assert ranking(page) == [str(label) for label in expected.ranking[0]]
    best = int(expected.ranking[0, 0])
    odds = 100 * expected.odds[0, best]
    shown = page.locator(".pad-rank-odds").first.text_content()
    assert shown == ("> 99.9 %" if odds > 99.95 else f"{odds:.1f} %")
    nats = page.locator(".pad-rank-nats").first.text_content() or ""
    assert float(nats.replace("−", "-").removesuffix(" nats")) == pytest.approx(expected.elbo[0, best], abs=0.06)


def test_versions_are_the_drawings_code_under_every_label(page):
    draw(page, SEVEN)
    image = given(page)
    best = int(classify(network("tutorial"), image[None]).ranking[0, 0])
    assert chosen(page) == str(best)
    expect_versions(page, image, best)


def test_versions_follow_the_pen_before_it_is_lifted(page):
    draw(page, SEVEN[:3], lift=False)
    first = versions(page)
    expect(page.get_by_text("reported False")).to_be_visible()
    box = paper(page).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 120, box["y"] + 230, steps=5)
    settle(page)
    assert np.abs(versions(page).astype(int) - first).max() > 5
    page.mouse.up()
    expect(page.get_by_text("reported True")).to_be_visible()


def test_a_lifted_pen_reports_what_the_model_is_given(page):
    draw(page, SEVEN)
    expect(page.get_by_text(f"Epoch 0, label None, ink {given(page).sum(dtype=int)}, reported True")).to_be_visible()


def test_a_chosen_label_is_encoded_with_and_reported(page):
    draw(page, SEVEN)
    wait_until_idle(page)
    page.get_by_label("Which label the drawing has").select_option("5")
    expect(page.get_by_text("label 5,")).to_be_visible()
    assert chosen(page) == "5"
    expect_versions(page, given(page), 5)
    page.locator(".pad-rank-button", has_text="2").filter(has_text=re.compile(r"^2")).click()
    expect(page.get_by_text("label 2,")).to_be_visible()
    page.get_by_label("Which label the drawing has").select_option("the model's choice")
    expect(page.get_by_text("label None,")).to_be_visible()
    page.get_by_role("button", name="Say 3").click()
    wait_until_idle(page)
    assert chosen(page) == "3"


def test_strokes_stay_when_another_epochs_network_comes(page):
    draw(page, SEVEN)
    before, image = pixels(paper(page)), given(page)
    page.get_by_role("button", name="Next epoch").click()
    expect(page.get_by_text("Epoch 1,")).to_be_visible()
    wait_until_idle(page)
    np.testing.assert_array_equal(pixels(paper(page)), before)
    np.testing.assert_array_equal(given(page), image)
    best = int(classify(network("tutorial", 1), image[None]).ranking[0, 0])
    expect_versions(page, image, best, epoch=1)


def test_who_leaves_the_pad_finds_the_drawing_again(page):
    draw(page, SEVEN)
    before, image = pixels(paper(page)), given(page)
    wait_until_idle(page)
    leave = page.get_by_text("Leave the pad")
    leave.click()
    expect(paper(page)).to_have_count(0)
    leave.click()
    expect(page.get_by_text(f"ink {image.sum(dtype=int)}, reported True")).to_be_visible()
    expect(paper(page)).to_be_visible()  # its modules may arrive after the text
    wait_until_idle(page)
    np.testing.assert_array_equal(pixels(paper(page)), before)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Undo the last stroke (Ctrl+Z)").click()
    expect(page.get_by_text("ink -1, reported True")).to_be_visible()


def test_strokes_are_taken_back_one_by_one_and_so_is_clearing(page):
    states = [pixels(paper(page))]
    for stroke in (SEVEN, BAR):
        draw(page, stroke)
        states.append(pixels(paper(page)))
    page.get_by_role("button", name="Clear the drawing").click()
    np.testing.assert_array_equal(pixels(paper(page)), states[0])
    expect(page.get_by_text("ink -1, reported True")).to_be_visible()
    undo = page.get_by_role("button", name="Undo the last stroke (Ctrl+Z)")
    undo.click()
    np.testing.assert_array_equal(pixels(paper(page)), states[2])
    page.keyboard.press("Control+z")
    np.testing.assert_array_equal(pixels(paper(page)), states[1])
    undo.click()
    np.testing.assert_array_equal(pixels(paper(page)), states[0])
    expect(undo).to_be_disabled()


def test_a_dot_is_too_little_and_says_so(page):
    expect(page.get_by_text("Draw on the dark square")).to_be_visible()
    page.get_by_label("Width of the brush").fill("8")
    draw(page, ((140, 140),))
    expect(page.get_by_text("There is too little in the picture")).to_be_visible()
    expect(page.get_by_text("ink -1, reported True")).to_be_visible()
    draw(page, SEVEN)
    expect(page.get_by_text("There is too little in the picture")).to_be_hidden()


def test_the_brush_has_the_width_that_was_set(page):
    for width in (10, 40):
        page.get_by_label("Width of the brush").fill(str(width))
        draw(page, ((40, 100), (240, 100)))
        column = pixels(paper(page))[0, 60:140, 140, 0]
        assert (column > 127).sum() == pytest.approx(width, abs=2)
        page.get_by_role("button", name="Clear the drawing").click()


def test_the_keyboard_draws(page):
    paper(page).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(paper(page)).to_be_focused()
    for key in ("Shift+ArrowUp", "Shift+ArrowUp", "Space", *["Shift+ArrowDown"] * 5, "Space"):
        page.keyboard.press(key)
    expect(page.get_by_text(re.compile(r"ink [1-9]\d+, reported True"))).to_be_visible()
    column = pixels(paper(page))[0, :, 140, 0]
    assert (column[95:210] == 255).all() and (column[230:] == 0).all()


def test_a_pens_pressure_widens_the_stroke(page):
    pen = """(canvas, force) => {
      const box = canvas.getBoundingClientRect();
      canvas.setPointerCapture = () => {};
      const at = (type, x) => canvas.dispatchEvent(new PointerEvent(type, {pointerId: 7, pointerType: 'pen', button: 0,
        pressure: force, clientX: box.left + x, clientY: box.top + 140, bubbles: true}));
      at('pointerdown', 60); at('pointermove', 220); at('pointerup', 220);
    }"""
    widths = []
    for force in (0.1, 0.9):
        paper(page).evaluate(pen, force)
        widths.append((pixels(paper(page))[0, :, 140, 0] > 127).sum())
        page.get_by_role("button", name="Clear the drawing").click()
    assert widths[1] > 2 * widths[0] > 0


def test_a_finger_draws_without_moving_the_page(serve: Serve, browser: Browser):
    context = browser.new_context(viewport={"width": 400, "height": 600}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(serve(GALLERY))
    wait_until_idle(page)
    fingers = context.new_cdp_session(page)
    box = paper(page).bounding_box()
    assert box is not None
    for kind, points in (
        ("touchStart", SEVEN[:1]),
        ("touchMove", SEVEN[2:3]),
        ("touchMove", SEVEN[4:]),
        ("touchEnd", ()),
    ):
        at = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in points]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})
        settle(page)
    expect(page.get_by_text("reported True")).to_be_visible()
    after = paper(page).bounding_box()
    context.close()
    assert after == box


def test_colour_images_of_another_size_are_given_their_own_form(serve: Serve, open_page: OpenPage):
    page = open_page(serve(GALLERY) + "/?network=colour")
    draw(page, SEVEN)
    ink = pixels(paper(page))[0, :, :, :1]
    assert np.abs(given(page, 3) - np.rint(255 * mnist_form(ink, COLOUR))).max() <= 1
    best = int(classify(network("colour"), given(page, 3)[None]).ranking[0, 0])
    assert ranking(page)[0] == f"class {best}"
    expect_versions(page, given(page, 3), best, "colour")


def test_without_condition_there_is_one_version_and_no_ranking(serve: Serve, open_page: OpenPage):
    page = open_page(serve(GALLERY) + "/?network=unconditional")
    draw(page, SEVEN)
    expect(page.get_by_label("Which label the drawing has")).to_be_hidden()
    assert ranking(page) == []
    model = network("unconditional")
    expected = model.reconstruct(given(page)[None], np.zeros(1, np.int64))
    assert np.abs(versions(page) - np.rint(255 * expected)).max() <= 1


@pytest.mark.parametrize("name", ["tutorial", "wide"])
@pytest.mark.alone
def test_versions_follow_the_pen_thirty_times_a_second(serve: Serve, open_page: OpenPage, name):
    page = open_page(serve(GALLERY) + f"/?network={name}")
    draw(page, SEVEN)
    # The pen moves once a frame, in the page itself: otherwise the driver's own pace would be measured.
    frames, seconds, spent = page.evaluate(
        """async () => {
          const deep = (root, selector) => root.querySelector(selector) ?? [...root.querySelectorAll('*')]
            .map(it => it.shadowRoot && deep(it.shadowRoot, selector)).find(Boolean);
          const pad = deep(document, '.drawing-pad'), canvas = deep(document, '.pad-paper');
          const box = canvas.getBoundingClientRect(), spent = [];
          canvas.setPointerCapture = () => {};
          const request = window.requestAnimationFrame.bind(window);
          window.requestAnimationFrame = act => request(now => {
            const begin = performance.now();
            act(now);
            spent.push(performance.now() - begin);
          });
          const at = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {pointerId: 9, pointerType: 'mouse',
            button: 0, clientX: box.left + x, clientY: box.top + y, bubbles: true}));
          const frame = () => new Promise(request);
          at('pointerdown', 60, 200);
          for (let i = 0; i < 10; i++) { at('pointermove', 60 + i, 200); await frame(); }
          spent.length = 0;
          const first = Number(pad.dataset.computed), begin = performance.now();
          for (let i = 0; i < 60; i++) { at('pointermove', 70 + 2 * i, 200 + 30 * Math.sin(i / 6)); await frame(); }
          const result = [Number(pad.dataset.computed) - first, (performance.now() - begin) / 1000, spent];
          at('pointerup', 200, 200);
          return result;
        }"""
    )
    assert frames >= 55
    # The faster quarter of the frames: what the others take besides is other work of the machine.
    needed = sorted(spent)[len(spent) // 4]
    print(f"{name}: {needed:.1f} ms of work a frame, {frames / seconds:.0f} frames a second")
    assert needed < FRAME_MS


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_nothing_is_wider_than_the_page(serve: Serve, open_page: OpenPage, width, dark):
    page = open_page(serve(GALLERY), width=width, dark=dark)
    draw(page, SEVEN)
    for item in page.locator("canvas:visible, button:visible, select:visible").all():
        box = item.bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width


def test_the_versions_are_taken_home_as_a_picture(page):
    draw(page, SEVEN)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download PNG").click()
    assert download.value.suggested_filename == "drawing_as_every_label_epoch_0.png"
