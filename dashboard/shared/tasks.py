"""Long work of all visitors in processes of its own: how many may run at once, their progress, and cancelling."""

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


_POLL_SECONDS: Final = 0.4


def start_task(module: str, order: Mapping[str, Any]) -> Task | None:
    """Start some work, unless the server has enough to do for its visitors; they are told so then.

    Args:
        module: As in ``Task``.
        order: As in ``Task``.
    """
    try:
        return start(module, order)
    except ServerBusyError as error:
        st.toast(str(error), icon=":material/hourglass:")
        return None


def collect(key: str, use: Callable[[Any, dict[str, Any]], None], refuse: Callable[[str], None] | None = None) -> None:
    """Take up, once, what has come of the work that this session asked for; nothing happens until it has ended.

    Args:
        key: Under which the session's state holds the work, which has an ``task``. Other work may begin from then on.
        use: Called with the work and its report, unless it was stopped.
        refuse: Called with the reason if it came to nothing; if ``None``, that is shown here.
    """
    work = st.session_state.get(key)
    if work is None or not work.task.ended:
        return
    del st.session_state[key]
    try:
        use(work, work.task.report())
    except StoppedError:
        return
    except (CvaeError, OSError) as error:
        (refuse or _say)(str(error))


def _say(reason: str) -> None:
    st.error(without_links(reason), icon=":material/error:")


def task_progress(task: Task, words: str, key: str) -> None:
    """Show how far some work is, and renew the surrounding fragment until it has ended.

    Args:
        task: Under way.
        words: What it does, as the beginning of a sentence.
        key: Identifies the work on the page.
    """
    share = task.done / task.total if task.total else 0.0
    progress = ", ".join(filter(None, (f"{share:.0%}", time_left(task.seconds_left))))
    text = f"{words}: {'stopping' if task.is_stopped else progress}."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share, text=text)
        st.button(
            "Stop",
            icon=":material/stop:",
            key=f"stop_{key}",
            disabled=task.is_stopped,
            on_click=task.stop,
            help="Cancel and discard partial results.",
        )
    auto_refresh(f"pulse_{key}", _POLL_SECONDS)
