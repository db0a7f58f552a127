"""What is looked at on the pages over a run's snapshots: points, pins, places, links, and the way back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from scipy.special import ndtri

from cvae_core.analysis.network import decode_images
from cvae_core.analysis.reconstruction import reconstruct
from cvae_core.data import dataset_shape, load_test_data
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.records import Split
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot
from tests.e2e.conftest import wait_until_idle
from tests.e2e.test_latent_player import on_canvas_of
from tests.e2e.test_lens import code, expect_images, panel, settle
from tests.e2e.time_machine import (
    EVERY_PAGE,
    LAST,
    PAGES,
    OpenTimeMachine,
    address,
    drag_to,
    expect_address,
    expect_epoch,
    fingerprint,
    go_to_page,
    pictures,
    press,
    wait_until_loaded,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

GRID, QUANTILES = 15, (0.05, 0.95)


def network(run: Run, epoch: int) -> FoldedNetwork:
    config = run.config()
    return FoldedNetwork(config.model, dataset_shape(config.data), load_snapshot(run.snapshots_folder, epoch))


def images_of(run: Run) -> Split:
    return load_test_data(run.config().data).test


def lone_point(run: Run, epoch: int, label: int) -> tuple[int, tuple[float, float]]:
    """Index and code of the image of a label that lies farthest from the label's others within the picture."""
    test = images_of(run)
    indices = np.flatnonzero(test.labels == label)
    z, _ = network(run, epoch).encode(test.images[indices], test.labels[indices])
    distances = np.linalg.norm(z[:, None] - z[None], axis=-1) + np.diag(np.full(len(z), np.inf))
    distances[np.abs(z).max(axis=1) > 4.5] = 0
    loneliest = int(distances.min(axis=1).argmax())
    assert distances[loneliest].min() > 0.3
    return int(indices[loneliest]), (float(z[loneliest, 0]), float(z[loneliest, 1]))


def test_hovering_a_point_tells_what_it_is(open_time_machine: OpenTimeMachine, folder: Path) -> None:
    run, epoch, label = Run(folder / "first"), 3, 7
    index, place = lone_point(run, epoch, label)
    page = open_time_machine("latent", epoch=epoch, label=label)
    canvas = page.get_by_role("application", name=re.compile("codes of test images of 7"))
    x, y = on_canvas_of(canvas, *place)
    canvas.hover(position={"x": x, "y": y})
    z1, z2 = (f"{value:.2f}".replace("-", "−") for value in place)
    expect(page.get_by_text(f"Label 7 · index {index} · z1 = {z1}, z2 = {z2}")).to_be_visible()
    record_of_image = reconstruct(network(run, epoch), images_of(run), np.array([index]))
    both = np.concatenate([record_of_image.originals, record_of_image.reconstructions])
    tiles = page.locator(".hover-pair canvas")
    expect(tiles.first).to_be_visible()
    expect_images(tiles, both)


@pytest.mark.gate
def test_a_clicked_point_stays_pinned_on_every_page(open_time_machine: OpenTimeMachine, folder: Path) -> None:
    epoch, label = 3, 7
    index, place = lone_point(Run(folder / "first"), epoch, label)
    page = open_time_machine("latent", epoch=epoch, label=label)
    canvas = page.get_by_role("application", name=re.compile("codes of test images of 7"))
    x, y = on_canvas_of(canvas, *place)
    canvas.click(position={"x": x, "y": y})
    pin = str(index)
    expect_address(page, pin=pin)
    card = page.get_by_role("group", name="Pinned image")
    expect(card).to_contain_text(f"test image {index}, a 7")
    for name in ("manifold", "samples"):
        go_to_page(page, name, LAST + 1)
        expect_address(page, pin=pin, epoch=str(epoch), label=str(label))
        expect(page.get_by_role("spinbutton", name="Pinned image")).to_have_value(pin)
        page.reload()
        wait_until_loaded(page, LAST + 1)
        expect_address(page, pin=pin)
        expect(page.get_by_role("spinbutton", name="Pinned image")).to_have_value(pin)
    go_to_page(page, "latent", LAST + 1)
    expect(page.get_by_role("group", name="Pinned image")).to_contain_text(f"test image {index}, a 7")


def test_the_card_of_the_pin_follows_the_slider_while_it_is_dragged(
    open_time_machine: OpenTimeMachine, folder: Path
) -> None:
    run = Run(folder / "first")
    page = open_time_machine("latent", epoch=0, label=7, pin=12)
    tiles = page.get_by_role("group", name="Pinned image").locator("canvas")
    for epoch in (3, 9):
        drag_to(page, epoch, let_go=False)
        expect_epoch(page, epoch, LAST)
        record_of_image = reconstruct(network(run, epoch), images_of(run), np.array([12]))
        expect_images(tiles, np.concatenate([record_of_image.originals, record_of_image.reconstructions]))
    expect_address(page, epoch="0")
    page.mouse.up()


