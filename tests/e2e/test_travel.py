"""A run goes from one server to another through a browser, and shows the same pictures there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot, snapshot_epochs
from tests.e2e.conftest import DASHBOARD, OpenPage, Serve, streamlit_server, the_button, unfold, wait_until_idle
from tests.e2e.time_machine import wait_until_loaded
from tests.runs.examples import are_same

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
_LONG_MS = 60_000


def download_archive(page: Page, target: Path) -> None:
    unfold(page, "Export run")
    the_button(page, "Create archive").click()
    download = page.get_by_role("button", name=re.compile(r"Download first\.zip"))
    expect(download).to_be_visible(timeout=_LONG_MS)
    with page.expect_download() as begun:
        download.click()
    assert begun.value.suggested_filename == "first.zip"
    begun.value.save_as(target)


def import_archive(page: Page, archive: Path) -> None:
    unfold(page, "Import a run")
    page.locator("input[type=file]").set_input_files(str(archive))
    expect(the_button(page, "Import")).to_be_enabled(timeout=_LONG_MS)
    the_button(page, "Import").click()


def picture(page: Page, url: str) -> str:
    """The pixels of a player's canvas."""
    page.goto(f"{url}/manifold?run=first&label=7&epoch=5")
    wait_until_loaded(page, 13)
    wait_until_idle(page)
    pixels = page.evaluate("Array.from(document.querySelectorAll('canvas'), canvas => canvas.toDataURL()).join('|')")
    return str(pixels)


def test_a_run_travels(serve: Serve, folder: Path, open_page: OpenPage, tmp_path: Path) -> None:
    here = serve(CVAE_RUNS=str(folder))
    archive, there = tmp_path / "first.zip", tmp_path / "there"
    page = open_page(f"{here}/train?run=first")
    # The very first visit of a server, by a link to a page, is drawn twice; a press in between would be lost.
    expect(page.get_by_role("link", name="Home")).to_be_visible()
    wait_until_idle(page)
    download_archive(page, archive)
    ours = picture(page, here)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(archive.read_bytes()[:-50])
    with streamlit_server(DASHBOARD / "Home.py", {"CVAE_RUNS": str(there)}, tmp_path / "there.log") as url:
        page = open_page(url)
        import_archive(page, broken)
        expect(page.get_by_text("The archive was refused because it is cut off")).to_be_visible(timeout=_LONG_MS)
        assert not there.exists() or list(there.iterdir()) == []
        page.locator("input[type=file]").set_input_files(str(archive))
        wait_until_idle(page)
        the_button(page, "Import").click()
        expect(page.get_by_text("Imported with 13 snapshots.")).to_be_visible(timeout=_LONG_MS)
        expect(page).to_have_url(re.compile("train.*run=first"))
        assert picture(page, url) == ours
    for epoch in snapshot_epochs(Run(folder / "first").snapshots_folder):
        first, second = (load_snapshot(Run(runs / "first").snapshots_folder, epoch) for runs in (folder, there))
        assert are_same(first, second)
