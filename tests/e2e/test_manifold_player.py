"""Players of manifolds under the lens: decoders come for the epochs at which it is used, and the panel follows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from scipy.special import ndtri

from cvae_core.analysis.network import decode_images
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle
from tests.e2e.lens_cases import DAMAGED, EPOCHS, QUANTILES, trained
from tests.e2e.test_lens import code, expect_images, panel, settle

pytestmark = pytest.mark.e2e

GALLERY = Path(__file__).with_name("manifold_player_gallery.py")
SIZE = 15


@pytest.fixture
def page(serve: Serve, open_page: OpenPage) -> Page:
    page = open_page(serve(GALLERY))
    expect(page.locator(f".player[data-loaded='{len(EPOCHS)}/{len(EPOCHS)}']")).to_be_attached()
    return page


def plane(page: Page) -> Locator:
    return page.get_by_role("application", name="Manifold of 4.")


def tile(page: Page, column: int, row: int) -> dict[str, float]:
    """CSS pixels of a tile's centre."""
    box = plane(page).bounding_box()
    assert box is not None
    return {"x": (column + 0.5) * box["width"] / SIZE, "y": (row + 0.5) * box["height"] / SIZE}


def step_to(page: Page, name: str, epoch: int) -> None:
    page.get_by_role("button", name=name).click()
    expect(page.locator(f".player[data-epoch='{epoch}']")).to_be_attached()


def expect_panel(page: Page, epoch: int, dimensions: tuple[int, int] = (0, 1)) -> None:
    """The panel shows, undimmed, what the epoch's network makes of its code under each label."""
    expect(panel(page)).not_to_have_class(re.compile("waiting"))
    settle(page)
    z = np.zeros((10, 3), np.float32)
    z[:, list(dimensions)] = code(page)
    expect_images(panel(page).locator(".lens-labels canvas"), decode_images(trained(epoch), z, np.arange(10)))


def test_a_held_place_follows_the_epochs(page):
    plane(page).click(position=tile(page, 3, 9))
    expect_panel(page, 0)
    held = code(page)
    low, high = QUANTILES
    np.testing.assert_allclose(held, ndtri(low + (high - low) * np.array([3, 9]) / (SIZE - 1)), atol=0.02)
    expect(page.get_by_text(f"z ({held[0]}, {held[1]});")).to_be_visible()
    step_to(page, "Next epoch", 1)
    expect_panel(page, 1)
    step_to(page, "Next epoch", 2)
    expect_panel(page, 2)
    expect(page.get_by_text("decoders [0, 1, 2]")).to_be_visible()
    assert code(page) == held


def test_a_decoder_that_came_once_is_kept(page):
    plane(page).click(position=tile(page, 7, 7))
    expect_panel(page, 0)
    step_to(page, "Next epoch", 1)
    expect_panel(page, 1)
    step_to(page, "Previous epoch", 0)
    expect_panel(page, 0)
    wait_until_idle(page)
    expect(page.get_by_text("decoders [0, 1]")).to_be_visible()


def test_without_the_lens_no_decoder_is_sent(page):
    step_to(page, "Next epoch", 1)
    wait_until_idle(page)
    expect(page.get_by_text("Python has epoch 1, z None; decoders []")).to_be_visible()


def test_an_epoch_without_snapshot_dims_the_panel(page):
    plane(page).click(position=tile(page, 7, 7))
    step_to(page, "Last epoch", EPOCHS[-1])
    expect_panel(page, EPOCHS[-1])
    page.get_by_role("button", name="Previous epoch").click()
    expect(page.get_by_text("The snapshot is truncated.")).to_be_visible()
    assert EPOCHS[-2] == DAMAGED
    expect(panel(page)).to_have_class(re.compile("waiting"))
    step_to(page, "Previous epoch", 2)
    expect_panel(page, 2)


def test_another_plane_lets_go_of_the_place(page):
    plane(page).click(position=tile(page, 3, 9))
    expect_panel(page, 0)
    page.get_by_text("Turned").click()
    expect(page.get_by_text("z None")).to_be_visible()
    plane(page).click(position=tile(page, 3, 9))
    expect_panel(page, 0, dimensions=(1, 0))
    expect(panel(page).locator("output")).to_have_text(re.compile("z2 = .*, z1 = "))


def test_a_remembered_place_is_held_when_its_run_is_shown(page):
    page.get_by_label("Run").click()
    page.get_by_role("option", name="two").click()
    expect(panel(page)).to_have_attribute("data-z", "[0.5,-0.25]")
    expect_panel(page, 0)


def test_other_labels_stand_below_and_only_the_first_has_the_lens(page):
    page.get_by_text("All labels").click()
    expect(page.get_by_role("img", name="Manifold of 9.", exact=True)).to_be_visible()
    expect(page.get_by_role("application")).to_have_count(1)
    first, other = plane(page).bounding_box(), page.get_by_role("img", name="Manifold of 0.", exact=True).bounding_box()
    assert first is not None and other is not None and other["y"] > first["y"] + first["height"]
    page.get_by_text("All labels").click()
    expect(page.get_by_role("img", name="Manifold of 9.", exact=True)).to_have_count(0)


@pytest.mark.parametrize(("width", "beside"), [(400, False), (1280, True)])
def test_the_panel_stands_beside_the_plane_where_there_is_room(serve: Serve, open_page: OpenPage, width, beside):
    page = open_page(serve(GALLERY), width=width)
    plane(page).click(position={"x": 90, "y": 50})
    expect_panel(page, 0)
    box, shown = plane(page).bounding_box(), panel(page).bounding_box()
    assert box is not None and shown is not None
    assert (shown["x"] >= box["x"] + box["width"]) == beside
    assert (shown["y"] >= box["y"] + box["height"]) != beside
    assert shown["x"] + shown["width"] <= width
