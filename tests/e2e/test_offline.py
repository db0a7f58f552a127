"""Nothing leaves this machine: every request of every page, and every connection of the server and its workers.

The server's process, and the workers that it starts, note each use of the network by an audit hook, which cannot be
taken back; the browser notes each request and each WebSocket.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cvae_core.runs.run import all_runs
from cvae_core.runs.status import write_about
from tests.dashboard.run_states import make_run
from tests.dashboard.test_why import make_pair
from tests.e2e.conftest import DASHBOARD, streamlit_server, the_button, unfold, wait_until_idle
from tests.living_workers import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# Python runs this before anything else; it takes the place of none that the system may have.
WATCH = """
import json, os, sys
EVENTS = {"socket.bind", "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
          "socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request"}
def note(event, arguments):
    if event in EVENTS:
        shown = [argument if isinstance(argument, (str, int, tuple)) else None for argument in arguments]
        line = json.dumps([event, shown], default=repr) + "\\n"
        descriptor = os.open(os.environ["NETWORK_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, line.encode())
        os.close(descriptor)
sys.addaudithook(note)
"""
NASTY = "![x](http://198.51.100.7/name.png) <img src=http://198.51.100.7/tag.png> :red[x] [a](http://198.51.100.7) $x$"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process whose use of the network is noted."""
    folder = tmp_path_factory.mktemp("watch")
    (folder / "sitecustomize.py").write_text(WATCH)
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    return {"PYTHONPATH": path, "NETWORK_LOG": str(folder / "network.log")}


def noted(watched: dict[str, str]) -> list[tuple[str, list[object]]]:
    log = Path(watched["NETWORK_LOG"])
    return [tuple(json.loads(line)) for line in log.read_text().splitlines()] if log.exists() else []


def is_here(arguments: list[object]) -> bool:
    """Whether what an event names is this machine, or no place of the network at all (a path)."""
    for argument in arguments:
        host = argument[0] if isinstance(argument, list) and argument else argument
        if isinstance(host, str) and not (host == "" or host.startswith("/") or _is_local(host)):
            return False
    return True


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, watched: dict[str, str]) -> Iterator[str]:
    """A server whose runs have names that would fetch pictures, were they taken for Markdown."""
    folder = tmp_path_factory.mktemp("site")
    run = make_run(folder / "runs", "done", "finished", 5)
    write_about(run.about_file, NASTY[:80], NASTY)
    make_pair(folder / "runs")
    environment = watched | {"CVAE_RUNS": str(folder / "runs")}
    with streamlit_server(DASHBOARD / "Home.py", environment, folder / "server.log") as url:
        yield url
    for run in all_runs(folder / "runs"):
        wait_for(run, lambda state, status: state in ("finished", "stopped", "failed"))


@contextmanager
def context_of(browser: Browser, asked: list[str]) -> Iterator[BrowserContext]:
    """A browser session whose requests are noted."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.on("request", lambda request: asked.append(request.url))
    context.on("page", lambda page: page.on("websocket", lambda connection: asked.append(connection.url)))
    yield context
    context.close()


def outside(asked: list[str], url: str) -> list[str]:
    own = urlsplit(url).netloc
    return [
        found for found in asked if urlsplit(found).scheme not in ("data", "blob") and urlsplit(found).netloc != own
    ]


VISITS = (
    "",
    "why",
    "train",
    "latent",
    "manifold?z=0.5,0.5&label=3",
    "samples?order=worst",
    "style?source=drawn",
    "style?source=picked",
    "style?source=uploaded",
    "style?source=sevens",
)


@pytest.mark.gate
def test_no_page_asks_for_anything_outside(browser: Browser, site: str, watched: dict[str, str]) -> None:
    asked: list[str] = []
    with context_of(browser, asked) as context:
        page = context.new_page()
        for visit in VISITS:
            page.goto(f"{site}/{visit}")
            wait_until_idle(page)
            use(page, visit)
        page.goto(f"{site}/train?run=done")
        wait_until_idle(page)
        # A word joiner keeps the address from becoming a link.
        expect(page.get_by_text("![x](http:\u2060//198.51.100.7/name.png)").first).to_be_visible()
        expect(page.locator("a[href*='198.51.100.7']")).to_have_count(0)
        wait_until_idle(page)
    assert len(asked) > 100
    assert any(found.startswith("ws://") for found in asked)
    assert outside(asked, site) == []
    events = noted(watched)
    own = ["socket.bind", ["127.0.0.1", int(site.rpartition(":")[2])]]
    assert own in [[event, next(filter(None, arguments), None)] for event, arguments in events]
    assert [event for event in events if not is_here(event[1])] == []


def use(page: Page, visit: str) -> None:
    """Do on a page what might fetch something: help, settings, pictures, a player, a training."""
    if visit == "train":
        unfold(page, "All settings")
        page.get_by_test_id("stTooltipIcon").first.hover()
        page.get_by_label("Training images", exact=True).fill("100")
        page.get_by_label("Epochs", exact=True).fill("1")
        page.get_by_label("Epochs", exact=True).press("Enter")
        wait_until_idle(page)
        the_button(page, "Train").click()
        expect(page.get_by_text("Finished").first).to_be_visible(timeout=120_000)
    if visit == "style?source=sevens":
        unfold(page, "Export animation")
        page.get_by_role("button", name=re.compile("^Create .*animation")).click()
        expect(page.get_by_role("button", name=re.compile("^Download .*style"))).to_be_visible(timeout=60_000)
    wait_until_idle(page)


@pytest.mark.gate
def test_a_page_from_elsewhere_is_refused_and_nobody_is_asked(site: str, watched: dict[str, str]) -> None:
    before = len(noted(watched))
    port = int(site.rpartition(":")[2])
    for origin, wanted in (("http://evil.example", b"403"), (site, b"101")):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(
                f"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: streamlit\r\n"
                f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {origin}\r\n\r\n".encode()
            )
            assert connection.recv(1024).split(b" ")[1] == wanted
    assert [event for event in noted(watched)[before:] if not is_here(event[1])] == []


@pytest.mark.gate
def test_what_watches_would_notice(browser: Browser, site: str, tmp_path: Path, watched: dict[str, str]) -> None:
    log = tmp_path / "network.log"
    reach_out = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('198.51.100.7', 9))"
    environment = {**os.environ, **watched, "NETWORK_LOG": str(log)}
    subprocess.run([sys.executable, "-P", "-c", reach_out], env=environment, check=False, timeout=30)
    (event,) = noted({"NETWORK_LOG": str(log)})
    assert not is_here(event[1])
    asked: list[str] = []
    with context_of(browser, asked) as context:
        page = context.new_page()
        page.goto(site)
        page.evaluate(
            "() => fetch('http://198.51.100.7/', {mode: 'no-cors', signal: AbortSignal.timeout(50)}).catch(String)"
        )
    assert outside(asked, site) == ["http://198.51.100.7/"]
