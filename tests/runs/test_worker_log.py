"""Why a worker died, as far as its log says; and what a command says that dies itself."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cvae_core.runs.run import Run
from cvae_core.runs.status import START_MARK, read_status, why_interrupted, write_status
from cvae_core.runs.summary import describe, overview
from tests.export.small_run import small_run
from tests.runs.examples import run_in

ROOT = Path(__file__).parents[2]
THREADS = b"F0000 env.cc:84] Check failed: ret == 0 Thread tf_x creation via pthread_create() failed.\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose worker is gone."""
    made = run_in(tmp_path)
    write_status(made.status_file, replace(read_status(made.status_file), state="running"))
    return made


@pytest.mark.parametrize("words", [THREADS, b"terminate: std::bad_alloc\n", b"MemoryError\n"])
def test_an_interrupted_run_that_ran_out_of_memory_says_so(run: Run, words: bytes) -> None:
    run.log_file.write_bytes(START_MARK + words)
    item = overview(run)
    assert (item.state, item.problem) == ("interrupted", "The process that trained this run ran out of memory.")
    assert describe(run)["problem"] == item.problem


def test_a_crash_says_which(run: Run) -> None:
    run.log_file.write_bytes(START_MARK + b"Fatal Python error: Segmentation fault\n\nThread 0x1\n")
    assert overview(run).problem == "The process that trained this run crashed (Segmentation fault)."


@pytest.mark.parametrize("log", [b"", START_MARK, START_MARK + THREADS + START_MARK + b"begun\n", b"\xff\x00"])
def test_what_the_newest_worker_did_not_say_is_not_said(run: Run, log: bytes) -> None:
    run.log_file.write_bytes(log)
    assert why_interrupted(run.log_file) == ("", "")


def test_the_log_may_be_missing_or_a_link(run: Run, tmp_path: Path) -> None:
    assert why_interrupted(run.log_file) == ("", "")
    (tmp_path / "outside").write_bytes(THREADS)
    run.log_file.symlink_to(tmp_path / "outside")
    assert why_interrupted(run.log_file) == ("", "")


@pytest.mark.parametrize(("end", "said"), [("os.abort()", "It is gone.\n"), ("pass", ""), ("os.kill(0, 0)", "")])
def test_a_sentence_is_said_if_the_process_dies_and_only_then(end: str, said: str) -> None:
    code = (
        "import os\nfrom cvae_core.cli.terminal import exit_message_if_killed\n"
        f"with exit_message_if_killed('It is gone.'):\n    {end}\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == said
    assert done.returncode == (-signal.SIGABRT if said else 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("megabytes", "command"),
    [(700, ["train", "--preset", "quick"]), (2100, ["train", "--preset", "quick"]), (1600, ["export", "small"])],
)
def test_too_little_memory_is_one_sentence(tmp_path: Path, megabytes: int, command: list[str]) -> None:
    """With the middle amount TensorFlow ends the process itself; how much that is depends on the machine."""
    runs = tmp_path / "runs"
    small_run(runs)
    more = ["--keras", str(tmp_path / "m.keras")] if command[0] == "export" else ["--set", "train_limit=500"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))

    done = subprocess.run(
        [sys.executable, "-P", "-c", "from cvae_core.cli import main; main()", *command, *more, "--runs", str(runs)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert megabytes > 700
        return
    errors = re.findall(r"^Error: .*$", done.stderr, re.MULTILINE)
    assert len(errors) == 1 and "memory" in errors[0] and "ulimit -v" in errors[0]
