"""Back and Forward lead from page to page, and the menu of a narrow screen goes when a page was chosen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.run_states import make_run
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle
from tests.e2e.time_machine import LAST, choose_label, drag_to, expect_address, expect_epoch, slider, wait_until_loaded

pytestmark = pytest.mark.e2e

MENU = "[data-testid=stSidebar]"


@pytest.fixture(scope="module")
def address(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    runs = tmp_path_factory.mktemp("runs")
    make_run(runs, "second", "finished", LAST, seed=1000)
    make_run(runs, "first", "finished", LAST)
    return serve(CVAE_RUNS=str(runs))


def go_by_menu(page: Page, name: str, path: str) -> None:
    page.get_by_test_id("stHeader").get_by_role("link", name=name, exact=True).click()
    page.wait_for_url(re.compile(f"/{path}"))
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible(timeout=30_000)  # a cold server
    wait_until_idle(page)


@pytest.mark.gate
def test_back_takes_as_many_presses_as_pages_were_opened(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/")
    for name, path in (("Train", "train"), ("Latent space", "latent"), ("Manifold", "manifold")):
        go_by_menu(page, name, path)
    for path in ("latent", "train", ""):
        page.go_back()
        expect(page).to_have_url(re.compile(rf"^{address}/{path}(\?.*)?$"))
        wait_until_idle(page)
    for path in ("train", "latent", "manifold"):
        page.go_forward()
        expect(page).to_have_url(re.compile(rf"^{address}/{path}(\?.*)?$"))
        wait_until_idle(page)
    wait_until_loaded(page, LAST + 1)
    expect_epoch(page, LAST, LAST)


def test_what_is_looked_at_on_a_page_is_no_place_of_its_own(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/why")
    go_by_menu(page, "Latent space", "latent")
    wait_until_loaded(page, LAST + 1)
    length = page.evaluate("history.length")
    for epoch in (2, 7, 4):
        drag_to(page, epoch)
        expect_address(page, epoch=str(epoch))
    choose_label(page, "3")
    expect_address(page, label="3")
    wait_until_loaded(page, LAST + 1)
    assert page.evaluate("history.length") == length
    go_by_menu(page, "Samples", "samples")
    wait_until_loaded(page, LAST + 1)
    drag_to(page, 9)
    expect_address(page, epoch="9")
    page.go_back()
    wait_until_loaded(page, LAST + 1)
    # As it was left, and the address says so.
    expect_epoch(page, 4, LAST)
    expect_address(page, epoch="4", label="3")
    page.go_back()
    expect(page).to_have_url(f"{address}/why")


@pytest.mark.parametrize(
    "path", ["", "home", "nosuchpage", "why", "train", "train?run=second", "latent", "manifold?run=first"]
)
def test_back_leaves_from_a_link_that_was_followed(address: str, open_page: OpenPage, path: str) -> None:
    page = open_page("about:blank", idle=False)
    page.goto(f"{address}/{path}")
    wait_until_idle(page, 500)
    if path.startswith(("latent", "manifold")):
        wait_until_loaded(page, LAST + 1)
        slider(page).focus()
        page.keyboard.press("ArrowLeft")
        expect_address(page, epoch=str(LAST - 1))
    page.go_back()
    expect(page).to_have_url("about:blank")


def test_the_script_is_in_the_page_though_the_browser_has_it_already(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/why")
    for path in ("why", "train"):
        again = page.goto(f"{address}/{path}")
        assert again is not None
        assert again.status == 200
        assert "pushState" in again.text()


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_the_menu_of_a_phone_closes_after_a_choice(address: str, open_page: OpenPage, by: str) -> None:
    page = open_page(f"{address}/", width=390, height=844)
    for name in ("Latent space", "Train", "Train"):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(page.locator(MENU)).to_have_attribute("data-collapsed", "false")
        link = page.locator(MENU).get_by_role("link", name=name, exact=True)
        if by == "mouse":
            link.click()
        else:
            link.press("Enter")
        expect(page.locator(MENU)).to_have_attribute("data-collapsed", "true")
        expect(page.get_by_role("heading", level=1, name=name)).to_be_in_viewport()
        wait_until_idle(page)
        expect(page.locator(MENU)).to_have_attribute("data-collapsed", "true")
        assert page.evaluate("document.activeElement.dataset.testid") == "stMain"


def test_the_menu_of_a_phone_closes_once_where_streamlit_closes_it(address: str, open_page: OpenPage) -> None:
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
    page = open_page(f"{address}/", width=390, height=844, user_agent=agent, has_touch=True)
    page.get_by_test_id("stExpandSidebarButton").tap()
    page.locator(MENU).get_by_role("link", name="Samples", exact=True).tap()
    expect(page.get_by_role("heading", level=1, name="Samples")).to_be_visible()
    wait_until_idle(page)
    expect(page.locator(MENU)).to_have_attribute("data-collapsed", "true")
