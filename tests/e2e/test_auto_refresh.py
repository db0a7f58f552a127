"""A page that watches a run follows it whatever becomes of single messages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from cvae_core.runs.run import Run
from cvae_core.runs.status import read_status, write_status
from tests.dashboard.run_states import living_worker, make_run
from tests.e2e.conftest import Serve, the_button, wait_until_idle

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of all tests here, since they share a server."""
    return tmp_path_factory.mktemp("watched")


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


class SlowLine:
    """Stands between browser and server, and keeps what the browser asks for while it is held."""

    def __init__(self) -> None:
        self.held = False
        self.kept: list[bytes] = []

    def __call__(self, browser_side: WebSocketRoute) -> None:
        self._server_side = browser_side.connect_to_server()
        browser_side.on_message(self._pass_on)

    def _pass_on(self, message: str | bytes) -> None:
        assert isinstance(message, bytes)
        if self.held:
            self.kept.append(message)
        else:
            self._server_side.send(message)

    @property
    def reruns(self) -> list[ClientState]:
        """What is asked for."""
        return [BackMsg.FromString(message).rerun_script for message in self.kept]

    @property
    def renewals(self) -> int:
        """How many of the kept requests ask for a part of the page alone."""
        return sum(bool(rerun.fragment_id) for rerun in self.reruns)

    def release(self) -> None:
        self.held = False
        for message in self.kept:
            self._server_side.send(message)
        self.kept = []


def advance(run: Run, epoch: int) -> None:
    write_status(run.status_file, replace(read_status(run.status_file), epoch=epoch))


def test_a_page_goes_on_after_messages_were_lost(serve: Serve, browser: Browser, folder: Path) -> None:
    run = make_run(folder, "watched", "running", epochs=1)
    context = browser.new_context()
    page = context.new_page()
    line = LossyLine()
    page.route_web_socket("**/_stcore/stream", line)
    with living_worker(run):
        page.goto(f"{serve(CVAE_RUNS=str(folder))}/train?run=watched")
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


def test_a_page_that_is_left_asks_for_no_news_and_the_next_is_never_empty(
    serve: Serve, browser: Browser, folder: Path
) -> None:
    """Who asks for news of a page that the server has left makes Streamlit clear the whole of the next one."""
    run = make_run(folder, "left", "running", epochs=1)
    context = browser.new_context()
    page = context.new_page()
    line = SlowLine()
    page.route_web_socket("**/_stcore/stream", line)
    with living_worker(run):
        page.goto(f"{serve(CVAE_RUNS=str(folder))}/train?run=left")
        expect(page.get_by_text("Epoch 1 of 5")).to_be_visible()
        wait_until_idle(page)
        line.held = True
        page.get_by_test_id("stToolbar").get_by_role("link", name="Latent space").click()
        page.wait_for_timeout(900)  # longer than the page waits for its next news
        assert len(line.kept) == 1
        assert not line.renewals
        while not line.renewals:  # the server is slower than anybody expects
            page.wait_for_timeout(100)
        line.release()
        expect(page.get_by_role("heading", name="Latent space")).to_be_visible()
        page.wait_for_timeout(1500)
        expect(page.get_by_role("heading", name="Latent space")).to_be_visible(timeout=15_000)
        expect(page.locator(".player")).to_be_visible(timeout=15_000)
    context.close()


def test_a_player_that_is_left_asks_and_tells_nothing_more(serve: Serve, browser: Browser, folder: Path) -> None:
    make_run(folder, "scrubbed", "finished", epochs=4)
    context = browser.new_context()
    page = context.new_page()
    line = SlowLine()
    page.route_web_socket("**/_stcore/stream", line)
    page.goto(f"{serve(CVAE_RUNS=str(folder))}/samples?run=scrubbed")
    expect(page.locator(".player")).to_have_attribute("data-loaded", "5/5")
    wait_until_idle(page)
    page.get_by_role("button", name="Previous epoch").click()
    expect(page).to_have_url(re.compile("epoch=3"))
    wait_until_idle(page)
    line.held = True
    on = page.get_by_role("button", name="Next epoch").element_handle()
    link = page.get_by_test_id("stToolbar").get_by_role("link", name="Latent space").element_handle()
    page.evaluate("([on, link]) => { on.click(); link.click(); }", [on, link])
    page.wait_for_timeout(900)  # longer than a player waits before it reports a step
    assert [rerun.fragment_id for rerun in line.reruns] == [""]
    line.release()
    expect(page.get_by_role("heading", name="Latent space")).to_be_visible()
    expect(page).to_have_url(re.compile("latent.*epoch=3"))
    expect(page.locator(".player")).to_have_attribute("data-epoch", "3")
    context.close()
