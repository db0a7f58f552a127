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
from dashboard.shared.tasks import RUN_TASK, collect, start_task, task_progress
from dashboard.shared.widgets import plain

_UNDER_WAY: Final = "take_away_under_way"
_KEPT: Final = "taken_away"
_WHICH: Final = {"all": "All snapshots", "last": "The last only"}
# What is downloaded goes through the server's memory.
_MOST_BYTES: Final = 2**30
_KERAS_WORDS: Final = {
    "style_transfer": "the encoder, the decoder and style transfer",
    "reconstruction": "the encoder and the decoder; without labels there is no style transfer",
    "autoencoder": "the encoder and the decoder; there is no script, since this run draws points and no digits",
}


@dataclass(frozen=True)
class _Wanted:
    """One file, of a run as it is now.

    Attributes:
        run: The run.
        newest: Its newest snapshot.
        what: "archive" or "network".
        choice: Which snapshots, or which epoch.
    """

    run: run_data.RunKey
    newest: int
    what: str
    choice: str | int

    @property
    def file_name(self) -> str:
        """What the file is called where it is saved."""
        name = Path(self.run[0]).name
        if self.what == "network":
            return f"{name}-epoch-{self.choice}-keras.zip"
        return f"{name}.zip" if self.choice == "all" else f"{name}-epoch-{self.newest}.zip"


@dataclass(frozen=True)
class _Job:
    """A file that is being made for this session, in a folder that goes when nobody wants it any more."""

    wanted: _Wanted
    folder: TemporaryDirectory[str]
    task: Task

    @property
    def file(self) -> Path:
        return Path(self.folder.name) / self.wanted.file_name


@dataclass(frozen=True)
class _Ready:
    """A file that can be downloaded, and what was told of it."""

    job: _Job
    report: dict[str, Any]


def take_away(run: Run) -> None:
    """Offer a run as an archive, and its network as files for Keras."""
    with st.expander("Export run", icon=":material/luggage:"):
        st.fragment(_panel)(run)


def _panel(run: Run) -> None:
    epochs = snapshot_epochs(run.snapshots_folder)
    if not epochs:
        st.caption("Available after the first snapshot.")
        return
    collect(_UNDER_WAY, _keep)
    left, right = st.columns(2, gap="large")
    with left:
        _archive(run, epochs)
    with right:
        _network(run, epochs)


def _archive(run: Run, epochs: list[int]) -> None:
    st.markdown("**The run, for another machine**")
    st.caption(
        "Settings, losses and snapshots, with a checksum for each. Import it with “Import a run” on the Home page "
        "there, and every page shows the same pictures. A run that has not finished can be resumed there."
    )
    chosen = st.segmented_control(
        "Snapshots",
        list(_WHICH),
        format_func=_WHICH.__getitem__,
        default="all",
        required=True,
        key="archive_snapshots",
        help="“All” keeps the whole history for the epoch slider. “Last only” makes a small file.",
    )
    which = "last" if chosen == "last" else "all"
    count = len(epochs) if which == "all" else 1
    size = count * _size(snapshot_folder(run.snapshots_folder, epochs[-1]))  # of one shape all
    if size > _MOST_BYTES:
        st.info(f"The archive ({size / 1e9:.1f} GB) is too large for a download. Export the run on the server:")
        st.code(f"cvae runs export {run.id}", language="bash")
        return
    wanted = _Wanted(run_data.run_key(run), epochs[-1], "archive", which)
    _make_or_offer(
        wanted, "Pack the run", f"Creates an archive of about {size / 1e6:,.0f} MB. You can use the page meanwhile."
    )


def _network(run: Run, epochs: list[int]) -> None:
    st.markdown("**The network, for plain Keras**")
    st.caption(
        "One file (.keras) with encoder, decoder and style transfer, the decoder as a TensorFlow SavedModel, and a "
        "short script that draws digits. They do not need this laboratory."
    )
    newest_first = epochs[::-1]
    epoch = st.selectbox(
        "After epoch", newest_first, key=f"network_epoch_{run.id}", help="The network after this epoch."
    )
    wanted = _Wanted(run_data.run_key(run), epochs[-1], "network", int(epoch))
    _make_or_offer(wanted, "Make the files", "TensorFlow is loaded for this.")


def _size(folder: Path) -> int:
    try:
        return sum(path.stat().st_size for path in folder.iterdir())
    except OSError:  # it was pruned just now
        return 0


