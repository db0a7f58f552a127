"""The long work of all visitors of this server, each piece in a process of its own, and never too many of them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cvae_core.errors import ServerBusyError
from cvae_core.tasks import Task

MOST_AT_ONCE: Final = 4
RUN_TASK: Final = "cvae_core.export.run_task"


def start(module: str, order: Mapping[str, Any], files: Sequence[int] = ()) -> Task:
    """Start some work.

    Args:
        module: As in ``Task``.
        order: As in ``Task``.
        files: As in ``Task``.

    Raises:
        ServerBusyError: There are as many processes at work as there may be. One that was stopped counts until it has
            ended, and one whose visitor has gone, too.
    """
    places = _places()
    if not places.acquire(blocking=False):
        raise ServerBusyError
    try:
        return Task(module, order, files=files, on_end=places.release)
    except BaseException:
        places.release()
        raise


@st.cache_resource(show_spinner=False)
def _places() -> threading.Semaphore:
    """One for each process that may still be started."""
    return threading.Semaphore(MOST_AT_ONCE)
