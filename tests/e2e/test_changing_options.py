"""What a picker calls a run changes with the run's state and name; the run that is looked at stays the chosen one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from cvae_core.runs.run import Run
from cvae_core.runs.status import WrittenState, read_status, write_about, write_status
from tests.dashboard.run_states import living_worker, make_run
from tests.dashboard.test_why import living, make_pair
from tests.e2e.conftest import OpenPage, Serve, the_button, wait_until_idle
from tests.e2e.time_machine import expect_address

pytestmark = pytest.mark.e2e
_SOON_MS = 15_000
_RENEWALS_MS = 5_500  # in which an ended run is looked at once more, at least


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def picker(page: Page) -> Locator:
    return page.get_by_role("combobox", name=re.compile("^Run"))


def put(run: Run, state: WrittenState) -> None:
    write_status(run.status_file, replace(read_status(run.status_file), state=state))


def expect_run(page: Page, run: Run, word: str) -> None:
    """The picker and the address name the run, now and some renewals later."""
    expect(picker(page)).to_have_value(re.compile(f"{run.id}.*{word}"), timeout=_SOON_MS)
    page.wait_for_timeout(_RENEWALS_MS)
    wait_until_idle(page)
    expect(picker(page)).to_have_value(re.compile(f"{run.id}.*{word}"))
    expect_address(page, run=run.id)
    expect(page.get_by_text("There is no run named")).to_have_count(0)


@pytest.mark.parametrize("name", ["train", "latent", "manifold", "samples", "style"])
def test_a_run_is_watched_to_its_end_and_through_its_next_life(
    serve: Serve, open_page: OpenPage, runs: Path, name: str
) -> None:
    run = make_run(runs, f"on-{name}", "running")
    with living_worker(run):
        page = open_page(f"{serve(CVAE_RUNS=str(runs))}/{name}?run={run.id}")
        expect(picker(page)).to_have_value(re.compile("under way"))
        put(run, "stopped")
    expect_run(page, run, "stopped")
    with living_worker(run):
        put(run, "running")
        expect_run(page, run, "under way")
        put(run, "finished")
    expect_run(page, run, "finished")


def test_a_run_that_is_renamed_stays(serve: Serve, open_page: OpenPage, runs: Path) -> None:
    run = make_run(runs, "third", "finished")
    page = open_page(f"{serve(CVAE_RUNS=str(runs))}/train?run=third")
    for title in ("One", "Another"):
        the_button(page, "Name and note").click()
        page.get_by_role("textbox", name="Name", exact=True).fill(title)
        page.get_by_role("button", name="Save").click()
        expect(picker(page)).to_have_value(re.compile(f"^{title}"))
        expect_run(page, run, "finished")


def test_a_living_pair_that_is_renamed_stays(serve: Serve, open_page: OpenPage, runs: Path) -> None:
    make_pair(runs, "torn-1")
    pair = make_pair(runs, "torn-2", "running")
    with living(pair):
        page = open_page(f"{serve(CVAE_RUNS=str(runs))}/why?pair=torn-2")
        box = page.get_by_role("combobox", name="Comparison")
        expect(box).to_have_value("torn-2")
        write_about(pair[0].about_file, "Second", "")
        expect(box).to_have_value(re.compile("^Second"))
        page.wait_for_timeout(2500)
        expect(box).to_have_value(re.compile("^Second"))
        expect_address(page, pair="torn-2")
        expect(page.get_by_text("There is no comparison named")).to_have_count(0)
