"""What the tests of the time machine's pages share: finding their parts, and what stands on the canvas."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import wait_until_idle
from tests.e2e.test_lens import settle

PAGES = {"latent": "Latent space", "manifold": "Manifold", "samples": "Samples"}
LAST = 12
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)
LOADING_MS = 120_000
OpenTimeMachine = Callable[..., Page]
_RECORDER = Path(__file__).with_name("canvas_recorder.js").read_text(encoding="utf-8")


def player(page: Page) -> Locator:
    return page.locator(".player")


def slider(page: Page) -> Locator:
    return player(page).get_by_role("slider", name="Epoch")


def press(page: Page, name: str) -> None:
    """Press a button of the player's bar."""
    player(page).get_by_role("button", name=name, exact=True).click()


def wait_until_loaded(page: Page, count: int) -> None:
    """Wait until every epoch can be scrubbed to and the page is at rest."""
    expect(player(page)).to_have_attribute("data-loaded", f"{count}/{count}", timeout=LOADING_MS)
    wait_until_idle(page)


def expect_epoch(page: Page, epoch: int, last: int) -> None:
    """The picture, the bar and the slider's place name the epoch."""
    expect(player(page)).to_have_attribute("data-epoch", str(epoch))
    expect(player(page).get_by_text(f"Epoch {epoch} of {last}", exact=True)).to_be_visible()
    expect(slider(page)).to_have_value(str(epoch))


def expect_address(page: Page, **values: str | None) -> None:
    """The address names these values; None where it should name none."""
    for name, value in values.items():
        pattern = rf"[?&]{name}={re.escape(value)}(&|$)" if value is not None else rf"^(?!.*[?&]{name}=)"
        expect(page).to_have_url(re.compile(pattern))


def address(page: Page) -> dict[str, str]:
    """What the address says after its question mark."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def drag_to(page: Page, index: int, *, step: float = 4.0, let_go: bool = True) -> None:
    """Take the slider's thumb with the mouse and move it to the place of an epoch, without leaving any out."""
    box = slider(page).bounding_box()
    assert box is not None
    first, last = (_thumb(page, at, box["x"], box["width"]) for at in (int(slider(page).input_value()), index))
    y = box["y"] + box["height"] / 2
    page.mouse.move(first, y)
    page.mouse.down()
    moves = max(1, int(abs(last - first) / step))
    for move in range(1, moves + 1):
        page.mouse.move(first + (last - first) * move / moves, y)
    if let_go:
        page.mouse.up()


def thumb_share(page: Page) -> float:
    """How far along its track the thumb stands, 0 to 1."""
    found: float = slider(page).evaluate("it => Number(it.style.getPropertyValue('--player-place'))")
    return found


def _thumb(page: Page, index: int, left: float, width: float) -> float:
    """The x of the thumb's centre at a place, in CSS pixels."""
    last = int(slider(page).get_attribute("max") or 0)
    return left + 8 + (width - 16) * index / max(1, last)


def record(page: Page) -> None:
    """Begin to note what the player draws."""
    player(page).evaluate(_RECORDER)


def drawn(page: Page) -> list[tuple[int, int]]:
    """Epochs that came on since ``record``, each with its picture's fingerprint; drawn again they count once."""
    found = [(epoch, mark) for epoch, mark in page.evaluate("drawnEpochs")]
    return [entry for place, entry in enumerate(found) if place == 0 or entry[0] != found[place - 1][0]]


def fingerprint(page: Page) -> int:
    """Stands for what is on the first canvas of the player now."""
    record(page)
    found: int = page.evaluate("canvasFingerprint()")
    return found


def pictures(page: Page) -> str:
    """All that stands on the player's canvases; of the samples only the second depends on the label."""
    settle(page)
    found: str = player(page).evaluate(
        "player => [...player.querySelectorAll('canvas.picture')].map(canvas => canvas.toDataURL()).join()"
    )
    return found


def choose_label(page: Page, name: str) -> None:
    """Press a label among those of the page's settings."""
    group = page.get_by_test_id("stButtonGroup").filter(has_text="Label")
    group.get_by_role("radio", name=name, exact=True).or_(group.get_by_role("button", name=name, exact=True)).click()


def go_to_page(page: Page, name: str, count: int) -> None:
    """Choose another of the three pages above the title."""
    page.get_by_test_id("stHeader").get_by_role("link", name=PAGES[name]).click()
    page.wait_for_url(re.compile(f"/{name}"))
    wait_until_loaded(page, count)