def test_the_path_of_the_pin_is_drawn_for_every_visitor(open_time_machine: OpenTimeMachine, folder: Path) -> None:
    run = Run(folder / "first")
    test = images_of(run)
    pages = [open_time_machine("latent", epoch=6, label=7, pin=12) for _ in range(2)]
    bare = open_time_machine("latent", epoch=6, label=7)
    places = [network(run, epoch).encode(test.images[12:13], test.labels[12:13])[0][0] for epoch in range(LAST + 1)]
    inside = [place for place in places if np.abs(place).max() < 4.9]
    assert len(inside) >= 3
    without = colours_at(bare, inside)
    for page in pages:
        for place, before, now in zip(inside, without, colours_at(page, inside), strict=True):
            assert before != now, place


def colours_at(page: Page, places: list[np.ndarray]) -> list[list[int]]:
    """What stands on the canvas at some codes."""
    canvas = page.get_by_role("application", name=re.compile("codes of test images"))
    spots = [on_canvas_of(canvas, float(x), float(y)) for x, y in places]
    found: list[list[int]] = canvas.evaluate(
        """(canvas, spots) => spots.map(([x, y]) => {
          const ratio = canvas.width / canvas.clientWidth;
          const pixel = [Math.floor(x * ratio), Math.floor(y * ratio), 1, 1];
          return [...canvas.getContext('2d').getImageData(...pixel).data];
        })""",
        spots,
    )
    return found


@pytest.mark.gate
def test_the_lens_decodes_every_label_and_a_click_holds_it(open_time_machine: OpenTimeMachine, folder: Path) -> None:
    run = Run(folder / "first")
    page = open_time_machine("manifold", epoch=2, label=4)
    canvas = page.get_by_role("application", name=re.compile("Manifold of 4"))
    box = canvas.bounding_box()
    assert box is not None
    for column, row in ((3, 9), (11, 2)):
        canvas.hover(position={"x": (column + 0.5) * box["width"] / GRID, "y": (row + 0.5) * box["height"] / GRID})
        expect(panel(page)).not_to_have_class(re.compile("waiting"))
        settle(page)
        low, high = QUANTILES
        expected = ndtri(low + (high - low) * np.array([column, row]) / (GRID - 1))
        np.testing.assert_allclose(code(page), expected, atol=0.02)
        z = np.tile(np.array(code(page), np.float32), (10, 1))
        expect_images(panel(page).locator(".lens-labels canvas"), decode_images(network(run, 2), z, np.arange(10)))
    page.mouse.down()
    page.mouse.up()
    held = code(page)
    expect(page).to_have_url(re.compile("[?&]z="))
    in_address = [float(number) for number in address(page)["z"].split(",")]
    np.testing.assert_allclose(in_address, held, rtol=1e-5)
    page.reload()
    wait_until_loaded(page, LAST + 1)
    np.testing.assert_allclose(code(page), held, rtol=1e-5)


LINKS = {
    "latent": {"run": "second", "epoch": "7", "label": "3", "x": "2", "y": "1", "pin": "12"},
    "manifold": {"run": "second", "epoch": "7", "label": "3", "x": "2", "y": "1", "size": "6", "z": "0.5,-0.25"},
    "samples": {"run": "second", "epoch": "7", "label": "3", "seed": "5", "columns": "4", "temperature": "0.5"},
}


@EVERY_PAGE
def test_a_link_brings_that_very_view(open_time_machine: OpenTimeMachine, name: str) -> None:
    page = open_time_machine(name, **LINKS[name])
    expect_epoch(page, 7, LAST)
    assert address(page) == LINKS[name]
    twin = open_time_machine(name, **LINKS[name])
    other = open_time_machine(name, **{**LINKS[name], "run": "first"})
    assert pictures(twin) == pictures(page) != pictures(other)


@EVERY_PAGE
def test_back_brings_the_page_before_back_as_it_was(open_time_machine: OpenTimeMachine, name: str) -> None:
    page = open_time_machine(name, epoch=0)
    other = next(page for page in PAGES if page != name)
    marks = []
    for epoch, to in ((3, other), (9, None)):
        drag_to(page, epoch)
        expect_epoch(page, epoch, LAST)
        expect_address(page, epoch=str(epoch))
        wait_until_idle(page)
        marks.append(fingerprint(page))
        if to:
            go_to_page(page, to, LAST + 1)
    page.go_back()
    wait_until_loaded(page, LAST + 1)
    expect_epoch(page, 3, LAST)
    expect_address(page, epoch="3")
    assert fingerprint(page) == marks[0]
    page.go_forward()
    wait_until_loaded(page, LAST + 1)
    expect_epoch(page, 9, LAST)
    expect_address(page, epoch="9")
    assert fingerprint(page) == marks[1]


@pytest.mark.gate
def test_the_pages_share_run_epoch_and_label(open_time_machine: OpenTimeMachine) -> None:
    page = open_time_machine("latent", run="second", epoch=2, label=6)
    drag_to(page, 8)
    expect_address(page, epoch="8")
    for name in ("manifold", "samples", "latent"):
        go_to_page(page, name, LAST + 1)
        expect_epoch(page, 8, LAST)
        expect_address(page, run="second", epoch="8", label="6")
    press(page, "Next epoch")
    expect_address(page, epoch="9")
    go_to_page(page, "manifold", LAST + 1)
    expect_epoch(page, 9, LAST)
