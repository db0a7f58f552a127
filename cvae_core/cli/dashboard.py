"""`cvae dashboard`: open the laboratory in the browser."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cvae_core.cli.options import RunsOption
from cvae_core.errors import CvaeError
from cvae_core.runs.directory import RUNS_VARIABLE, runs_folder


def dashboard(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on, on this machine only.")] = 8501,
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
    runs: RunsOption = None,
) -> None:
    """Open the laboratory in the browser."""
    os.environ[RUNS_VARIABLE] = str(runs_folder(runs))
    options = ["--server.port", str(port), "--server.headless", str(headless).lower()]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "streamlit", "run", str(_home()), *options])


def _home() -> Path:
    """The dashboard's first script, wherever it is installed."""
    package = importlib.util.find_spec("dashboard")
    if package is None or not package.submodule_search_locations:
        raise CvaeError("The dashboard is not installed.", "Install the project again.")
    return Path(package.submodule_search_locations[0]) / "Home.py"
