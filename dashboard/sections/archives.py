"""Export a run as an archive or as Keras files, and import an archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import streamlit as st

from cvae_core.errors import CvaeError
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import snapshot_epochs, snapshot_folder
from cvae_core.runs.summary import size_words
from cvae_core.tasks import Task
from cvae_core.workers.quotas import largest_upload_mb
from dashboard.cache import run_data
from dashboard.shared import actions, session_state
from dashboard.shared.tasks import RUN_TASK, collect, start_or_notify, task_progress
from dashboard.shared.widgets import plain

MOST_BYTES: Final = 2**30  # a download goes through the server's memory
_EXPORT: Final = "export_task"
_FILES: Final = "exported_files"
_IMPORT: Final = "import_task"
_IMPORT_ERROR: Final = "import_error"
_IMPORTED: Final = "imported_run"
_UPLOADS: Final = "uploaded_archives"
_SNAPSHOTS: Final = {"all": "All snapshots", "last": "Last only"}
_KERAS_CONTENTS: Final = {
    "style_transfer": "the encoder, the decoder and style transfer",
    "reconstruction": "the encoder and the decoder (no style transfer, as this run has no labels)",
    "autoencoder": "the encoder and the decoder (no script, as this run draws points and not digits)",
}


@dataclass(frozen=True)
class _Wanted:
    """A file for download.

    Attributes:
        run: Key of the run.
        newest: Its newest snapshot.
        kind: "archive" or "network".
        choice: Which snapshots, or which epoch.
    """

    run: run_data.RunKey
    newest: int
    kind: str
    choice: str | int

    @property
    def file_name(self) -> str:
        """Name of the saved file."""
        name = Path(self.run[0]).name
        if self.kind == "network":
            return f"{name}-epoch-{self.choice}-keras.zip"
        return f"{name}.zip" if self.choice == "all" else f"{name}-epoch-{self.newest}.zip"


@dataclass(frozen=True)
class _Export:
    """An export of this session; its folder is deleted with it."""

    wanted: _Wanted
    folder: TemporaryDirectory[str]
    task: Task

    @property
    def file(self) -> Path:
        return Path(self.folder.name) / self.wanted.file_name


@dataclass(frozen=True)
class _Import:
    """An import of this session: the name of the uploaded file, and the task."""

    title: str
    task: Task


def run_export(run: Run) -> None:
    """Offer a run as an archive, and its network as Keras files."""
    with st.expander("Export run", icon=":material/luggage:"):
        st.fragment(_export_panel)(run)


def _export_panel(run: Run) -> None:
    epochs = snapshot_epochs(run.snapshots_folder)
    if not epochs:
        st.caption("Available after the first snapshot.")
        return
    collect(_EXPORT, _keep_export)
    left, right = st.columns(2, gap="large")
    with left:
        _archive(run, epochs)
    with right:
        _keras_files(run, epochs)


def _archive(run: Run, epochs: list[int]) -> None:
    st.markdown("**Archive for another machine**")
    st.caption(
        "Contains settings, losses and snapshots. Import it there on the Home page (“Import a run”): all pages then "
        "show the same pictures, and an unfinished run can be resumed."
    )
    choice = st.segmented_control(
        "Snapshots",
        list(_SNAPSHOTS),
        format_func=_SNAPSHOTS.__getitem__,
        default="all",
        required=True,
        key="archive_snapshots",
        help="All: keep every epoch of the slider. Last only: a small file.",
    )
    try:
        files = list(snapshot_folder(run.snapshots_folder, epochs[-1]).iterdir())
        size = (len(epochs) if choice == "all" else 1) * sum(path.stat().st_size for path in files)
    except OSError:  # this snapshot was just deleted
        size = 0
    if size > MOST_BYTES:
        st.info(f"The archive ({size / 1e9:.1f} GB) is too large for a download. Export the run on the server:")
        st.code(f"cvae runs export {run.id}", language="bash")
        return
    wanted = _Wanted(run_data.run_key(run), epochs[-1], "archive", str(choice))
    _button_or_result(wanted, "Create archive", f"About {size / 1e6:,.0f} MB. You can go on using the page.")


def _keras_files(run: Run, epochs: list[int]) -> None:
    st.markdown("**Network for Keras**")
    st.caption(
        "A .keras file with encoder, decoder and style transfer, the decoder as a TensorFlow SavedModel, and a short "
        "script that draws digits. They work without this laboratory."
    )
    epoch = st.selectbox(
        "After epoch", epochs[::-1], key=f"network_epoch_{run.id}", help="Export the network after this epoch."
    )
    wanted = _Wanted(run_data.run_key(run), epochs[-1], "network", int(epoch))
    _button_or_result(wanted, "Create Keras files", "This starts TensorFlow. You can go on using the page.")


def _button_or_result(wanted: _Wanted, label: str, explanation: str) -> None:
    """The button that starts the export, its progress, or the download."""
    running: _Export | None = st.session_state.get(_EXPORT)
    if running is not None and running.wanted.kind == wanted.kind:
        task_progress(running.task, f"Creating {running.wanted.file_name}", wanted.kind)
        return
    export, contents = st.session_state.get(_FILES, {}).get(wanted.kind, (None, ""))
    if export is not None and export.wanted == wanted:
        st.download_button(
            f"Download {wanted.file_name} ({size_words(export.file.stat().st_size)})",
            export.file.read_bytes,  # read when it is asked for, so that it does not stay in memory until then
            wanted.file_name,
            "application/zip",
            icon=":material/download:",
            key=f"download_{wanted.kind}",
            on_click="ignore",
            help="Save the file.",
        )
        st.caption(contents)
        return
    st.button(
        label,
        icon=":material/inventory_2:",
        key=f"make_{wanted.kind}",
        disabled=running is not None,
        on_click=_start_export,
        args=(wanted,),
        help="Available when the other file is ready." if running else explanation,
    )


def _start_export(wanted: _Wanted) -> None:
    if _EXPORT in st.session_state:
        return
    folder = TemporaryDirectory(prefix="cvae-export-")
    target = str(Path(folder.name) / wanted.file_name)
    request: dict[str, Any] = {"what": wanted.kind, "run": wanted.run[0], "target": target}
    request["snapshots" if wanted.kind == "archive" else "epoch"] = wanted.choice
    task = start_or_notify(RUN_TASK, request)
    if task is not None:
        st.session_state[_EXPORT] = _Export(wanted, folder, task)


def _keep_export(export: _Export, report: dict[str, Any]) -> None:
    if export.wanted.kind == "network":
        contents = f"Contains {_KERAS_CONTENTS[report['model']]}."
    else:
        resumable = "" if report["state"] == "finished" else " and the checkpoint to resume from"
        contents = f"Contains {_snapshots(report)}{resumable}."
    st.session_state.setdefault(_FILES, {})[export.wanted.kind] = export, contents


def _snapshots(report: dict[str, Any]) -> str:
    count = report["snapshots"]
    return f"{count} snapshot{'s' if count > 1 else ''}"


def run_import() -> None:
    """Offer to import an archive; the page of the run is shown then. A read-only server offers nothing."""
    if not actions.is_read_only():
        st.fragment(_import_panel)()


def _import_panel() -> None:
    collect(_IMPORT, _show_imported, _keep_import_error)
    running: _Import | None = st.session_state.get(_IMPORT)
    with st.expander("Import a run", icon=":material/upload_file:"):
        _import_form(is_busy=running is not None)
    # Progress and errors stand below the expander, so that they are visible when it is closed.
    if running is not None:
        task_progress(running.task, f"Importing {plain(running.title)}", "import")
    problem: str = st.session_state.pop(_IMPORT_ERROR, "")
    if problem:  # it may quote the archive, which must not be read as Markdown
        st.error(plain(problem), icon=":material/error:")


def _import_form(is_busy: bool) -> None:
    count: int = st.session_state.setdefault(_UPLOADS, 0)
    upload = st.file_uploader(
        "Archive of a run",
        "zip",
        key=f"archive_{count}",
        max_upload_size=largest_upload_mb(actions.limits(), actions.ARCHIVE_MB),
        disabled=is_busy,
        help="A ZIP file from “Export run” or `cvae runs export`.",
    )
    st.text_input(
        "New name (optional)",
        key=f"archive_name_{count}",
        placeholder="Default: name in the archive",
        width=420,
        disabled=is_busy,
        help="Choose another name if a run of this name already exists.",
    )
    st.button(
        "Import",
        icon=":material/upload_file:",
        disabled=upload is None or is_busy,
        on_click=_start_import,
        args=(count,),
        help="Checks all files first; a damaged archive changes nothing. You can go on using the page.",
    )


def _start_import(count: int) -> None:
    """Import what the form holds when the button is pressed."""
    upload = st.session_state.get(f"archive_{count}")
    if upload is None or _IMPORT in st.session_state:
        return
    name = st.session_state[f"archive_name_{count}"].strip()
    try:
        st.session_state[_IMPORT] = _Import(upload.name, actions.import_run(upload, name or None))
    except CvaeError as error:
        _keep_import_error(error.on_page)


def _show_imported(_: _Import, report: dict[str, Any]) -> None:
    st.session_state[_UPLOADS] += 1  # a new widget, so that the archive leaves the server's memory
    resumable = " This run had not finished. **Resume** continues its training." if report["resumable"] else ""
    st.session_state[_IMPORTED] = f"Imported with {_snapshots(report)}.{resumable}", report["note"]
    session_state.select_run(report["run"])
    st.switch_page("pages/train.py")


def _keep_import_error(reason: str) -> None:
    st.session_state[_IMPORT_ERROR] = reason


def imported_message() -> None:
    """Show once what was imported."""
    words, note = st.session_state.pop(_IMPORTED, ("", ""))
    if words:
        st.success(words, icon=":material/check_circle:")
    if note:
        st.warning(note, icon=":material/info:")
