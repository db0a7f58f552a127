"""What surrounds Streamlit on the server: who may talk to it, what visits may cost, and how it says where it is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import urlencode

import click
from starlette.middleware import Middleware
from streamlit import cli_util, config
from streamlit.web.server import server_util

from dashboard.access.gate import Gate
from dashboard.access.rules import Rules, read_rules
from dashboard.access.uploads import UploadBound
from dashboard.streamlit_patches import descriptors
from dashboard.streamlit_patches.modules import LastingModules
from dashboard.streamlit_patches.page_script import PageScript
from dashboard.streamlit_patches.sessions import use_few_heaps
from dashboard.streamlit_patches.startup import ask_nobody, forget_pages_directory


@cache
def _rules() -> Rules:
    return read_rules()


def middleware() -> list[Middleware]:
    """What a request passes before Streamlit sees it, the outermost first."""
    return [
        Middleware(Gate, rules=_rules()),
        Middleware(descriptors.DescriptorRelease),
        Middleware(UploadBound),
        Middleware(LastingModules),
        Middleware(PageScript),
    ]


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[None]:  # noqa: ARG001  Streamlit hands over the app
    """Prepare the process, and say how the laboratory is reached."""
    ask_nobody()
    forget_pages_directory()
    descriptors.prepare()
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
