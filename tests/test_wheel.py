"""The built wheel works by itself: installed outside the repository, with nothing of it on the path."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = (".py", ".typed", ".js", ".css", ".svg", ".html", ".toml")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that has the wheel, and borrows all else from this one."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "-q", "--python", python, "install", "--no-deps", "--no-index", wheel)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    return folder / "bin"


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a program prints to standard output; the test fails with what it says if it fails."""
    result = subprocess.run([*map(str, command)], cwd=cwd, env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def test_wheel_holds_both_packages_and_the_bundled_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = (path for package in ("cvae_core", "dashboard") for path in (ROOT / package).rglob("*"))
    expected = {path.relative_to(ROOT).as_posix() for path in sources if path.suffix in SHIPPED}
    expected |= {f"cvae_core/assets/{name}" for name in ("mnist.npz", "MNIST-LICENSE.md", "logo.svg")}
    assert expected - names == set()
    assert "dashboard/.streamlit/config.toml" in names
    assert not [name for name in names if name.startswith(("tests/", "assets/")) or "__pycache__" in name]


def test_packages_come_from_the_wheel(scripts: Path, tmp_path: Path) -> None:
    show = "import cvae_core, dashboard; print(cvae_core.__file__, *dashboard.__path__, sep='\\n')"
    places = run(scripts / "python", "-c", show, cwd=tmp_path).split()
    assert all(Path(place).is_relative_to(scripts.parent) for place in places), places


def test_help_names_the_commands(scripts: Path, tmp_path: Path) -> None:
    text = run(scripts / "cvae", "--help", cwd=tmp_path)
    assert all(command in text for command in ("train", "resume", "runs", "dashboard"))


def test_training_finds_the_bundled_digits(scripts: Path, tmp_path: Path) -> None:
    settings = ["--epochs", "1", "--set", "train_limit=500", "--set", "test_limit=100"]
    lines = run(scripts / "cvae", "train", "--preset", "quick", *settings, "--runs", "made", "--json", cwd=tmp_path)
    report = json.loads(lines.splitlines()[-1])
    assert report["state"] == "finished"
    assert (tmp_path / "made" / report["run"] / "config.json").is_file()


def test_dashboard_answers(scripts: Path, tmp_path: Path) -> None:
    port = free_port()
    command: list[str | Path] = [scripts / "cvae", "dashboard", "--port", str(port), "--headless", "--runs", "made"]
    with started(command, tmp_path) as server:
        assert answer(f"http://127.0.0.1:{port}/_stcore/health", server) == "ok"
        assert "<title>" in answer(f"http://127.0.0.1:{port}/", server)


@contextmanager
def started(command: list[str | Path], cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    server = subprocess.Popen(command, cwd=cwd, env=environment(), stdin=subprocess.DEVNULL)
    try:
        yield server
    finally:
        server.terminate()
        server.wait(timeout=30)


def answer(address: str, server: subprocess.Popen[bytes], seconds: float = 60.0) -> str:
    """What the server says at an address, once it listens."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                return str(response.read().decode())
        except OSError:
            assert server.poll() is None, f"the server ended with {server.returncode}"
            assert time.monotonic() < end, f"no answer within {seconds:.0f} s"
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
