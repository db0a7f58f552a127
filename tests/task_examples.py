"""Processes that do what an order says, for the tests of tasks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from cvae_core.errors import DataError
from cvae_core.tasks import report_progress, serve


def work(order: dict[str, Any]) -> Mapping[str, Any]:
    for step in range(order["steps"]):
        report_progress(step + 1, order["steps"])
        time.sleep(order.get("seconds", 0.0))
    if order.get("fail") == "ours":
        raise DataError("The data are gone.", "Bring them back.")
    if order.get("fail") == "disk":
        raise OSError(28, "No space left on device")
    if order.get("fail") == "memory":
        raise MemoryError
    if order.get("fail") == "killed":
        os.abort()
    if order.get("fail") == "unexpected":
        sys.exit(3)
    return {"twice": 2 * order["number"]}


if __name__ == "__main__":
    serve(work)
