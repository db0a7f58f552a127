"""A run that comes from another machine, as an archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from cvae_core.errors import CvaeError
from cvae_core.tasks import Task
from cvae_core.workers.quotas import largest_upload_mb
from dashboard.shared import actions, session_state
from dashboard.shared.task_progress import collect, task_progress
from dashboard.shared.widgets import plain

_UNDER_WAY: Final = "import_under_way"
_UPLOADS: Final = "archives_uploaded"
_REFUSED: Final = "archive_refused"
_IMPORTED: Final = "imported_run"
_ARCHIVE: Final = "archive_"
_NAME: Final = "archive_name_"


@dataclass(frozen=True)
class _Import:
    """An archive that is made a run of for this session.

    Attributes:
        title: What its file is called.
        task: At work on it.
    """

    title: str
    task: Task


def run_import() -> None:
    """Offer to import a run; the page of the run is shown then. A read-only server offers nothing."""
    if not actions.is_read_only():
        st.fragment(_panel)()


def _panel() -> None:
    collect(_UNDER_WAY, _go_there, _keep)
    under_way: _Import | None = st.session_state.get(_UNDER_WAY)
    with st.expander("Import a run", icon=":material/upload_file:"):
        _form(is_busy=under_way is not None)
    # Below the expander: what goes on, or went wrong, is to be seen also when it is closed.
    if under_way is not None:
        task_progress(under_way.task, f"Importing {plain(under_way.title)}", "import")
    refused: str = st.session_state.pop(_REFUSED, "")
    if refused:
        # Words of the archive may be among those of the error, and are no markup.
        st.error(plain(refused), icon=":material/error:")


def _form(is_busy: bool) -> None:
    count: int = st.session_state.setdefault(_UPLOADS, 0)
    upload = st.file_uploader(
        "Archive of a run",
        "zip",
        key=f"{_ARCHIVE}{count}",
        max_upload_size=largest_upload_mb(actions.limits(), actions.ARCHIVE_MB),
        disabled=is_busy,
        help="A ZIP file that “Export run” or `cvae runs export` made, on this machine or another.",
    )
    st.text_input(
        "New name (optional)",
        key=f"{_NAME}{count}",
        placeholder="the name that it had",
        width=420,
        disabled=is_busy,
        help="Choose another name if a run of this name already exists.",
    )
    st.button(
        "Import",
        icon=":material/upload_file:",
        disabled=upload is None or is_busy,
        on_click=_begin,
        args=(count,),
        help="Checks every file of the archive first. A damaged archive changes nothing. You can use the rest of the "
        "page meanwhile.",
    )


def _begin(count: int) -> None:
    """Begin with what stands in the form at the moment of the press."""
    upload = st.session_state.get(f"{_ARCHIVE}{count}")
    if upload is None or _UNDER_WAY in st.session_state:
        return
    name = st.session_state[f"{_NAME}{count}"].strip()
    try:
        st.session_state[_UNDER_WAY] = _Import(upload.name, actions.bring(upload, name or None))
    except CvaeError as error:
        _keep(error.on_page)


def _go_there(_: _Import, report: dict[str, Any]) -> None:
    """Go to the run that was made."""
    st.session_state[_UPLOADS] += 1  # another widget, so that the archive leaves the server's memory
    st.session_state[_IMPORTED] = _words(report), report["note"]
    session_state.select_run(report["run"])
    st.switch_page("pages/train.py")


def _keep(reason: str) -> None:
    """Keep why an archive was refused until there is a place to tell it."""
    st.session_state[_REFUSED] = reason


def imported_message() -> None:
    """Say once what was imported."""
    words, note = st.session_state.pop(_IMPORTED, ("", ""))
    if words:
        st.success(words, icon=":material/check_circle:")
    if note:
        st.warning(note, icon=":material/info:")


def _words(report: dict[str, Any]) -> str:
    count = report["snapshots"]
    words = f"Imported with {count} snapshot{'s' if count > 1 else ''}."
    if report["resumable"]:
        words += " It had not finished. **Resume** continues its training."
    return words
