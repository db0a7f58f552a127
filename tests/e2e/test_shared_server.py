"""A server for others, in a browser: it asks for its token, works below a path, and says why it does not answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from cvae_core.runs.run import all_runs
from cvae_core.runs.status import ALIVE
from tests.dashboard.run_states import make_run
from tests.dashboard.test_serving import CVAE, Server, serving
from tests.e2e.browser import FLAGS, chromium
from tests.e2e.conftest import the_button, wait_until_idle
from tests.e2e.time_machine import wait_until_loaded
from tests.living_workers import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
TOKEN = "let the class in"
EVIL = "evil.example"

# What was fetched of each module of the components; 0 if the browser had it.
MODULE_BYTES = """performance.getEntriesByType('resource')
  .filter(({ name }) => new URL(name).pathname.startsWith('/cvae/_stcore/bidi-components/cvae-'))
  .map(({ transferSize }) => transferSize)"""


@pytest.fixture(scope="module")
def elsewhere(driver: Playwright) -> Iterator[Browser]:
    """A browser to which a name elsewhere has the address of this machine."""
    flags = [*FLAGS, f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"]
    instance = driver.chromium.launch(executable_path=chromium(), args=flags)
    yield instance
    instance.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Shared, with a token, below a path."""
    folder = tmp_path_factory.mktemp("shared")
    make_run(folder / "runs", "first", "finished", 12)
    options = ("--host", "0.0.0.0", "--base-path", "cvae", "--token", TOKEN)
    with serving(folder, CVAE, *options, base="/cvae", CVAE_RUNS=str(folder / "runs")) as made:
        yield made
    for run in all_runs(folder / "runs"):
        wait_for(run, lambda state, status: state not in ALIVE)


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("CVAE_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_without_streamlit_fit_and_can_be_read(
    dark: bool, width: int, server: Server, elsewhere: Browser
) -> None:
    context = elsewhere.new_context(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    page = context.new_page()
    for name, title, host in (("login", "Token needed", "127.0.0.1"), ("host", "Unknown host name", EVIL)):
        page.goto(f"http://{host}:{server.port}/cvae/train?run=first")
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(21, 25, 28)" if dark else "rgb(255, 255, 255)")
        keep_picture(page, f"{name}_{width}_{'dark' if dark else 'light'}")
    context.close()


@pytest.mark.gate
def test_a_visitor_gives_the_token_and_trains(server: Server, elsewhere: Browser, tmp_path: Path) -> None:
    context = elsewhere.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"http://127.0.0.1:{server.port}/cvae/train")
    page.get_by_label("Token").fill("neither the token")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    page.get_by_label("Token").fill("not the token")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    page.go_back()
    expect(page.get_by_role("heading", name="Token needed")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    wait_until_idle(page)
    assert page.url == f"http://127.0.0.1:{server.port}/cvae/train"
    assert "cvae_token" not in page.evaluate("document.cookie")
    the_button(page, "Train").click()
    expect(the_button(page, "Stop")).to_be_visible(timeout=60_000)
    the_button(page, "Stop").click()
    expect(the_button(page, "Resume")).to_be_visible(timeout=60_000)
    page.goto(f"http://127.0.0.1:{server.port}/cvae/latent?run=first&token={TOKEN.replace(' ', '+')}")
    wait_until_loaded(page, 13)  # the player's scripts and its frames come below the path, too
    assert "token" not in page.url
    assert page.evaluate(MODULE_BYTES)
    page.reload()
    wait_until_loaded(page, 13)
    assert set(page.evaluate(MODULE_BYTES)) == {0}  # the browser has kept them
    keep_picture(page, "latent_below_a_path")
    context.close()
    assert problems == []
