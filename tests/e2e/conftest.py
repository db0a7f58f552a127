"""A server and a browser for the tests that need both."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, ViewportSize, sync_playwright

from tests.e2e.browser import FLAGS, chromium

DASHBOARD = Path(__file__).parents[2] / "dashboard"
START_SECONDS = 60.0
QUIET_MS = 200
# True once the page has been connected and at rest for a while: alone it may come just before a rerun starts, so
# tests wait for the content that they expect as well.
IDLE = """quiet => {
  // The module of a component comes after its place; those that draw nothing are told by their keys.
  const isDrawn = ({ shadowRoot, parentElement }) => shadowRoot?.childElementCount > 1
    || shadowRoot?.querySelector('svg') || parentElement.closest('[class*=_guard],[class*=refresh]');
  const app = document.querySelector('[data-testid=stApp]');
  const atRest = app && app.dataset.testConnectionState === 'CONNECTED'
    && app.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid=stSpinner],[data-testid=stSkeleton],[data-stale=true]')
    && [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].every(isDrawn);
  const now = performance.now();
  if (!atRest) { window.__restingSince = null; return false; }
  window.__restingSince ??= now;
  return now - window.__restingSince >= quiet;
}"""

# True once a fold that is called so is open and has stood still for a moment.
UNFOLDED = """async title => {
  const fold = [...document.querySelectorAll('details')].find(it => it.firstElementChild.innerText.includes(title));
  const height = fold.offsetHeight;
  await new Promise(resolve => setTimeout(resolve, 100));
  return fold.open && fold.offsetHeight === height && !fold.getAnimations().length;
}"""

Serve = Callable[..., str]
OpenPage = Callable[..., Page]


def wait_until_idle(page: Page, quiet_ms: int = QUIET_MS) -> None:
    """Wait until Streamlit has drawn all that it was asked for."""
    page.evaluate("window.__restingSince = null")
    page.wait_for_function(IDLE, arg=quiet_ms, polling=25)


def unfold(page: Page, title: str) -> None:
    """Open an expander. Until it is open what it holds moves, so that a press would begin on it and end beside it."""
    page.get_by_text(title, exact=True).click()
    page.wait_for_function(UNFOLDED, arg=title)


def the_button(page: Page, name: str) -> Locator:
    """A button of the page itself; Streamlit's own toolbar has one called Stop."""
    return page.get_by_test_id("stMainBlockContainer").get_by_role("button", name=name, exact=True)


@contextmanager
def streamlit_server(script: Path, environment: dict[str, str], log: Path) -> Iterator[str]:
    """Run a script under the dashboard's own configuration, the dashboard as people do; gives its address."""
    with streamlit_process(script, environment, log) as (url, _):
        yield url


@contextmanager
def streamlit_process(
    script: Path, environment: dict[str, str], log: Path
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same; gives its address and the process, which may be killed."""
    port = _free_port()
    # -P keeps the working directory, whose configuration is read, from being importable.
    program = ["dashboard.server"] if script == DASHBOARD / "Home.py" else ["streamlit", "run", str(script)]
    command = [sys.executable, "-P", "-m", *program]
    options = ["--server.headless=true", f"--server.port={port}", "--server.fileWatcherType=none"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*command, *options],
            cwd=DASHBOARD,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            _wait_for_health(server, port, log)
            yield f"http://127.0.0.1:{port}", server
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_health(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave all tests but the first case of those marked `gate` to `make bench-ui`, so that merging stays fast."""
    seen: set[str] = set()
    for item in items:
        if item.get_closest_marker("e2e") and isinstance(item, pytest.Function):
            case = f"{item.path}::{item.originalname}"
            if not item.get_closest_marker("gate") or case in seen:
                item.add_marker("ui")
            seen.add(case)


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    """The one Playwright of the process: it refuses a second."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(driver: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests."""
    instance = driver.chromium.launch(executable_path=chromium(), args=list(FLAGS))
    yield instance
    instance.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """``serve(script, CVAE_RUNS=..., ...)`` starts a server once a module and gives its address."""
    running: dict[Path, tuple[str, object]] = {}

    def start(script: Path = DASHBOARD / "Home.py", **environment: str) -> str:
        if script not in running:
            log = tmp_path_factory.mktemp("server") / "server.log"
            server = streamlit_server(script, environment, log)
            running[script] = (server.__enter__(), server)
        return running[script][0]

    yield start
    for _, server in running.values():
        server.__exit__(None, None, None)  # type: ignore[attr-defined]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """``open_page(url, dark=False, width=1280)`` gives a page at rest; errors in it fail the test at its end.

    scale: Screen pixels a CSS pixel, as a browser's zoom changes them. script: JavaScript that runs before the page's
    own. idle: Wait until Streamlit is. Other options are those of a browser context.
    """
    contexts = []
    problems: list[str] = []

    def open_(
        url: str,
        *,
        dark: bool = False,
        width: int = 1280,
        height: int = 900,
        scale: float = 1.0,
        script: str = "",
        idle: bool = True,
        **options: Any,
    ) -> Page:
        scheme: Literal["dark", "light"] = "dark" if dark else "light"
        size: ViewportSize = {"width": width, "height": height}
        context = browser.new_context(viewport=size, color_scheme=scheme, device_scale_factor=scale, **options)
        contexts.append(context)
        context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(url)
        if idle:
            wait_until_idle(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not problems, problems


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two finished runs of 13 snapshots that differ; tests that change a run make their own."""
    from tests.dashboard.run_states import make_run

    runs = tmp_path_factory.mktemp("runs")
    make_run(runs, "first", "finished", 12)
    make_run(runs, "second", "finished", 12, seed=1000)
    return runs


@pytest.fixture
def open_time_machine(serve: Serve, folder: Path, open_page: OpenPage) -> OpenPage:
    """``open_time_machine("latent", run="first", epoch=3)`` gives a page whose player has all its frames."""
    from tests.e2e.time_machine import wait_until_loaded

    def open_(name: str, *, count: int = 13, width: int = 1280, dark: bool = False, **values: object) -> Page:
        query = "&".join(f"{key}={value}" for key, value in {"run": "first", **values}.items())
        page = open_page(f"{serve(CVAE_RUNS=str(folder))}/{name}?{query}", width=width, dark=dark)
        wait_until_loaded(page, count)
        return page

    return open_
