"""Who may talk to the server: known hosts and origins, and on a shared server those who have its token."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from streamlit import config

from cvae_core.errors import ConfigError
from dashboard.access.gate import Gate
from dashboard.access.rules import LOOPBACK_NAMES, Rules, read_rules

TOKEN = "a token of the test"
HERE = "localhost:8501"


@dataclass
class Answer:
    """What came back; status 200 is the app's own answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands for Streamlit."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"app"})


def ask(
    rules: Rules, path: str = "/", *, method: str = "GET", kind: str = "http", body: str = "", **headers: str
) -> Answer:
    """Send one request through the gate."""
    path, _, query = path.partition("?")
    named = {"host": HERE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in named.items()]
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": raw,
        "scheme": "http",
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Gate(app, rules)(scope, receive, send))
    if kind == "websocket":
        return Answer(200 if sent[0]["type"] == "websocket.accept" else 403)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answered, b"".join(part.get("body", b"") for part in sent[1:]).decode())


def cookie_of(answer: Answer) -> str:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return f"{morsel.key}={morsel.value}"


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8501", 200),
        ("LOCALHOST.:1", 200),
        ("127.0.0.1:8501", 200),
        ("[::1]:8501", 200),
        ("evil.example:8501", 403),
        ("localhost.evil.example", 403),
        ("localhost@evil.example", 403),
        ("192.168.1.5:8501", 403),
        ("localhost:port", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
def test_only_known_hosts_reach_a_server_of_this_machine(kind: str, host: str, status: int) -> None:
    assert ask(Rules(), "/_stcore/stream", kind=kind, host=host, origin=f"http://{host}").status == status


def test_a_wrong_host_gets_a_reason_and_advice() -> None:
    answer = ask(Rules(), host="<b>evil.example:8501")
    assert answer.status == 403
    assert "<code>&lt;b&gt;evil.example</code>" in answer.text
    assert "http://localhost:8501/" in answer.text
    assert "--allow-host" in answer.text


def test_a_shared_server_is_reached_by_its_names_and_by_any_address() -> None:
    rules = Rules(("lab.example", "*.uni.example"), any_address=True)
    known = ("lab.example", "lab.example:80", "a.uni.example", "192.168.1.5:8501", "[fe80::1]:8501")
    assert [ask(rules, host=host).status for host in known] == [200] * len(known)
    assert [ask(rules, host=host).status for host in ("evil.example", "uni.example", "eviluni.example")] == [403] * 3


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("http://localhost:8501", 200),
        ("https://lab.example", 200),  # a proxy that replaces the Host header
        ("http://good.example:1", 200),
        ("http://localhost:3000", 403),  # another program of this machine
        ("http://good.example:2", 403),
        ("http://evil.example:8501", 403),
        ("http://[", 403),
        ("null", 403),
    ],
)
def test_only_known_origins_may_connect_and_change(origin: str | None, status: int) -> None:
    rules = Rules((*LOOPBACK_NAMES, "lab.example"), origins=("http://good.example:1",))
    headers = {} if origin is None else {"origin": origin}
    assert ask(rules, "/_stcore/stream", kind="websocket", **headers).status == status
    assert ask(rules, "/_stcore/upload_file/a/b", method="PUT", **headers).status == status
    assert ask(rules, "/train", **headers).status == 200


def test_any_host_does_not_mean_any_origin() -> None:
    assert ask(Rules(("*",)), kind="websocket", host="any.example", origin="http://any.example").status == 200
    assert ask(Rules(("*",)), kind="websocket", host="any.example", origin="http://evil.example").status == 403


PATHS = (
    "/",
    "/train",
    "/_stcore/host-config",
    "/_stcore/upload_file/a/b",
    "/media/a.png",
    "/static/js/index.js",
    "/component/x/y",
    "/_stcore/bidi-components/cvae-0123.image_grid/grid/image_grid.js",
)


def test_nothing_is_had_without_the_token() -> None:
    rules = Rules(token=TOKEN)
    for proof in ("", f"cvae_token_8501={TOKEN}", "cvae_token_8501=x", "cvae_token_8501=\xff"):
        assert [ask(rules, path, cookie=proof).status for path in PATHS] == [401] * len(PATHS)
        assert ask(rules, "/_stcore/stream", kind="websocket", cookie=proof).status == 403
    assert ask(rules, "/_stcore/upload_file/a/b?token=" + TOKEN, method="PUT").status == 401
    assert ask(rules, "/_stcore/health").status == 200


