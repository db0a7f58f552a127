"""The server: start it with its settings checked, and the middleware around Streamlit."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import click
from starlette.middleware import Middleware
from streamlit import cli_util, config
from streamlit.web import cli
from streamlit.web.server import server_util

from cvae_core.errors import CvaeError
from cvae_core.plugins import load_plugins
from cvae_core.runs.control import max_workers
from cvae_core.workers.quotas import PICTURE_MB, Limits, largest_upload_mb, read_limits
from dashboard.access.gate import Gate
from dashboard.access.rules import Rules, UploadBound, given_token, read_rules
from dashboard.streamlit_patches import sessions
from dashboard.streamlit_patches.modules import LastingModules
from dashboard.streamlit_patches.pages import PageScript, disable_address_lookup, forget_pages_directory
from dashboard.streamlit_patches.sessions import use_few_heaps


@cache
def _rules() -> Rules:
    return read_rules()


def middleware() -> list[Middleware]:
    """The middleware around Streamlit, outermost first."""
    return [
        Middleware(Gate, rules=_rules()),
        Middleware(sessions.DescriptorRelease),
        Middleware(UploadBound),
        Middleware(LastingModules),
        Middleware(PageScript),
    ]


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[None]:  # noqa: ARG001  Streamlit hands over the app
    """Prepare the process, and print the links to the laboratory."""
    disable_address_lookup()
    forget_pages_directory()
    sessions.prepare()
    use_few_heaps()
    what = "Open" if _rules().token is None else "Open this link (it holds the token):"
    for link in _links():
        click.echo(f"  {what} {link}")
    if not config.get_option("server.headless"):
        asyncio.get_running_loop().call_soon(cli_util.open_browser, _address(_shown_host(), ticket=True))
    yield


def _links() -> list[str]:
    """The links to the laboratory, with the token if there is one."""
    hosts = [_shown_host()]
    if config.get_option("server.address") in ("0.0.0.0", "::"):
        hosts.append(socket.gethostname())
    return [_address(host) for host in hosts]


def _shown_host() -> str:
    return str(config.get_option("browser.serverAddress"))


def _address(host: str, *, ticket: bool = False) -> str:
    """The address of the laboratory, with the token, or with a ticket in its place."""
    rules = _rules()
    url = server_util.get_url(f"[{host}]" if ":" in host else host)
    if rules.token is None:
        return url
    return f"{url}/?{urlencode({'token': rules.new_ticket() if ticket else rules.token})}"


# Streamlit compares the limit with the whole request, which is a little larger than its file. The page checks the file.
_REQUEST_MB: Final = 1
HOME: Final = Path(__file__).with_name("Home.py")


def options(limits: Limits) -> list[str]:
    """Streamlit's options that follow from the limits."""
    if limits.read_only:  # no archives, so no memory for them either
        return ["--server.maxUploadSize", str(largest_upload_mb(limits, PICTURE_MB) + _REQUEST_MB)]
    return ["--server.maxUploadSize", str(limits.max_upload_mb + _REQUEST_MB)] if limits.max_upload_mb else []


def main() -> None:
    """Run until the process gets SIGTERM or SIGINT."""
    try:
        load_plugins()
        max_workers()
        limits = read_limits()
        given_token()
    except CvaeError as error:
        sys.exit(f"Error: {error}")
    use_few_heaps()
    for number in (signal.SIGTERM, signal.SIGINT):  # Uvicorn hands them on when it has closed everything
        signal.signal(number, lambda *_: sys.exit(0))
    sys.argv = ["streamlit", "run", str(HOME), *options(limits), *sys.argv[1:]]
    try:
        cli.main()
    except OSError as error:
        sys.exit(f"Error: The server cannot listen on this address: {error.strerror or error}.")


if __name__ == "__main__":
    main()
