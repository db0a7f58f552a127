"""Starts the server: `python -m dashboard.server`, with Streamlit's own options after it.

The limits are checked before anything listens, and two ways are closed by which Streamlit would ask the world outside
for the address of this machine.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from streamlit import net_util
from streamlit.web import cli

from cvae_core.errors import CvaeError
from cvae_core.limits import Limits, read_limits
from cvae_core.runs.queue import max_workers

HOME: Final = Path(__file__).with_name("Home.py")


def options(limits: Limits) -> list[str]:
    """Streamlit's options that follow from the limits."""
    return ["--server.maxUploadSize", str(limits.max_upload_mb)] if limits.max_upload_mb else []


def ask_nobody() -> None:
    """Streamlit wants its outside address to judge a page of another origin that asks for a connection.

    It would ask a service of Amazon's, whenever any page open in the browser tries. Without an answer such a page is
    refused, as it should be.
    """
    net_util.get_external_ip = _unknown
    net_util.get_internal_ip = _unknown


def _unknown() -> str | None:
    return None


def main() -> None:
    """Run until the process is told to end."""
    try:
        max_workers()
        limits = read_limits()
    except CvaeError as error:
        sys.exit(f"Error: {error}")
    ask_nobody()
    sys.argv = ["streamlit", "run", str(HOME), *options(limits), *sys.argv[1:]]
    cli.main()


if __name__ == "__main__":
    main()
