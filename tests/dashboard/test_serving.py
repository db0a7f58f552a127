"""Real servers, however they are started: whom they answer, and what a visit leaves behind."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.client import Visitor

pytestmark = pytest.mark.slow
HOME = Path(__file__).parents[2] / "dashboard" / "Home.py"
DOCUMENT = HOME.parents[1] / "docs" / "server.md"
CVAE = ["-c", "from cvae_core.cli import main; main()", "dashboard", "--headless", "--port"]
WAYS = {
    "cvae dashboard": CVAE,
    "make app": ["-m", "dashboard.server", "--server.headless", "true", "--server.port"],
    "streamlit run": ["-m", "streamlit", "run", str(HOME), "--server.headless", "true", "--server.port"],
}


@dataclass
class Server:
    """A server of a test."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path
    base: str = ""

    def answer(self, path: str = "/", **headers: str) -> tuple[int, str]:
        """Status and text of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", self.base + path, headers={"Host": f"localhost:{self.port}", **headers})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text

    def connect(self, **headers: str) -> int:
        """The status of a WebSocket's handshake; 101 lets in."""
        wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        return self.answer("/_stcore/stream", **wanted, **{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}, **headers)[
            0
        ]

    def token(self) -> str:
        """What it printed."""
        found = re.search(r"/\?token=(\S+)", self.log.read_text())
        assert found
        return found[1]

    def proof(self, token: str, **headers: str) -> str:
        """The cookie that the link with the token gives."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {"Host": f"localhost:{self.port}", **headers}
        connection.request("GET", f"{self.base}/train?token={token}", headers=named)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["location"]) == (303, "./train")
        connection.close()
        return answer.headers["set-cookie"].partition(";")[0]

    def descriptors(self) -> int:
        """How many it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@contextmanager
def serving(
    folder: Path, way: list[str], *options: str, base: str = "", most_files: int = 0, **environment: str
) -> Iterator[Server]:
    port = free_port()
    log = folder / f"{port}.log"
    command = [sys.executable, "-P", *way, str(port), *options]
    if most_files:
        command = ["sh", "-c", f'ulimit -n {most_files} && exec "$@"', "sh", *command]
    variables = {**os.environ, "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none", **environment}
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=output, stderr=output)
    try:
        wait_for_health(process, f"http://127.0.0.1:{port}{base}", log)
        yield Server(port, process, log, base)
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_health(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"The server did not start:\n{log.read_text()}")


@pytest.fixture(params=list(WAYS))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path, WAYS[request.param]) as made:
        yield made


def test_a_page_elsewhere_that_takes_our_address_is_refused(server: Server) -> None:
    evil = f"evil.example:{server.port}"
    assert server.connect(Host=evil, Origin=f"http://{evil}") == 403
    status, text = server.answer(Host=evil)
    assert status == 403
    assert "Unknown host name" in text
    for host in (f"localhost:{server.port}", f"127.0.0.1:{server.port}", f"[::1]:{server.port}"):
        assert server.connect(Host=host, Origin=f"http://{host}") == 101
        assert server.answer(Host=host)[0] == 200


@pytest.mark.parametrize(
    ("way", "option"),
    [("cvae dashboard", "--host"), ("make app", "--server.address"), ("streamlit run", "--server.address")],
)
def test_others_need_the_token(way: str, option: str, tmp_path: Path) -> None:
    with serving(tmp_path, WAYS[way], option, "0.0.0.0") as server:
        assert "Token needed" in server.answer()[1]
        assert server.connect() == 403
        assert server.answer("/_stcore/host-config")[0] == 401
        token = server.token()
        assert token not in Path(f"/proc/{server.process.pid}/cmdline").read_text()
        with pytest.raises(urllib.error.HTTPError) as wrong:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/?token={token}x")
        assert wrong.value.code == 401
        proof = server.proof(token)
        assert server.connect(Cookie=proof) == 101
        assert "root" in server.answer(Cookie=proof)[1]
        assert server.log.read_text().count(token) == 2  # the links, and nowhere else
        links = re.findall(r"http://\S+", server.log.read_text())
        assert [link.endswith(f"/?token={token}") for link in links] == [True, True]
        name = f"{socket.gethostname()}:{server.port}"
        assert server.connect(Cookie=proof, Host=name, Origin=f"http://{name}") == 101


def test_the_token_is_chosen_or_left_out_on_purpose(tmp_path: Path) -> None:
    with serving(tmp_path, CVAE, "--host", "0.0.0.0", "--token", "chosen by the teacher") as server:
        assert server.token() == "chosen+by+the+teacher"
        assert server.connect() == 403
    with serving(tmp_path, CVAE, "--host", "0.0.0.0", "--no-token") as server:
        assert server.connect() == 101
        assert server.connect(Host="evil.example", Origin="http://evil.example") == 403
        assert server.connect(Host="192.0.2.1:8501", Origin="http://192.0.2.1:8501") == 101
        assert "can start trainings, and change and delete every run" in server.log.read_text()