def _make_or_offer(wanted: _Wanted, label: str, explanation: str) -> None:
    """A button that begins the work, its progress, or what came of it."""
    job: _Job | None = st.session_state.get(_UNDER_WAY)
    if job is not None and job.wanted.what == wanted.what:
        task_progress(job.task, f"Making {job.wanted.file_name}", wanted.what)
        return
    ready: dict[str, _Ready] = st.session_state.get(_KEPT, {})
    if wanted.what in ready and ready[wanted.what].job.wanted == wanted:
        _offer(ready[wanted.what])
        return
    st.button(
        label,
        icon=":material/inventory_2:",
        key=f"make_{wanted.what}",
        disabled=job is not None,
        on_click=_begin,
        args=(wanted,),
        help="Wait until the other file is ready." if job else explanation,
    )


def _begin(wanted: _Wanted) -> None:
    if _UNDER_WAY in st.session_state:
        return
    folder = TemporaryDirectory(prefix="cvae-take-away-")
    target = Path(folder.name) / wanted.file_name
    request: dict[str, Any] = {"what": wanted.what, "run": wanted.run[0], "target": str(target)}
    request["snapshots" if wanted.what == "archive" else "epoch"] = wanted.choice
    task = start_task(RUN_TASK, request)
    if task is not None:
        st.session_state[_UNDER_WAY] = _Job(wanted, folder, task)


def _keep(job: _Job, report: dict[str, Any]) -> None:
    st.session_state.setdefault(_KEPT, {})[job.wanted.what] = _Ready(job, report)


def _offer(ready: _Ready) -> None:
    job = ready.job
    name = job.wanted.file_name
    st.download_button(
        f"Download {name} ({size_words(job.file.stat().st_size)})",
        job.file.read_bytes,  # read when it is asked for, so that it does not lie in memory until then
        name,
        "application/zip",
        icon=":material/download:",
        key=f"download_{job.wanted.what}",
        on_click="ignore",
        help="Save the file.",
    )
    st.caption(_words(ready))


def _words(ready: _Ready) -> str:
    """What is in the file."""
    report = ready.report
    if ready.job.wanted.what == "network":
        return f"It holds {_KERAS_WORDS[report['model']]}."
    count = report["snapshots"]
    words = f"It holds {count} snapshot{'s' if count > 1 else ''}"
    return f"{words}." if report["state"] == "finished" else f"{words}, and what the run is resumed from."


_IMPORTING: Final = "import_under_way"
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
        st.fragment(_panel_import)()


def _panel_import() -> None:
    collect(_IMPORTING, _go_there, _keep_import)
    under_way: _Import | None = st.session_state.get(_IMPORTING)
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
        on_click=_begin_import,
        args=(count,),
        help="Checks every file of the archive first. A damaged archive changes nothing. You can use the rest of the "
        "page meanwhile.",
    )


def _begin_import(count: int) -> None:
    """Begin with what stands in the form at the moment of the press."""
    upload = st.session_state.get(f"{_ARCHIVE}{count}")
    if upload is None or _IMPORTING in st.session_state:
        return
    name = st.session_state[f"{_NAME}{count}"].strip()
    try:
        st.session_state[_IMPORTING] = _Import(upload.name, actions.bring(upload, name or None))
    except CvaeError as error:
        _keep_import(error.on_page)


def _go_there(_: _Import, report: dict[str, Any]) -> None:
    """Go to the run that was made."""
    st.session_state[_UPLOADS] += 1  # another widget, so that the archive leaves the server's memory
    st.session_state[_IMPORTED] = _words_import(report), report["note"]
    session_state.select_run(report["run"])
    st.switch_page("pages/train.py")


def _keep_import(reason: str) -> None:
    """Keep why an archive was refused until there is a place to tell it."""
    st.session_state[_REFUSED] = reason


def imported_message() -> None:
    """Say once what was imported."""
    words, note = st.session_state.pop(_IMPORTED, ("", ""))
    if words:
        st.success(words, icon=":material/check_circle:")
    if note:
        st.warning(note, icon=":material/info:")


def _words_import(report: dict[str, Any]) -> str:
    count = report["snapshots"]
    words = f"Imported with {count} snapshot{'s' if count > 1 else ''}."
    if report["resumable"]:
        words += " It had not finished. **Resume** continues its training."
    return words
