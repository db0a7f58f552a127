"""A person trains real digits: starts, watches, refreshes, restarts the server, pauses, and stops."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from cvae_core.runs.metrics import read_history
from cvae_core.runs.run import Run, all_runs
from cvae_core.runs.status import ALIVE
from cvae_core.workers import launcher
from tests.e2e.conftest import DASHBOARD, OpenPage, streamlit_server, the_button, wait_until_idle
from tests.living_workers import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
_LONG_MS = 60_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server over an empty folder of runs; whatever is left training is stopped."""
    folder = tmp_path / "runs"
    with streamlit_server(DASHBOARD / "Home.py", {"CVAE_RUNS": str(folder)}, tmp_path / "server.log") as url:
        yield url, folder
    for run in all_runs(folder):
        launcher.stop(run)
        wait_for(run, lambda state, status: state not in ALIVE)


_FOLDERS: dict[str, Path] = {}


def _run_of(page: Page) -> Run:
    name = re.search(r"run=([^&]+)", page.url)
    assert name
    origin = page.url.split("/train")[0]
    return Run(_FOLDERS[origin] / name.group(1))


def start_training(page: Page, url: str, folder: Path) -> Run:
    """Press Train on the page, as it stands."""
    _FOLDERS[url] = folder
    the_button(page, "Train").click()
    page.wait_for_url(re.compile(r"run="))
    expect(the_button(page, "Stop")).to_be_visible(timeout=_LONG_MS)
    return _run_of(page)


def epoch_shown(page: Page) -> int:
    text = page.locator("[data-testid=stProgress]").inner_text()
    found = re.search(r"Epoch ([\d,]+) of", text)
    return int(found.group(1).replace(",", "")) if found else 0


def wait_for_epoch(page: Page, epoch: int) -> None:
    page.wait_for_function(
        """epoch => { const bar = document.querySelector('[data-testid=stProgress]');
             const found = bar && bar.innerText.match(/Epoch ([\\d,]+) of/);
             return found && Number(found[1].replace(',', '')) >= epoch; }""",
        arg=epoch,
        timeout=_LONG_MS,
    )


@pytest.mark.gate
def test_train_watch_refresh_restart_and_stop(server: tuple[str, Path], open_page: OpenPage, tmp_path: Path) -> None:
    url, folder = server
    page = open_page(url)
    page.get_by_role("button", name="Train a model").click()
    wait_until_idle(page)
    page.get_by_role("radio", name="tutorial").or_(page.get_by_role("button", name="tutorial")).first.click()
    wait_until_idle(page)
    run = start_training(page, url, folder)
    wait_for_epoch(page, 1)
    expect(page.get_by_text("Reconstructions")).to_be_visible(timeout=_LONG_MS)
    few = len(read_history(run.metrics_file).steps)
    first_chart = page.locator("[data-testid=stVegaLiteChart]").first
    first_chart.evaluate("chart => { chart.dataset.seen = 'before'; }")
    wait_for_epoch(page, epoch_shown(page) + 2)
    assert len(read_history(run.metrics_file).steps) > few
    assert first_chart.get_attribute("data-seen") == "before", "the chart was mounted anew"

    page.reload()
    wait_for_epoch(page, 1)
    expect(the_button(page, "Stop")).to_be_visible()

    place = the_button(page, "Stop").bounding_box()
    the_button(page, "Pause").click()
    expect(the_button(page, "Continue")).to_be_visible(timeout=_LONG_MS)
    assert the_button(page, "Stop").bounding_box() == place, "a button moved away under the pointer"
    the_button(page, "Continue").click()
    expect(the_button(page, "Pause")).to_be_visible(timeout=_LONG_MS)
    assert the_button(page, "Stop").bounding_box() == place

    the_button(page, "Stop").click()
    expect(the_button(page, "Resume")).to_be_visible(timeout=_LONG_MS)
    expect(page.get_by_test_id("stMainBlockContainer").get_by_text("Stopped").first).to_be_visible()


def test_controls_keep_value_and_focus_while_the_page_renews_itself(
    server: tuple[str, Path], open_page: OpenPage, tmp_path: Path
) -> None:
    url, folder = server
    page = open_page(f"{url}/train", height=1560)
    expect(page.get_by_role("link", name="Home")).to_be_visible()  # the very first visit, by a link to a page
    start_training(page, url, folder)
    wait_for_epoch(page, 1)
    label = the_label(page, "3")
    label.click()
    expect(page.get_by_text("Manifold of 3")).to_be_visible()
    label.focus()
    wait_for_epoch(page, 10)
    expect(label).to_be_focused()
    expect(page.get_by_text("Manifold of 3")).to_be_visible()
    page.mouse.move(5, 5)
    page.wait_for_timeout(500)
    keep_picture(page, "train", tmp_path)
    look_at_what_was_learnt(page, tmp_path)


def the_label(page: Page, name: str) -> Locator:
    """The button of a label."""
    group = page.get_by_role("radiogroup", name="Label")
    return group.get_by_role("radio", name=name, exact=True).or_(group.get_by_role("button", name=name, exact=True))


def look_at_what_was_learnt(page: Page, folder: Path) -> None:
    """Go on to the pages over the snapshots, which show the run that was just watched, while it still trains."""
    page.set_viewport_size({"width": 1280, "height": 940})
    for title in ("Latent space", "Manifold", "Samples", "Style transfer"):
        page.get_by_test_id("stToolbar").get_by_role("link", name=title).click()
        player = page.locator(".player")
        expect(player).to_have_attribute("data-epoch", re.compile(r"\d+"), timeout=_LONG_MS)
        expect(page).to_have_url(re.compile("label=3"))
        if title == "Manifold":
            plane = page.locator("canvas.lens-plane")
            plane.click(position={"x": 380, "y": 140})
            expect(page.locator(".lens:not(.waiting) .lens-labels canvas")).to_have_count(10, timeout=_LONG_MS)
        page.wait_for_timeout(1500)
        keep_picture(page, title.split()[0].lower(), folder)


def test_a_training_outlives_its_server_and_the_next_server_finds_it(open_page: OpenPage, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    environment = {"CVAE_RUNS": str(folder)}
    with streamlit_server(DASHBOARD / "Home.py", environment, tmp_path / "first.log") as url:
        page = open_page(f"{url}/train")
        page.get_by_role("radio", name="tutorial").or_(page.get_by_role("button", name="tutorial")).first.click()
        wait_until_idle(page)
        run = start_training(page, url, folder)
        wait_for_epoch(page, 1)
        page.close()
    _, before = wait_for(run, lambda state, status: state == "running")
    wait_for(run, lambda state, status: status.epoch > before.epoch)
    try:
        with streamlit_server(DASHBOARD / "Home.py", environment, tmp_path / "second.log") as url:
            page = open_page(url)
            page.get_by_role("link", name=run.id).click()
            expect(the_button(page, "Stop")).to_be_visible(timeout=_LONG_MS)
            wait_for_epoch(page, before.epoch + 1)
            the_button(page, "Stop").click()
            expect(the_button(page, "Resume")).to_be_visible(timeout=_LONG_MS)
    finally:
        launcher.stop(run)
        wait_for(run, lambda state, status: state not in ALIVE)


def keep_picture(page: Page, name: str, folder: Path) -> None:
    """Keep a picture of the page where ``CVAE_PICTURES`` says, or with the test's files."""
    target = Path(os.environ.get("CVAE_PICTURES", folder))
    target.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target / f"{name}.png")
