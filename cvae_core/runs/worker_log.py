"""What the worker of a run printed: compiled libraries say there why they ended the process, and nowhere else."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from cvae_core.runs.files import open_to_read
from cvae_core.system_errors import MEMORY_MARKS

START_MARK: Final = b"--- A training starts. ---\n"
_TAIL_BYTES: Final = 256 * 2**10
_CRASH: Final = re.compile(r"Fatal Python error: ([ -~]{1,80})")


def why_interrupted(log: Path) -> tuple[str, str]:
    """Why the newest worker of an interrupted run ended, and what to do; empty if its log does not say.

    Args:
        log: ``worker.log``; may be missing. Each worker writes ``START_MARK`` there first.
    """
    with suppress(OSError), open_to_read(log) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        text = file.read().rpartition(START_MARK)[2].decode(errors="replace")
        if any(mark in text for mark in MEMORY_MARKS):
            return "The process that trained this run ran out of memory.", "Free some memory before you resume it."
        if crash := _CRASH.search(text):
            problem = f"The process that trained this run crashed ({crash[1]})."
            return problem, "Memory may have run out; the details are at the end of worker.log."
    return "", ""
