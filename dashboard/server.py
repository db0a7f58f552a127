"""Starts the server: `python -m dashboard.server`, with Streamlit's own options after it.

The settings are checked before anything listens.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Final

from streamlit.web import cli

from cvae_core.errors import CvaeError
from cvae_core.plugins import load_plugins
from cvae_core.runs.control import max_workers
from cvae_core.workers.quotas import PICTURE_MB, Limits, largest_upload_mb, read_limits
from dashboard.access.rules import given_token
from dashboard.streamlit_patches.sessions import use_few_heaps

# Streamlit compares the limit with the whole request, which is a little larger than its file. The page checks the file.
_REQUEST_MB: Final = 1
HOME: Final = Path(__file__).with_name("Home.py")


def options(limits: Limits) -> list[str]:
    """Streamlit's options that follow from the limits."""
    if limits.read_only:  # archives are not taken, so the memory that one fills is kept from those who send it anyhow
        return ["--server.maxUploadSize", str(largest_upload_mb(limits, PICTURE_MB) + _REQUEST_MB)]
    return ["--server.maxUploadSize", str(limits.max_upload_mb + _REQUEST_MB)] if limits.max_upload_mb else []


def main() -> None:
    """Run until the process is told to end."""
    try:
        load_plugins()
        max_workers()
        limits = read_limits()
        given_token()
    except CvaeError as error:
        sys.exit(f"Error: {error}")
    use_few_heaps()
    for number in (signal.SIGTERM, signal.SIGINT):  # Uvicorn hands them on when it has closed everything
        signal.signal(number, lambda *_: sys.exit(0))
    sys.argv = ["streamlit", "run", str(HOME), *options(limits), *sys.argv[1:]]
    try:
        cli.main()
    except OSError as error:
        sys.exit(f"Error: The server cannot listen on this address: {error.strerror or error}.")


if __name__ == "__main__":
    main()
