"""Find a Chromium for the browser tests, or install one: `python tests/e2e/browser.py` prints its path.

The variable CVAE_CHROMIUM names one; otherwise the first that runs is taken of those on the PATH, macOS's Chrome and
Playwright's own. Where there is none, Playwright's is installed, or as root Debian's package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "CVAE_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_INSTALL_SECONDS = 900


class BrowserError(RuntimeError):
    """There is no Chromium, and none could be installed."""


def chromium() -> str:
    """The path of a Chromium or Chrome that runs; installs one where there is none.

    Raises:
        BrowserError: None was found and none could be installed, or CVAE_CHROMIUM names one that does not run.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _named(named)
    found = find()
    for install in (_install_playwright, _install_debian):
        if found is None and install():
            found = find()
    if found is None:
        raise BrowserError(
            f"The browser tests need Chromium or Chrome: install one, or set {VARIABLE} to the path of one."
        )
    return found


def find() -> str | None:
    """The path of the first Chromium on this machine that runs, or None."""
    return next((path for path in _candidates() if runs(path)), None)


def runs(path: str) -> bool:
    """Whether the program answers; some systems put a stub in Chromium's place."""
    return _succeeds([path, "--version"], seconds=30)


def _named(path: str) -> str:
    program = shutil.which(path)
    if program is None or not runs(program):
        raise BrowserError(f"{VARIABLE} names {path!r}, which does not run: correct it or unset it.")
    return program


def _candidates() -> Iterator[str]:
    yield from filter(None, map(shutil.which, (*NAMES, MAC_CHROME)))
    yield from filter(None, [_playwright_chromium()])


def _playwright_chromium() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def _install_playwright() -> bool:
    return _attempt("Playwright's Chromium", [sys.executable, "-m", "playwright", "install", "chromium"])


def _install_debian() -> bool:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    return _attempt("Debian's chromium", ["apt-get", "-qq", "update"], ["apt-get", "-qq", "install", "-y", "chromium"])


def _attempt(what: str, *commands: list[str]) -> bool:
    print(f"Installing {what} for the browser tests", file=sys.stderr)
    return all(_succeeds(command, _INSTALL_SECONDS) for command in commands)


def _succeeds(command: list[str], seconds: float) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    try:
        print(chromium())
    except BrowserError as error:
        sys.exit(str(error))
