"""The page of style transfer in a real browser: a digit drawn or brought, its versions, and what is taken home."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import Page, expect

from cvae_core.analysis.network import decode_images, decode_under_labels
from cvae_core.analysis.style import transfer
from cvae_core.architecture import DataShape
from cvae_core.data import load_dataset
from cvae_core.data.preprocessing import mnist_form, read_picture
from cvae_core.evaluation.classification import classify
from cvae_core.records import Bytes
from cvae_core.rendering.drawing import TileLayout
from cvae_core.runs.run import Run
from dashboard.components.latent_sliders import STEPS
from tests.e2e.conftest import OpenPage, Serve, unfold, wait_until_idle
from tests.e2e.test_drawing_pad import SEVEN, draw, given, pixels, ranking, versions
from tests.e2e.test_time_machine_views import network
from tests.e2e.time_machine import LAST, drag_to, expect_address, expect_epoch, player, slider, wait_until_loaded

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SHAPE = DataShape(28, 28, 1, 10)
NAMES = tuple("0123456789")
LABEL = 4


@pytest.fixture
def open_style(serve: Serve, folder: Path, open_page: OpenPage):
    def open_(query: str, width: int = 1280, dark: bool = False) -> Page:
        return open_page(f"{serve(CVAE_RUNS=str(folder))}/style?run=first&{query}", width=width, dark=dark)

    return open_


def figure(run: Run, epoch: int, image: Bytes, label: int) -> Bytes:
    """One hand as every label: uint8 (10, 1, 28, 28, 1)."""
    return transfer(network(run, epoch), image[None], np.array([label])).with_originals()


def downloaded(page: Page, name: str) -> tuple[str, bytes]:
    with page.expect_download() as event:
        page.get_by_role("button", name=name).last.click()
    path = event.value.path()
    return event.value.suggested_filename, Path(path).read_bytes()


def tiles_of_png(content: bytes) -> Bytes:
    """The only column of a picture, as it is written by the page: eight times enlarged, a margin of 16 around it."""
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    left, step = pixels.shape[1] - 16 - 224, 224 + 2
    rows = [pixels[16 + row * step : 16 + row * step + 224, left : left + 224, :1] for row in range(10)]
    return np.stack([row[::8, ::8] for row in rows])[:, None]


def tiles_of_gif(content: bytes) -> list[Bytes]:
    """The only column of each frame."""
    layout = TileLayout(10, 1, 28, 28, 2, 2, NAMES)
    frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(Image.open(io.BytesIO(content)))]
    boxes = [layout.box(row, 0) for row in range(10)]
    return [
        np.stack([frame[top:bottom:2, left:right:2, :1] for left, top, right, bottom in boxes])[:, None]
        for frame in frames
    ]


@pytest.mark.gate
def test_a_drawn_digit_is_seen_as_every_label_at_every_epoch_and_taken_home(open_style, folder: Path) -> None:
    run = Run(folder / "first")
    page = open_style(f"source=drawn&epoch={LAST}")
    draw(page, SEVEN)
    image = given(page)
    expected = classify(network(run, LAST), image[None]).ranking[0]
    assert ranking(page) == [str(label) for label in expected]
    page.get_by_label("Which label the drawing has").select_option(str(LABEL))
    wait_until_loaded(page, LAST + 1)
    drag_to(page, 3)
    expect_epoch(page, 3, LAST)
    expect_address(page, epoch="3")
    wait_until_idle(page)
    model = network(run, 3)
    z, _ = model.encode(image[None], np.array([LABEL]))
    assert np.abs(versions(page) - decode_images(model, np.tile(z, (10, 1)), np.arange(10)).astype(int)).max() <= 1

    player(page).hover()
    with page.expect_download() as event:
        player(page).get_by_role("button", name="Download PNG").click()
    assert event.value.suggested_filename == "style_epoch_3.png"
    content = Path(event.value.path()).read_bytes()
    np.testing.assert_array_equal(tiles_of_png(content), figure(run, 3, image, LABEL))

    unfold(page, "Export animation")
    page.get_by_role("button", name="Create animation").click()
    name, content = downloaded(page, "Download style.gif")
    assert name == "style.gif"
    frames = tiles_of_gif(content)
    assert len(frames) == LAST + 1
    for epoch, frame in enumerate(frames):
        np.testing.assert_array_equal(frame, figure(run, epoch, image, LABEL))


def photograph() -> bytes:
    """A 7 in blue ink on uneven, noisy paper, lying on its side as a telephone keeps it."""
    random = np.random.default_rng(0)
    paper = 190 + 30 * np.linspace(0, 1, 300)[:, None] + random.normal(0, 3, (300, 240))
    picture = np.repeat(paper[..., None], 3, axis=2)
    picture[60:84, 60:180] = (30, 40, 110)
    for row in range(84, 240):
        left = 168 - (row - 84) // 2
        picture[row, left - 18 : left + 6] = (30, 40, 110)
    upright = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(stream, "JPEG", quality=90, exif=exif)
    return stream.getvalue()


def upload(page: Page, name: str, content: bytes) -> None:
    kind = {"gif": "image/gif", "jpg": "image/jpeg"}.get(name.rpartition(".")[2], "image/png")
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": kind, "buffer": content})
    wait_until_idle(page)


def test_a_photograph_is_brought_to_the_models_form_and_redrawn(open_style, folder: Path) -> None:
    run, content = Run(folder / "first"), photograph()
    page = open_style("source=uploaded&epoch=2")
    upload(page, "seven.jpg", content)
    expect(page.get_by_text("rotated upright")).to_be_visible()
    expect(page.get_by_text("After preprocessing", exact=True)).to_be_visible()
    wait_until_loaded(page, LAST + 1)
    read = read_picture(io.BytesIO(content))
    image = np.rint(255 * mnist_form(read.pixels, SHAPE, read.least_noise)).astype(np.uint8)
    best = int(classify(network(run, 2), image[None]).ranking[0, 0])
    expect(page.get_by_text(f"Classified as {best} (")).to_be_visible()
    player(page).hover()
    with page.expect_download() as event:
        player(page).get_by_role("button", name="Download PNG").click()
    taken = tiles_of_png(Path(event.value.path()).read_bytes())
    np.testing.assert_array_equal(taken, figure(run, 2, image, best))


def png(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def test_what_is_no_digit_is_told_in_one_sentence_and_another_file_can_follow(open_style) -> None:
    page = open_style("source=uploaded&epoch=2")
    for content, words in (
        (b"", "The file is empty."),
        (b"no picture", "not a picture that can be read"),
        (png(Image.new("L", (10_000, 10_000))), "10,000 x 10,000 pixels"),
        (png(Image.new("RGBA", (60, 60))), "all of one colour"),
        (photograph()[:3000], "damaged"),
    ):
        upload(page, "picture.png", content)
        alert = page.get_by_test_id("stAlertContentError")
        expect(alert).to_have_count(1)
        expect(alert).to_contain_text(words)
        expect(player(page)).to_have_count(0)
    upload(page, "seven.jpg", photograph())
    wait_until_loaded(page, LAST + 1)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def test_the_page_can_be_used_while_the_style_is_measured(open_style) -> None:
    page = open_style("epoch=7")
    wait_until_loaded(page, LAST + 1)
    page.get_by_role("button", name="Evaluate epoch 7").click()
    expect(page.get_by_text("Evaluating epoch 7")).to_be_visible()
    slider(page).scroll_into_view_if_needed()
    drag_to(page, 2)
    expect_epoch(page, 2, LAST)
    expect_address(page, epoch="2")
    expect(page.get_by_text("Epoch 7: slant kept with")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("button", name="Evaluate epoch 2")).to_be_visible()


@pytest.mark.parametrize("source", ["sevens", "picked", "drawn", "uploaded"])
def test_nothing_is_wider_than_a_narrow_page(open_style, source: str) -> None:
    page = open_style(f"source={source}&picked=1,2", width=400, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    for part in page.get_by_test_id("stMainBlockContainer").locator("canvas:visible, button:visible").all():
        box = part.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 400 or part.evaluate("it => !!it.closest('[role=radiogroup]')")


def test_a_single_digit_is_blended_with_one_of_the_training_set(open_style, folder: Path) -> None:
    run = Run(folder / "first")
    page = open_style("source=pinned&pin=5&epoch=2")
    page.get_by_text("Latent sliders").click()
    page.get_by_role("combobox", name="Blend with").click()
    page.get_by_role("option", name="3 of the training set").click()
    wait_until_idle(page)
    model, data = network(run, 2), load_dataset(run.config().data)
    three = np.flatnonzero(data.train.labels == 3)[:1]
    ends = [
        model.encode(data.test.images[5:6], data.test.labels[5:6])[0][0],
        model.encode(data.train.images[three], data.train.labels[three])[0][0],
    ]
    expected = decode_under_labels(model, np.linspace(*ends, STEPS, dtype=np.float32))[0]
    found = pixels(page.locator(".blend-grid canvas"))[..., :1].reshape(expected.shape)
    assert np.abs(found - expected.astype(int)).max() <= 1
