"""A run that comes from another machine, as an archive."""

from __future__ import annotations

from typing import IO, Final

import streamlit as st

from cvae_core.errors import CvaeError
from cvae_core.export.run_archive import ImportedRun
from cvae_core.limits import largest_upload_mb
from dashboard import actions, state
from dashboard.controls import plain

_UPLOADS: Final = "archives_uploaded"
_IMPORTED: Final = "imported_run"


def run_import() -> None:
    """Offer to import a run; the page of the run is shown then. A read-only server offers nothing."""
    if actions.is_read_only():
        return
    with st.expander("Import a run", icon=":material/upload_file:"):
        count: int = st.session_state.setdefault(_UPLOADS, 0)
        upload = st.file_uploader(
            "Archive of a run",
            "zip",
            key=f"archive_{count}",
            max_upload_size=largest_upload_mb(actions.limits(), actions.ARCHIVE_MB),
            help="A ZIP file that “Take this run away” or `cvae runs export` made, on this machine or another.",
        )
        name = st.text_input(
            "Name in this laboratory (optional)",
            key=f"archive_name_{count}",
            placeholder="the name that it had",
            width=420,
            help="Give another name if there is a run of that name here already.",
        )
        pressed = st.button(
            "Import",
            icon=":material/upload_file:",
            disabled=upload is None,
            help="Looks through every file of the archive first; a bad one leaves nothing behind.",
        )
        imported = _attempt(upload, name.strip() or None) if pressed and upload is not None else None
    if imported is not None:
        st.session_state[_UPLOADS] = count + 1  # another widget, so that the archive leaves the server's memory
        st.session_state[_IMPORTED] = _words(imported)
        state.select_run(imported.run.id)
        st.switch_page("pages/train.py")


def imported_message() -> None:
    """Say once what was imported."""
    words, note = st.session_state.pop(_IMPORTED, ("", ""))
    if words:
        st.success(words, icon=":material/check_circle:")
    if note:
        st.warning(note, icon=":material/info:")


def _attempt(upload: IO[bytes], name: str | None) -> ImportedRun | None:
    bar = st.progress(0.0, text="Looking through the archive.")

    def show(done: int, total: int) -> None:
        bar.progress(done / total, text=f"Unpacked {done / total:.0%}.")

    try:
        return actions.bring(upload, name, show)
    except CvaeError as error:
        # Words of the archive may be among those of the error, and are no markup.
        st.error(plain(str(error)), icon=":material/error:")
        return None
    finally:
        bar.empty()


def _words(imported: ImportedRun) -> tuple[str, str]:
    count = imported.snapshots
    words = f"Imported with {count} snapshot{'s' if count > 1 else ''}."
    if imported.resumable:
        words += " It had not finished: **Resume** goes on from where it was."
    return words, imported.note
