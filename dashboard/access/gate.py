"""The middleware that admits or refuses visitors, and the pages that it answers with.

The pages load no other file, as a refused visitor may load none.
"""

from __future__ import annotations

from html import escape
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import config

from dashboard.access.rules import Rules

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",  # with "no-referrer" browsers would send the form with the origin "null"
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
# The colours of .streamlit/config.toml.
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title} · CVAE laboratory</title>
<style>
:root {{
  color-scheme: light dark;
  --text: light-dark(#11181c, #e3e8ea); --back: light-dark(#ffffff, #15191c); --panel: light-dark(#f3f5f6, #1f2529);
  --border: light-dark(#d9dfe2, #343c41); --accent: light-dark(#12637d, #7cc0d6);
  --button: light-dark(#12637d, #2f748c); --wrong: light-dark(#a3271b, #ff9b8f);
}}
body {{ margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 "Source Sans", system-ui, sans-serif; }}
main {{ max-width: 34rem; margin: 12vh auto 0; padding: 0 1.25rem 2rem; }}
h1 {{ font-size: 1.75rem; line-height: 1.25; font-weight: 650; margin: 0 0 1rem; }}
code {{ background: var(--panel); border-radius: 4px; padding: .1em .3em; overflow-wrap: anywhere; }}
a {{ color: var(--accent); }}
label {{ display: block; font-weight: 600; margin: 1.5rem 0 .25rem; }}
form div {{ display: flex; flex-wrap: wrap; gap: .5rem; }}
input {{ flex: 1 1 14rem; min-width: 0; font: inherit; padding: .5rem .75rem; color: inherit; background: var(--panel);
  border: 1px solid var(--border); border-radius: 6px; }}
button {{ font: inherit; font-weight: 600; padding: .5rem 1.25rem; color: #fff; background: var(--button);
  border: 0; border-radius: 6px; cursor: pointer; }}
:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; }}
.wrong {{ color: var(--wrong); font-weight: 600; }}
</style>
<main>
<h1>{title}</h1>
{body}
</main>
</html>
"""
_LOGIN: Final = """{wrong}<p>This laboratory needs a token. The server printed a link with the token when it
started. Open that link, or enter the token here.</p>
<form method="post">
<label for="token">Token</label>
<div><input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Open</button></div>
</form>"""
_WRONG: Final = (
    '<p class="wrong" role="alert">This token is wrong, or the server has a new one since it was restarted.</p>\n'
)
_HOST: Final = """<p>The server does not accept the name <code>{host}</code>, as another website could
use an unknown name to reach the server without permission.</p>
<p>On the machine of the server, open <a href="http://localhost:{port}{base}">http://localhost:{port}{base}</a>.</p>
<p>If the name is yours, allow it at the start of the server:<br><code>cvae dashboard --allow-host {host}</code></p>"""


def login_page(*, wrong: bool) -> HTMLResponse:
    """Asks for the token."""
    body = _LOGIN.format(wrong=_WRONG if wrong else "")
    return HTMLResponse(_PAGE.format(title="Token needed", body=body), 401, HEADERS)


def wrong_host_page(host: str, port: int, base: str) -> HTMLResponse:
    """Says that the server does not answer under this name.

    Args:
        host: The name that was asked for.
        port: On which the server listens.
        base: The path below which the pages are: ``/`` or ``/name/``.
    """
    body = _HOST.format(host=escape(host) or "(none)", port=port, base=escape(base))
    return HTMLResponse(_PAGE.format(title="Unknown host name", body=body), 403, HEADERS)


_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST_FORM: Final = 4096
_OPEN_PATHS: Final = ("/_stcore/health",)  # holds nothing secret, and monitors ask for it
_NO_PAGES: Final = ("/_stcore/", "/media/", "/component/", "/static/", "/app/static/")


class Gate:
    """ASGI middleware.

    Args:
        app: What it protects.
        rules: Whom it lets pass.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused or brings a token; pass all others on."""
        answer: ASGIApp | None = None
        if scope["type"] == "http":
            answer = await self._answer(Request(scope, receive))
        elif scope["type"] == "websocket" and not self._lets_connect(HTTPConnection(scope)):
            answer = WebSocketClose(1008, "refused")
        await (answer or self._app)(scope, receive, send)

    def _lets_connect(self, connection: HTTPConnection) -> bool:
        headers = connection.headers
        return (
            self._rules.knows_host(headers.get("host"))
            and self._rules.knows_origin(headers.get("origin"), headers.get("host"))
            and self._rules.admits(connection.cookies.get(_cookie_name()))
        )

    async def _answer(self, request: Request) -> Response | None:
        """The answer to a request that is not passed to Streamlit; None for one that is."""
        host, path = request.headers.get("host"), _path_below_base(request)
        if not self._rules.knows_host(host):
            name = (host or "").rpartition(":")[0] or host or ""
            return wrong_host_page(name, config.get_option("server.port"), _base())
        if request.method not in _SAFE_METHODS and not self._rules.knows_origin(request.headers.get("origin"), host):
            return PlainTextResponse("Requests from other websites are refused.\n", 403)
        if request.scope["path"] == "/" != _base():
            query = request.url.query
            return RedirectResponse(f"{_base()}{'?' if query else ''}{query}", 303, HEADERS)
        if self._rules.token is None or path in _OPEN_PATHS:
            return None
        return await self._answer_by_token(request, is_page=not path.startswith(_NO_PAGES))

    async def _answer_by_token(self, request: Request, *, is_page: bool) -> Response | None:
        known = self._rules.admits(request.cookies.get(_cookie_name()))
        given = await _given_token(request) if is_page else None
        if given is not None and self._rules.accepts(given):
            return self._welcome(request)
        if given is not None and known:
            return _without_token(request)
        if known:
            return None
        if given is not None and request.method == "POST":
            return _asked_again(request)
        return login_page(wrong=given is not None) if is_page else PlainTextResponse("The token is missing.\n", 401)

    def _welcome(self, request: Request) -> Response:
        """Set the cookie, and remove the token from the address."""
        response = _without_token(request)
        response.set_cookie(
            _cookie_name(),
            self._rules.proof(),
            path=_base(),
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",  # with "strict" a link in a message would ask for the token again
        )
        return response


async def _given_token(request: Request) -> str | None:
    """The token in the address or in the form of the login page."""
    if request.method in ("GET", "HEAD"):
        return request.query_params.get("token")
    if request.method != "POST" or request.headers.get("content-type", "").partition(";")[0] != _FORM:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return None
    return dict(parse_qsl(body.decode("utf-8", "replace"))).get("token", "").strip()


def _without_token(request: Request) -> Response:
    """Open the same address without the token in it.

    The address is relative, so it works behind a proxy that removes a path, and leads to no other host.
    """
    return _same_page(request, [item for item in request.query_params.multi_items() if item[0] != "token"])


def _asked_again(request: Request) -> Response:
    """Redirect to the page about a wrong token; browsers go back to a page, but not to the answer of a form."""
    others = [item for item in request.query_params.multi_items() if item[0] != "token"]
    return _same_page(request, [*others, ("token", "")])


def _same_page(request: Request, parameters: list[tuple[str, str]]) -> Response:
    page = quote(request.scope["path"].rpartition("/")[2])
    query = urlencode(parameters)
    return RedirectResponse(f"./{page}{'?' if query else ''}{query}", 303, HEADERS)


def _cookie_name() -> str:
    """One for each port, as browsers send cookies to all ports of a host."""
    return f"cvae_token_{config.get_option('server.port')}"


def _base() -> str:
    """The path below which the pages are, with a slash at both ends."""
    base = config.get_option("server.baseUrlPath").strip("/")
    return f"/{base}/" if base else "/"


def _path_below_base(request: Request) -> str:
    return "/" + str(request.scope["path"]).removeprefix(_base().rstrip("/")).lstrip("/")
