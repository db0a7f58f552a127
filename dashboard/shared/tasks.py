"""Long tasks of all visitors in processes of their own: how many may run at once, their progress, and cancelling."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from cvae_core.errors import CvaeError, ServerBusyError, StoppedError
from cvae_core.remaining_time import time_left
from cvae_core.tasks import Task
from dashboard.components.page_elements import auto_refresh
from dashboard.shared.session_state import without_links

MOST_AT_ONCE: Final = 4
RUN_TASK: Final = "cvae_core.export.run_task"
_POLL_SECONDS: Final = 0.4


@st.cache_resource(show_spinner=False)
def _slots() -> threading.Semaphore:
    return threading.Semaphore(MOST_AT_ONCE)


def start(module: str, request: Mapping[str, Any], files: Sequence[int] = ()) -> Task:
    """Start a task; the arguments are those of ``Task``.

    Raises:
        ServerBusyError: ``MOST_AT_ONCE`` processes are running. A stopped one counts until its process has ended, and
            so does one whose visitor has left.
    """
    slots = _slots()
    if not slots.acquire(blocking=False):
        raise ServerBusyError
    try:
        return Task(module, request, files=files, on_end=slots.release)
    except BaseException:
        slots.release()
        raise


def start_or_notify(module: str, request: Mapping[str, Any]) -> Task | None:
    """Start a task; if the server is too busy, show a notice instead."""
    try:
        return start(module, request)
    except ServerBusyError as error:
        st.toast(str(error), icon=":material/hourglass:")
        return None


def collect(key: str, use: Callable[[Any, dict[str, Any]], None], refuse: Callable[[str], None] | None = None) -> None:
    """Hand over the result of a task of this session, once; nothing happens until the task has ended.

    Args:
        key: Entry of the session state whose value has a ``task``. It is removed, so another task can start.
        use: Called with that value and the task's report, unless the task was stopped.
        refuse: Called with the reason if the task failed; by default the reason is shown here.
    """
    job = st.session_state.get(key)
    if job is None or not job.task.ended:
        return
    del st.session_state[key]
    try:
        use(job, job.task.report())
    except StoppedError:
        return
    except (CvaeError, OSError) as error:
        if refuse is not None:
            refuse(str(error))
        else:
            st.error(without_links(str(error)), icon=":material/error:")


def task_progress(task: Task, words: str, key: str) -> None:
    """Show the progress of a running task and a button to stop it, and refresh the fragment around it.

    Args:
        task: The task.
        words: What it does, as the beginning of a sentence.
        key: Identifies the task on the page.
    """
    share = task.done / task.total if task.total else 0.0
    progress = ", ".join(filter(None, (f"{share:.0%}", time_left(task.seconds_left))))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, text=f"{words}: {'stopping' if task.is_stopped else progress}.")
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"stop_{key}",
            disabled=task.is_stopped,
            on_click=task.stop,
            help="Cancel and discard partial results.",
        )
    auto_refresh(f"refresh_{key}", _POLL_SECONDS)