def test_a_server_says_once_where_it_is_and_leads_there(tmp_path: Path) -> None:
    with serving(tmp_path, CVAE, "--base-path", "lab", base="/lab") as server:
        address = f"http://localhost:{server.port}/lab"
        assert re.findall(r"http://\S+", server.log.read_text()) == [address]
        with urllib.request.urlopen(f"http://localhost:{server.port}/") as answer:
            assert (answer.status, answer.url) == (200, f"{address}/")


def test_the_browser_that_the_server_opens_has_a_ticket_and_not_the_token(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    way = [argument for argument in CVAE if argument != "--headless"]
    with serving(tmp_path, way, "--host", "0.0.0.0", PATH=path, DISPLAY=":0", HOME=str(tmp_path)) as server:
        deadline = time.monotonic() + 20
        while not (opened.exists() and opened.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        ticket = opened.read_text().strip().partition("token=")[2]
        assert len(ticket) >= 40
        assert ticket != server.token()
        proof = server.proof(ticket)
        assert server.connect(Cookie=proof) == 101
        assert server.answer(f"/train?token={ticket}")[0] == 401  # once only


NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
NGINX_CONFIG = """
pid {folder}/pid; error_log {folder}/error.log; daemon off; events {{}}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  server {{ listen 127.0.0.1:{port}; server_name lab.example; {location} }}
}}
"""


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize("keeps_host", [True, False])
def test_nginx_as_documented(keeps_host: bool, tmp_path: Path) -> None:
    example = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert example
    options = ("--allow-host", "lab.example", "--base-path", "cvae")
    with serving(tmp_path, CVAE, *options, base="/cvae") as server:
        location = example[1].replace("8501", str(server.port))
        if not keeps_host:
            location = location.replace("proxy_set_header Host $http_host;", "")
        port = free_port()
        file = tmp_path / "nginx.conf"
        file.write_text(NGINX_CONFIG.format(folder=tmp_path, port=port, location=location))
        process = subprocess.Popen([str(NGINX), "-c", str(file), "-e", str(tmp_path / "error.log")])
        try:
            wait_for_health(process, f"http://127.0.0.1:{port}/cvae", tmp_path / "error.log")
            proxy = Server(port, process, server.log, "/cvae")
            browser = {"Host": f"lab.example:{port}", "Origin": f"http://lab.example:{port}"}
            assert "Token needed" in proxy.answer(**browser)[1]
            proof = proxy.proof(server.token(), **browser)
            assert 'id="root"' in proxy.answer("/train", Cookie=proof, **browser)[1]
            assert proxy.connect(Cookie=proof, **browser) == 101
            assert proxy.connect(**browser) == 403
            assert proxy.connect(Cookie=proof, Host=browser["Host"], Origin="http://evil.example") == 403
        finally:
            process.terminate()
            process.wait(20)


@pytest.mark.faults
def test_a_closed_visit_keeps_no_descriptor(tmp_path: Path) -> None:
    with serving(tmp_path, WAYS["make app"], most_files=256) as server:
        url = f"http://127.0.0.1:{server.port}"
        with Visitor(url, "none"):
            pass
        time.sleep(3)
        assert server.descriptors() < 20
        before = server.descriptors()
        for _ in range(4):
            with ExitStack() as visits:
                for _ in range(20):
                    visits.enter_context(Visitor(url, "none"))
            time.sleep(3)
        assert server.descriptors() <= before + 5
        assert "Traceback" not in server.log.read_text()


@pytest.mark.faults
def test_the_log_stays_short_when_no_descriptor_is_left(tmp_path: Path) -> None:
    with serving(tmp_path, WAYS["make app"], most_files=40) as server, ExitStack() as held:
        for _ in range(60):
            held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        time.sleep(4)
        text = server.log.read_text()
        assert text.count("file descriptors are in use") == 1
        assert len(text.splitlines()) < 20
        held.close()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                assert server.connect() == 101
                return
            except OSError:
                time.sleep(0.5)
        pytest.fail("The server does not answer again.")


def test_the_limit_of_descriptors_is_raised(tmp_path: Path) -> None:
    way = ["sh", "-c", 'ulimit -S -n 256 && exec "$@"', "sh", sys.executable, "-P", *WAYS["make app"]]
    with serving(tmp_path, ["-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])", *way]) as server:
        line = re.search(r"Max open files +(\d+)", Path(f"/proc/{server.process.pid}/limits").read_text())
        assert line
        assert int(line[1]) > 256
