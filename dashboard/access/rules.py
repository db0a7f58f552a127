"""Which hosts, origins and tokens the server accepts.

A page elsewhere can rebind its own name to 127.0.0.1 (DNS rebinding); it then speaks to this server with that name in
``Host`` and ``Origin``. So only known names are accepted. An IP address in ``Host`` is never the work of rebinding.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
import socket
from collections import Counter
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config, runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from cvae_core.workers.quotas import (
    ALLOWED_HOSTS_VARIABLE,
    PICTURE_MB,
    TOKEN_VARIABLE,
    check_token,
    goes_without_token,
    largest_upload_mb,
    read_limits,
)

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_MEGABYTE: Final = 2**20
_PICTURE: Final = PICTURE_MB * _MEGABYTE
_FRAMING: Final = 2**16  # what surrounds a file in a multipart form
_PATH: Final = re.compile(r".*/_stcore/upload_file/(?P<session>[^/]+)/[^/]+")


@dataclass
class Rules:
    """What the server accepts.

    Attributes:
        hosts: Host names, in lower case; ``*.example.org`` stands for all names below, ``*`` for any.
        any_address: Whether any IP address is accepted as a host.
        token: Secret of the visitors; ``None`` if none is needed.
        origins: Other origins (``scheme://host:port``) whose pages may use this server.
    """

    hosts: tuple[str, ...] = LOOPBACK_NAMES
    any_address: bool = False
    token: str | None = None
    origins: tuple[str, ...] = ()
    _tickets: set[str] = field(default_factory=set)

    def knows_host(self, host: str | None) -> bool:
        """Whether a ``Host`` header names this server."""
        name = _host_name(f"//{host or ''}")
        return name is not None and (self._lists(name) or (self.any_address and _is_address(name)))

    def knows_origin(self, origin: str | None, host: str | None) -> bool:
        """Whether a page of an origin may use the server; programs send no origin."""
        if origin is None or origin in self.origins or origin.partition("://")[2] == host:
            return True
        name = _host_name(origin)  # a proxy may have replaced the Host header
        return name is not None and name not in LOOPBACK_NAMES and "*" not in self.hosts and self._lists(name)

    def accepts(self, token: str) -> bool:
        """Whether a token is right; a ticket is right once."""
        if token in self._tickets:
            self._tickets.remove(token)
            return True
        return self.token is not None and hmac.compare_digest(token.encode(), self.token.encode())

    def admits(self, proof: str | None) -> bool:
        """Whether a cookie proves that its sender knew the token."""
        return self.token is None or hmac.compare_digest((proof or "").encode(), self.proof().encode())

    def proof(self) -> str:
        """What the cookie holds."""
        return hashlib.sha256(f"cvae {self.token}".encode()).hexdigest()

    def new_ticket(self) -> str:
        """A token for one use, such as by the browser that the server opens: other users can see its command line."""
        ticket = secrets.token_urlsafe()
        self._tickets.add(ticket)
        return ticket

    def _lists(self, name: str) -> bool:
        return any(
            pattern in ("*", name) or (pattern[:2] == "*." and name.endswith(pattern[1:])) for pattern in self.hosts
        )


def read_rules() -> Rules:
    """The rules that follow from Streamlit's options and the environment.

    Takes the token out of the environment, so that processes that the server starts do not inherit it.

    Raises:
        ConfigError: The token is too short.
    """
    listens_here = _is_local(config.get_option("server.address") or "")
    named = os.environ.get(ALLOWED_HOSTS_VARIABLE, "").replace(",", " ").split()
    given = [*(named or config.get_option("server.allowedHosts")), *([] if listens_here else _own_names())]
    hosts = tuple(name.lower().strip("[]").rstrip(".") for name in given)
    others_come = not listens_here or not set(hosts) <= set(LOOPBACK_NAMES)
    token = given_token()
    os.environ.pop(TOKEN_VARIABLE, None)
    if token is None and others_come and not read_limits().read_only and not goes_without_token():
        token = secrets.token_urlsafe()
    if named or not listens_here:
        _let_streamlit_accept(hosts)
    return Rules(hosts or ("*",), not listens_here, token, tuple(config.get_option("server.corsAllowedOrigins")))


def given_token() -> str | None:
    """The token in the environment, if any.

    Raises:
        ConfigError: It is too short.
    """
    token = os.environ.get(TOKEN_VARIABLE) or None
    if token is not None:
        check_token(token)
    return token


def _own_names() -> list[str]:
    """The names by which other machines may know this one."""
    name = socket.gethostname()
    first = name.partition(".")[0]
    return [name, first, f"{first}.local"]


def _is_local(host: str) -> bool:
    """Whether only this machine can reach an address."""
    return ipaddress.ip_address(host).is_loopback if _is_address(host) else host == "localhost"


def _is_address(name: str) -> bool:
    """Whether it is an IP address and not a name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _host_name(url: str) -> str | None:
    """The host of an address, in lower case; None if the address is invalid."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises if it is no number
    except ValueError:
        return None
    if parts.username is not None or any(parts[2:]) or not parts.hostname:  # has a path or more
        return None
    return parts.hostname.rstrip(".")


def _let_streamlit_accept(names: tuple[str, ...]) -> None:
    """Turn off Streamlit's own check, which does not accept arbitrary IP addresses; these rules decide."""
    origins = [f"{scheme}://{name}" for name in names for scheme in ("http", "https")]
    config.set_option("server.allowedHosts", ["*"])
    config.set_option("server.corsAllowedOrigins", [*config.get_option("server.corsAllowedOrigins"), *origins])


class UploadBound:
    """ASGI middleware that bounds the memory of uploaded files.

    A session keeps one file of the largest size and two images; its oldest files are removed first. All sessions
    together have room for two files of the largest size or eight images. Beyond that, uploads are refused until a
    session ends.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an upload on if there is room for it."""
        found = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        session, size = found["session"], int(length) if length.isdecimal() else None
        refusal = self._refusal(session, size)
        if refusal is not None or size is None:
            await (refusal or PlainTextResponse("Expected a Content-Length.\n", 411))(scope, receive, send)
            return
        self._coming[session] += size
        try:
            # Streamlit would count the framing as a part of the file, and refuse one of exactly the largest size.
            headers = [header for header in scope["headers"] if header[0] != b"content-length"]
            await self._app({**scope, "headers": headers}, receive, send)
        finally:
            self._coming[session] -= size

    def _refusal(self, session: str, size: int | None) -> PlainTextResponse | None:
        limits, size = read_limits(), size or 0
        usual = PICTURE_MB if limits.read_only else config.get_option("server.maxUploadSize")
        largest = largest_upload_mb(limits, usual) * _MEGABYTE
        if size > largest + _FRAMING:
            return PlainTextResponse("The file is too large.\n", 413)
        files = runtime.get_instance().uploaded_file_mgr
        if not isinstance(files, MemoryUploadedFileManager):
            return None
        _drop_oldest(files, session, largest + 2 * _PICTURE - size - self._coming[session])
        held = sum(_held(files, other) for other in list(files.file_storage))
        if held + self._coming.total() + size > max(2 * largest, 8 * _PICTURE):
            return PlainTextResponse("The server has no memory for another file. Try again in a few minutes.\n", 507)
        return None


def _held(files: MemoryUploadedFileManager, session: str) -> int:
    return sum(len(file.data) for file in list(files.file_storage.get(session, {}).values()))


def _drop_oldest(files: MemoryUploadedFileManager, session: str, room: int) -> None:
    """Remove a session's oldest files until at most ``room`` bytes are left."""
    for name in list(files.file_storage.get(session, {})):
        if _held(files, session) <= room:
            return
        files.remove_file(session, name)
