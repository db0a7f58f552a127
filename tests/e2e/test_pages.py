"""Pages as they look and are found, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from cvae_core.runs.status import WrittenState
from tests.dashboard.run_states import make_run
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle

pytestmark = pytest.mark.e2e
_FAINT_TEXT = (Path(__file__).parent / "contrast.js").read_text()
_OVERFLOW = (
    "() => { const main = document.querySelector('[data-testid=stMain]'); return main.scrollWidth - main.clientWidth; }"
)


@pytest.fixture(scope="module")
def address(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of a dashboard with a run in each way to end."""
    runs = tmp_path_factory.mktemp("runs")
    states: tuple[WrittenState, ...] = ("finished", "stopped", "failed", "running")
    for state in states:
        make_run(runs, state, state)
    return serve(CVAE_RUNS=str(runs))


@pytest.mark.gate
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["", "train", "train?run=failed", "style?run=finished"])
def test_all_text_stands_out_and_nothing_is_wider_than_a_phone(
    address: str, open_page: OpenPage, name: str, dark: bool
) -> None:
    page = open_page(f"{address}/{name}", dark=dark)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if name.startswith("train?"):
        expect(page.get_by_text("nats per image").first).to_be_visible()
    wait_until_idle(page)
    assert page.evaluate(_FAINT_TEXT) == []
    page.set_viewport_size({"width": 400, "height": 900})
    wait_until_idle(page)
    assert page.evaluate(_OVERFLOW) <= 0


def test_home_has_a_name_in_the_address(address: str, open_page: OpenPage) -> None:
    page = open_page(f"{address}/home")
    expect(page.get_by_role("heading", level=1, name="The CVAE laboratory")).to_be_visible()
    wait_until_idle(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="Home", exact=True)).to_have_count(1)


def test_a_link_that_the_keyboard_reaches_has_a_ring(address: str, open_page: OpenPage) -> None:
    page = open_page(address)
    for link in (page.get_by_role("link", name="Train", exact=True), page.get_by_role("link", name="stopped")):
        expect(link).to_have_css("outline-style", "none")
        page.keyboard.press("Tab")
        link.focus()
        expect(link).to_have_css("outline-style", "solid")
