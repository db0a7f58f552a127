"""The pages of the server that need no Streamlit: they say why a visitor is refused, and what to do.

They load nothing else, so that they work for whoever may load nothing.
"""

from __future__ import annotations

from html import escape
from typing import Final

from starlette.responses import HTMLResponse

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
_LOGIN: Final = """{wrong}<p>This laboratory is open to those who have its token. The link with the token was
printed where the server was started: open that link, or enter the token here.</p>
<form method="post">
<label for="token">Token</label>
<div><input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Open</button></div>
</form>"""
_WRONG: Final = (
    '<p class="wrong" role="alert">This token is wrong, or the server was started again with a new one.</p>\n'
)
_HOST: Final = """<p>The laboratory does not answer under the name <code>{host}</code>. Another website
could use that name to reach this server without permission; only names that the server knows are accepted.</p>
<p>On the machine of the server, open <a href="http://localhost:{port}{base}">http://localhost:{port}{base}</a>.</p>
<p>If the name is yours, start the server with it:<br><code>cvae dashboard --allow-host {host}</code></p>"""


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
