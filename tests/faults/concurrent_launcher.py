"""A launcher in a process of its own: it resumes each run whose folder comes on its input, and says how that went."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cvae_core.errors import CvaeError
from cvae_core.runs.run import Run
from cvae_core.workers.launcher import Launcher


class Rival:
    """One of several launchers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.concurrent_launcher"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.outcome() == "ready"

    def resume(self, run: Run) -> None:
        """Tell it to resume a run, without waiting for what comes of it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{run.path}\n")
        self._process.stdin.flush()

    def outcome(self) -> str:
        """What came of it: "launched", or the name of an error."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """Let it go; its workers live on."""
        self._process.communicate()


def main() -> None:
    """Resume run after run until the input ends."""
    launcher = Launcher()
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            launcher.resume(Run(Path(line.strip())))
            print("launched", flush=True)
        except CvaeError as error:
            print(type(error).__name__, flush=True)


if __name__ == "__main__":
    main()