def test_the_link_lets_in_and_leaves_no_token_in_the_address() -> None:
    rules = Rules(token=TOKEN)
    answer = ask(rules, f"/train?run=a%20b&token={TOKEN.replace(' ', '+')}&epoch=3")
    assert answer.status == 303
    assert answer.headers["location"] == "./train?run=a+b&epoch=3"
    assert answer.headers["referrer-policy"] == "same-origin"
    kept = answer.headers["set-cookie"]
    assert "HttpOnly" in kept
    assert "SameSite=lax" in kept
    assert TOKEN not in kept
    proof = cookie_of(answer)
    assert [ask(rules, path, cookie=proof).status for path in PATHS] == [200] * len(PATHS)
    assert ask(rules, "/_stcore/stream", kind="websocket", cookie=proof).status == 200
    assert ask(Rules(token="the token of a later server"), cookie=proof).status == 401
    again = ask(rules, "/?token=wrong", cookie=proof)
    assert (again.status, again.headers["location"]) == (303, "./")


def test_the_redirect_leads_to_no_other_host() -> None:
    for path in ("//evil.example", "/\\evil.example", "/x//evil.example/y:z"):
        location = ask(Rules(token=TOKEN), f"{path}?token={TOKEN}").headers["location"]
        assert location.startswith("./")
        assert "\\" not in location


def test_the_page_asks_for_the_token() -> None:
    form = {"content_type": "application/x-www-form-urlencoded; charset=utf-8"}
    assert "wrong" not in ask(Rules(token=TOKEN), "/train?run=a").text.partition("<main>")[2]
    wrong = ask(Rules(token=TOKEN), "/train?run=a", method="POST", body="token=x", **form)
    assert (wrong.status, wrong.headers["location"]) == (303, "./train?run=a&token="), "browsers go back to it"
    told = ask(Rules(token=TOKEN), "/train?run=a&token=")
    assert told.status == 401
    assert "is wrong" in told.text
    right = ask(Rules(token=TOKEN), "/train?run=a", method="POST", body="token=a+token+of+the+test%0A", **form)
    assert (right.status, right.headers["location"]) == (303, "./train?run=a")
    assert ask(Rules(token=TOKEN), method="POST", body="token=" + "x" * 10_000, **form).status == 401


def test_the_bare_address_leads_to_the_base_path(options: dict[str, Any]) -> None:
    assert ask(Rules()).status == 200
    options["server.baseUrlPath"] = "lab"
    answer = ask(Rules(token=TOKEN), "/?token=a+b&run=x")
    assert (answer.status, answer.headers["location"]) == (303, "/lab/?token=a+b&run=x")
    assert ask(Rules(), "/lab/").status == 200
    assert ask(Rules(), "/", host="evil.example").status == 403


def test_a_ticket_lets_in_once() -> None:
    rules = Rules(token=TOKEN)
    ticket = rules.new_ticket()
    assert [ask(rules, f"/?token={ticket}").status for _ in range(2)] == [303, 401]


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Streamlit's options, put back at the end."""
    chosen: dict[str, Any] = {"server.address": "127.0.0.1", "server.allowedHosts": list(LOOPBACK_NAMES)}
    other = {"server.corsAllowedOrigins": [], "server.baseUrlPath": "", "server.port": 8501}
    monkeypatch.setattr(config, "get_option", lambda name: (other | chosen).get(name))
    monkeypatch.setattr(config, "set_option", lambda name, value: chosen.update({name: value}))
    return chosen


@pytest.mark.parametrize(
    ("address", "environment", "asks"),
    [
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"CVAE_ALLOWED_HOSTS": "localhost,lab.example"}, True),  # a proxy lets others in
        ("0.0.0.0", {}, True),
        ("0.0.0.0", {"CVAE_READ_ONLY": "1"}, False),
        ("0.0.0.0", {"CVAE_NO_TOKEN": "1"}, False),
        ("0.0.0.0", {"CVAE_READ_ONLY": "1", "CVAE_TOKEN": TOKEN}, True),
        (None, {}, True),
    ],
)
def test_a_token_is_needed_where_others_come_and_may_change_things(
    address: str | None,
    environment: dict[str, str],
    asks: bool,
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options["server.address"] = address
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    rules = read_rules()
    assert (rules.token is not None) == asks
    assert "CVAE_TOKEN" not in os.environ  # workers would inherit it
    if asks and "CVAE_TOKEN" not in environment:
        assert rules.token != read_rules().token
        assert len(rules.token or "") >= 40


def test_a_short_token_is_refused(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVAE_TOKEN", "short")
    with pytest.raises(ConfigError, match="5 characters; expected at least 12"):
        read_rules()
