"""Every command and every Python example of README.md and docs/ runs, with small settings where it would take long."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final

import pytest

from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.runs.run import create_run

pytestmark = [pytest.mark.slow, pytest.mark.every_case]

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = Path(sys.executable).parent
SHELLS = ("", "sh", "bash", "shell", "console")

# What each command is run as: itself with "{}" in its place, and small settings. The first pattern that matches counts.
AS_IT_IS = "{}"
SERVER = "a server"
SMALL: Final = "--set train_limit=500 --set test_limit=200 --set hidden_widths=16"
FEW_EPOCHS: Final = f"{{}} --epochs 1 {SMALL}"
RUN_AS: Final[dict[str, str]] = {
    r"make ": "{} --dry-run",  # the tests run in the environment that it would change
    r"pip install -e \.$": "{} --dry-run --quiet --no-deps --no-build-isolation",
    r"pip install tensorboard && tensorboard --logdir runs$": "ls runs/RUN/tensorboard/events.out.tfevents.*",
    r"streamlit run ": SERVER,
    r"cvae dashboard\b": SERVER,
    r"cvae bench$": "{} --turns 1",
    r"cvae train .*--dry-run": AS_IT_IS,
    r"cvae train ": FEW_EPOCHS,
    r"cvae resume RUN$": "cvae resume BEGUN",
    r"cvae runs list$": AS_IT_IS,
    r"cvae runs delete RUN$": "{} --yes",
    r"cvae runs (note|prune|export) RUN\b": AS_IT_IS,
    r"cvae (export|evaluate) RUN\b": AS_IT_IS,
}


def blocks(document: Path) -> list[tuple[str, list[str]]]:
    """The language and the lines of each block of code; an indented one has none."""
    text = document.read_text(encoding="utf-8")
    fenced = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    found = [(language, body.splitlines()) for language, body in fenced.findall(text)]
    indented = re.findall(r"(?:\A|\n\n)((?:    .*\n|\n(?=    ))+)", fenced.sub("", text))
    return found + [("", [line[4:] for line in block.splitlines()]) for block in indented]


def is_tree(lines: list[str]) -> bool:
    """Whether a block shows folders."""
    return lines[0].split()[0].endswith("/")


def commands() -> list[str]:
    """Each command once, its comment left out."""
    shells = [lines for path in DOCUMENTS for language, lines in blocks(path) if language in SHELLS]
    lines = [re.sub(r"\s+#.*", "", line).strip() for block in shells if not is_tree(block) for line in block]
    return list(dict.fromkeys(filter(None, lines)))


def examples() -> list[str]:
    """Each block by itself; those of extending.md are one module."""
    found: list[str] = []
    for path in DOCUMENTS:
        own = ["\n".join(lines) for language, lines in blocks(path) if language == "python"]
        found += ["\n\n".join(own)] if path.name == "extending.md" else own
    return found


def how_to_run(command: str) -> str:
    found = next((how for pattern, how in RUN_AS.items() if re.match(pattern, command)), None)
    assert found is not None, f"RUN_AS does not say how to run: {command}"
    return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a trained run named RUN and one that has only begun, named BEGUN."""
    folder = tmp_path_factory.mktemp("documents")
    succeed(f"cvae train --preset quick --epochs 2 {SMALL} --name RUN", folder)
    small = {"epochs": 1, "train_limit": 500, "test_limit": 200, "hidden_widths": (16,)}
    config: RunConfig = preset("quick").with_settings(small)
    create_run(folder / "runs", config, "BEGUN")
    return folder


@pytest.fixture
def here(trained: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(trained, tmp_path / "here")


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "CVAE_RUNS"}
    return kept | {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "TF_CPP_MIN_LOG_LEVEL": "3"}


def succeed(command: str, folder: Path) -> str:
    ended = subprocess.run(
        command, shell=True, cwd=folder, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == 0, f"{command}\n{ended.stdout}{ended.stderr}"
    assert "Traceback" not in ended.stderr
    return ended.stdout


def test_commands_and_examples_are_found() -> None:
    assert {"make app", "cvae bench", "cvae evaluate RUN", "cvae dashboard"} <= set(commands())
    assert len(examples()) >= 1


def test_the_readme_is_short_and_every_link_leads_somewhere() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 1000
    for path in (*DOCUMENTS, ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


@pytest.mark.parametrize("command", commands())
def test_the_command_runs(command: str, here: Path) -> None:
    how = how_to_run(command)
    if how == SERVER:
        assert_serves(command, here)
        return
    of_the_project = command.startswith(("make ", "pip install -e"))
    succeed(how.replace("{}", command), ROOT if of_the_project else here)


def assert_serves(command: str, folder: Path) -> None:
    """Start the server on a port of its own, ask it for its health, and stop it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = (
        f"--server.port {port} --server.headless true"
        if command.startswith("streamlit")
        else f"--port {port} --headless"
    )
    place = ROOT if command.startswith("streamlit") else folder
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            f"exec {command} {own}", shell=True, cwd=place, env=environment() | {"CVAE_RUNS": str(folder / "runs")},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    path = re.search(r"--base-path (\S+)", command)
    try:
        wait_for(f"http://127.0.0.1:{port}/{f'{path[1]}/' if path else ''}_stcore/health", server, log)
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert "Traceback" not in log.read_text()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                assert response.read() == b"ok"
                return
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.1)


@pytest.mark.parametrize("example", examples())
def test_the_python_example_runs(example: str, here: Path) -> None:
    """The example itself, with a small training in place of its own."""
    small = '{"epochs": 1, "train_limit": 500, "test_limit": 200, "hidden_widths": (16,)}'
    (here / "example.py").write_text(example.replace('{"epochs": 5}', small))
    assert succeed(f"{sys.executable} example.py", here)
