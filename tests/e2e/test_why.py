"""A teacher shows why labels are given: trains both autoencoders, watches the bridge, and scrubs their history."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenPage, streamlit_server, the_button, wait_until_idle
from tests.e2e.test_train import DASHBOARD, keep_picture

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
_LONG_MS = 180_000
_TEAR = re.compile(r"Off the manifold: ([\d.]+) % of the reconstructed points and ([\d.]+) % of the decoded curve")


def tears(page: Page) -> list[tuple[float, float]]:
    """Of both models at the shown epoch, in percent."""
    texts = page.locator(".torn-planes figcaption").all_inner_texts()
    found = [_TEAR.search(text) for text in texts]
    return [(float(match.group(1)), float(match.group(2))) for match in found if match]


def test_both_train_side_by_side_and_only_one_builds_a_bridge(open_page: OpenPage, tmp_path: Path) -> None:
    environment = {"CVAE_RUNS": str(tmp_path / "runs")}
    with streamlit_server(DASHBOARD / "Home.py", environment, tmp_path / "server.log") as url:
        page = open_page(f"{url}/why", height=1120)
        the_button(page, "Train both").focus()
        page.keyboard.press("Enter")
        film = page.locator(".film[data-epoch]")
        expect(film).to_be_visible(timeout=_LONG_MS)
        expect(the_button(page, "Stop both")).to_be_visible()
        expect(page.get_by_role("switch", name=re.compile("ollow"))).to_be_checked()
        expect(page.locator(".film")).to_have_attribute("data-epoch", re.compile(r"[3-9]\d|\d{3}"), timeout=_LONG_MS)
        expect(the_button(page, "Delete both")).to_be_visible(timeout=_LONG_MS)
        expect(page.locator(".film[data-epoch='300']")).to_be_visible(timeout=_LONG_MS)
        wait_until_idle(page)
        plain, conditional = tears(page)
        assert conditional[0] < plain[0]
        assert conditional[1] < plain[1]
        page.mouse.move(5, 5)
        page.wait_for_timeout(500)
        keep_picture(page, "why", tmp_path)
        page.get_by_role("slider", name="Epoch").focus()
        page.keyboard.press("Home")
        expect(page.locator(".film[data-epoch='0']")).to_be_visible()
        expect(page).to_have_url(re.compile("pair_epoch=0"))
        page.reload()
        expect(page.locator(".film[data-epoch='0']")).to_be_visible(timeout=_LONG_MS)
