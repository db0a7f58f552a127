"""Names, thinning out, deletion and its undoing, by hand in a real browser, with a second session beside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import About, read_about
from cvae_core.runs.storage import TRASH
from tests.dashboard.run_states import living_worker, make_run
from tests.e2e.conftest import OpenPage, Serve, the_button, wait_until_idle

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def answer(page: Page, name: str) -> None:
    """Press a button of the question that is asked."""
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    wait_until_idle(page)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def test_a_run_is_named_while_it_trains_and_the_page_renews_itself(
    serve: Serve, runs: Path, open_page: OpenPage
) -> None:
    run = make_run(runs, "alive", "running")
    with living_worker(run):
        page = open_page(f"{serve(CVAE_RUNS=str(runs))}/train?run=alive")
        the_button(page, "Name and note").click()
        name = page.get_by_role("textbox", name="Name", exact=True)
        name.press_sequentially("Live & well", delay=150)  # longer than from one renewal to the next
        page.get_by_role("textbox", name="Note", exact=True).fill("*Not* emphasised.\nTwo lines.")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("heading", name="Live & well")).to_be_visible()
        expect(page.get_by_text("*Not* emphasised.")).to_be_visible()
        expect(page.get_by_role("combobox", name="Run")).to_have_value(re.compile(r"^Live & well"))
        expect(name).to_be_hidden()
        assert read_about(run.about_file) == About("Live & well", "*Not* emphasised.\nTwo lines.")
        page.get_by_test_id("stToolbar").get_by_role("link", name="Home").click()
        expect(page.get_by_role("link", name="Live & well")).to_be_visible()


@pytest.mark.gate
def test_thin_out_delete_undo_and_leave(serve: Serve, runs: Path, open_page: OpenPage) -> None:
    url = serve(CVAE_RUNS=str(runs))
    run, other = make_run(runs, "old", "finished", 9), make_run(runs, "other", "finished")
    page, beside = open_page(f"{url}/train?run=old"), open_page(f"{url}/train?run=other")
    the_button(page, "Thin out").click()
    expect(page.get_by_text("4 of 10 snapshots are kept")).to_be_visible()
    page.get_by_role("dialog").get_by_role("slider").press("ArrowLeft")
    expect(page.get_by_text("3 of 10 snapshots are kept")).to_be_visible()
    answer(page, "Thin out")
    assert snapshot_epochs(run.snapshots_folder) == [0, 4, 9]

    the_button(page, "Delete").click()
    answer(page, "Delete")
    expect(page.get_by_text("Deleted old.")).to_be_visible()
    assert not run.path.exists()
    the_button(beside, "Delete").click()
    answer(beside, "Delete")
    expect(beside.get_by_text("Deleted other.")).to_be_visible()
    expect(beside.get_by_text("Deleted old.")).to_have_count(0)

    the_button(page, "Undo").click()
    expect(page.get_by_text("Deleted old.")).to_have_count(0)
    expect(the_button(page, "Delete")).to_be_visible()
    assert snapshot_epochs(run.snapshots_folder) == [0, 4, 9]
    beside.get_by_test_id("stToolbar").get_by_role("link", name="Samples").click()
    expect(beside.get_by_role("heading", name="Samples")).to_be_visible()
    wait_until_idle(beside)
    assert not other.path.exists()
    assert list((runs / TRASH).glob("*")) == []
    assert run.path.exists()
