"""A page that watches a run follows it whatever becomes of single messages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from cvae_core.runs.directory import Run
from cvae_core.runs.status import read_status, write_status
from tests.dashboard.worlds import living_worker, make_run
from tests.e2e.conftest import Serve, the_button, wait_until_idle

pytestmark = pytest.mark.e2e


class LossyLine:
    """Stands between browser and server, and drops what the server says while it is cut."""

    def __init__(self) -> None:
        self.cut = False
        self.dropped = 0

    def __call__(self, browser_side: WebSocketRoute) -> None:
        server_side = browser_side.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            if self.cut:
                self.dropped += 1
            else:
                browser_side.send(message)

        server_side.on_message(pass_on)


def advance(run: Run, epoch: int) -> None:
    write_status(run.status_file, replace(read_status(run.status_file), epoch=epoch))


def test_a_page_goes_on_after_messages_were_lost(serve: Serve, browser: Browser, tmp_path: Path) -> None:
    run = make_run(tmp_path, "watched", "running", epochs=1)
    context = browser.new_context()
    page = context.new_page()
    line = LossyLine()
    page.route_web_socket("**/_stcore/stream", line)
    with living_worker(run):
        page.goto(f"{serve(CVAE_RUNS=str(tmp_path))}/train?run=watched")
        wait_until_idle(page)
        expect(page.get_by_text("Epoch 1 of 5")).to_be_visible()
        line.cut = True
        advance(run, 2)
        page.wait_for_timeout(2000)
        line.cut = False
        assert line.dropped
        advance(run, 3)
        expect(page.get_by_text("Epoch 3 of 5")).to_be_visible(timeout=15_000)
        the_button(page, "Pause").click()
        write_status(run.status_file, replace(read_status(run.status_file), state="paused"))
        expect(the_button(page, "Continue")).to_be_visible()
    expect(the_button(page, "Resume")).to_be_visible()
    context.close()
