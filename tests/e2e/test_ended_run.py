"""A page that shows an ended run notices that it lives again, and is otherwise left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cvae_core.runs.run import Run
from cvae_core.runs.status import read_status, write_status
from tests.dashboard.run_states import living_worker, make_run
from tests.e2e.conftest import OpenPage, Serve, the_button, unfold, wait_until_idle

pytestmark = pytest.mark.e2e
_RENEWAL_MS = 5_000  # in which there is one at least
_SOON_MS = 15_000
# Counts what changes in the page, the hidden heartbeat and Streamlit's own signs of work left out.
_WATCH = """() => {
  window.changes = [];
  const main = document.querySelector('[data-testid=stMainBlockContainer]');
  new MutationObserver(records => {
    for (const {target, type, attributeName} of records) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      if (!element?.closest('.st-key-ended_run_refresh')) {
        window.changes.push(`${type} ${attributeName} ${element?.outerHTML.slice(0, 120)}`);
      }
    }
  }).observe(main, {subtree: true, childList: true, characterData: true, attributes: true});
}"""


@contextmanager
def resumed(run: Run) -> Iterator[None]:
    """As another server's worker does it."""
    with living_worker(run):
        write_status(run.status_file, replace(read_status(run.status_file), state="running"))
        yield
        write_status(run.status_file, replace(read_status(run.status_file), state="stopped"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.mark.gate
def test_the_page_of_an_ended_run_is_left_alone_until_it_lives_again(
    serve: Serve, open_page: OpenPage, runs: Path
) -> None:
    run = make_run(runs, "ended", "stopped")
    page = open_page(f"{serve(CVAE_RUNS=str(runs))}/train?run=ended")
    unfold(page, "Settings of this run")
    the_button(page, "Name and note").click()
    field = page.get_by_label("Note", exact=True)
    field.fill("half a sen")
    wait_until_idle(page)
    assert changes(page) == []
    expect(field).to_be_focused()
    expect(field).to_have_value("half a sen")
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    with resumed(run):
        expect(the_button(page, "Pause")).to_be_visible(timeout=_SOON_MS)
    expect(the_button(page, "Resume")).to_be_visible()


def changes(page: Page) -> list[str]:
    """What changes while nobody does anything."""
    page.evaluate(_WATCH)
    page.wait_for_timeout(_RENEWAL_MS)
    found: list[str] = page.evaluate("changes")
    return found


def test_a_player_of_an_ended_run_grows_once_it_lives_again(serve: Serve, open_page: OpenPage, runs: Path) -> None:
    from cvae_core.runs.snapshots import publish_snapshot
    from tests.dashboard.run_states import random_weights

    run = make_run(runs, "filmed", "stopped", epochs=2)
    page = open_page(f"{serve(CVAE_RUNS=str(runs))}/samples?run=filmed")
    expect(page.locator(".player").first).to_have_attribute("data-loaded", "3/3")
    assert changes(page) == []
    with resumed(run):
        publish_snapshot(run.snapshots_folder, 3, random_weights(run.config(), 3))
        expect(page.locator(".player").first).to_have_attribute("data-loaded", "4/4", timeout=_SOON_MS)


def test_the_list_of_runs_tells_that_one_lives_again(serve: Serve, open_page: OpenPage, runs: Path) -> None:
    run = make_run(runs, "listed", "stopped")
    page = open_page(serve(CVAE_RUNS=str(runs)))
    badge = page.locator(".st-key-row_listed .stMarkdownBadge").first
    expect(badge).to_contain_text("Stopped")
    assert changes(page) == []
    with resumed(run):
        expect(badge).to_contain_text("Running", timeout=_SOON_MS)
    expect(badge).to_contain_text("Stopped", timeout=_SOON_MS)


def test_the_page_of_an_ended_pair_notices_that_one_of_it_lives_again(
    serve: Serve, open_page: OpenPage, runs: Path
) -> None:
    from tests.dashboard.test_why import make_pair

    plain, _ = make_pair(runs, state="stopped")
    page = open_page(f"{serve(CVAE_RUNS=str(runs))}/why")
    the_button(page, "Delete both").click()
    question = page.get_by_role("dialog")
    expect(question).to_be_visible()
    page.wait_for_timeout(_RENEWAL_MS)
    expect(question).to_be_visible()
    page.keyboard.press("Escape")
    with resumed(plain):
        expect(the_button(page, "Stop both")).to_be_visible(timeout=_SOON_MS)
    expect(the_button(page, "Resume both")).to_be_visible(timeout=_SOON_MS)
