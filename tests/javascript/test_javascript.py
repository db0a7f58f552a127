"""Runs the tests of the JavaScript that needs no browser: ``*.test.js`` beside this file, in Node.js."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.javascript.cases import write_cases
from tests.javascript.node import node

HERE = Path(__file__).parent
TIMED = "speed.test.js"
SECONDS = 120


@pytest.fixture(scope="module")
def case_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cases") / "cases.bin"
    write_cases(path)
    return path


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.js") if path.name != TIMED))
def test_in_node(case_file: Path, name: str) -> None:
    run(case_file, name)


@pytest.mark.alone
def test_speed_in_node(case_file: Path) -> None:
    run(case_file, TIMED)


def run(case_file: Path, name: str) -> None:
    command = [node(), "--test", "--test-reporter=spec", str(HERE / name)]
    environment = {**os.environ, "CVAE_CASES": str(case_file)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0 and "pass 0\n" not in done.stdout, done.stdout + done.stderr
