"""A teacher shows why labels are given: trains both autoencoders, watches the bridge, and scrubs their history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import OpenPage, streamlit_server, the_button, unfold, wait_until_idle
from tests.e2e.test_train import DASHBOARD, keep_picture

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
_LONG_MS = 180_000
_TEAR = re.compile(r"Off the manifold: ([\d.]+) % of the reconstructed points and ([\d.]+) % of the decoded curve")
_COPIED = re.compile(r"From a noisy point to its reconstruction: ([\d.]+); the noise is 0.06")
_MOST_TABS = 60
# Notes each epoch that the player shows, from now on.
_WATCH = """player => {
  window.shownEpochs = [];
  new MutationObserver(() => window.shownEpochs.push(Number(player.dataset.epoch)))
    .observe(player, { attributeFilter: ["data-epoch"] });
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("why")
    environment = {"CVAE_RUNS": str(folder / "runs")}
    with streamlit_server(DASHBOARD / "Home.py", environment, folder / "server.log") as url:
        yield url


def numbers(page: Page, pattern: re.Pattern[str]) -> list[tuple[float, ...]]:
    """What the captions of both models say at the shown epoch."""
    texts = page.locator(".toy-planes figcaption").all_inner_texts()
    return [tuple(map(float, match.groups())) for match in map(pattern.search, texts) if match]


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until something has the keyboard, as those do who use no mouse."""
    for _ in range(_MOST_TABS):
        if target.evaluate("element => element.getRootNode().activeElement === element"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by Tab")


def shown_epochs(page: Page) -> list[int]:
    epochs: list[int] = page.evaluate("shownEpochs")
    return [epoch for place, epoch in enumerate(epochs) if place == 0 or epoch != epochs[place - 1]]


@pytest.mark.gate
def test_the_keyboard_alone_trains_both_and_only_one_builds_a_bridge(
    server: str, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(f"{server}/why", height=1120)
    tab_to(page, the_button(page, "Train both"))
    page.keyboard.press("Enter")
    player = page.locator(".player[data-epoch]")
    expect(player).to_be_visible(timeout=_LONG_MS)
    player.evaluate(_WATCH)
    expect(the_button(page, "Stop both")).to_be_visible()
    expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "true")
    expect(the_button(page, "Delete both")).to_be_visible(timeout=_LONG_MS)
    expect(page.locator(".player[data-epoch='300']")).to_be_visible(timeout=_LONG_MS)
    live = shown_epochs(page)
    assert live == sorted(live)
    assert len(live) >= 3
    wait_until_idle(page)
    (plain, conditional) = numbers(page, _TEAR)
    assert conditional[0] < plain[0]
    assert conditional[1] < plain[1]
    tab_to(page, page.get_by_role("slider", name="Epoch"))
    page.wait_for_timeout(500)
    keep_picture(page, "why", tmp_path)
    play_from_the_start(page, player)
    page.reload()
    expect(page.locator(".player[data-epoch='3']")).to_be_visible(timeout=_LONG_MS)
    tab_to(page, page.get_by_role("link", name=re.compile("Now with digits")))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/train"))


def play_from_the_start(page: Page, player: Locator) -> None:
    """With the slider in focus: to the start, play to the end, and step from the start once more."""
    page.keyboard.press("Home")
    expect(page.locator(".player[data-epoch='0']")).to_be_visible()
    expect(page).to_have_url(re.compile("pair_epoch=0"))
    player.evaluate(_WATCH)
    page.keyboard.press("Space")
    expect(page.locator(".player[data-epoch='300']")).to_be_visible(timeout=_LONG_MS)
    played = shown_epochs(page)
    assert played == sorted(played)
    assert len(played) > 50
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".player[data-epoch='3']")).to_be_visible()
    expect(page).to_have_url(re.compile("pair_epoch=3(&|$)"))


def test_a_code_of_a_hundred_numbers_copies_its_input(server: str, open_page: OpenPage) -> None:
    page = open_page(f"{server}/why", height=1400)
    unfold(page, "Settings")
    for name, value in (("Code dimensions", "100"), ("Epochs", "60")):
        field = page.get_by_role("spinbutton", name=name, exact=True)
        field.fill(value)
        field.press("Enter")
        wait_until_idle(page)
    the_button(page, "Train both").click()
    expect(page.locator(".player[data-epoch='60']")).to_be_visible(timeout=_LONG_MS)
    expect(the_button(page, "Delete both")).to_be_visible(timeout=_LONG_MS)
    assert numbers(page, _TEAR) == []
    for (distance,) in numbers(page, _COPIED):
        assert distance < 0.03
    assert len(numbers(page, _COPIED)) == 2
    expect(page.get_by_role("button", name="Decoded curve")).to_be_hidden()
    expect(page.get_by_role("img", name=re.compile("Decoded curve off the manifold"))).to_be_hidden()
    expect(page.get_by_role("img", name=re.compile("Reconstructed points off the manifold"))).to_be_visible()
