"""Export what a page shows as an animation over all epochs."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import streamlit as st

from cvae_core.analysis.views import View
from cvae_core.rendering.output import ANIMATION_FORMATS, AnimationFormat
from cvae_core.runs.summary import size_words
from cvae_core.tasks import Task
from dashboard.cache import run_data
from dashboard.shared.snapshot_page import PageContext
from dashboard.shared.tasks import collect, start_or_notify, task_progress

_TASK: Final = "animation_task"
_RESULT: Final = "exported_animation"
_TYPES: Final = {"gif": "image/gif", "webp": "image/webp", "zip": "application/zip"}


@dataclass(frozen=True)
class _Wanted:
    """Animations of one run; several of them are downloaded as one archive."""

    run: run_data.RunKey
    epochs: tuple[int, ...]
    views: tuple[View, ...]
    format: AnimationFormat

    @property
    def file_name(self) -> str:
        first = self.views[0]
        return f"{first.file_stem}.{self.format}" if len(self.views) == 1 else f"{first.kind}_animations.zip"


@dataclass(frozen=True)
class _Export:
    """An export of this session; its folder is deleted with it."""

    wanted: _Wanted
    folder: TemporaryDirectory[str]
    task: Task


@dataclass(frozen=True)
class _Result:
    """A file for download, and the epochs that it lacks."""

    wanted: _Wanted
    content: bytes
    skipped: tuple[int, ...]


def animation_export(context: PageContext, views: Sequence[View], explanation: str) -> None:
    """Offer an animation of each view, with a frame for each snapshot.

    Args:
        context: The run.
        views: Of one kind.
        explanation: What the animation shows.
    """
    with st.expander("Export animation", icon=":material/movie:"):
        st.caption(explanation)
        collect(_TASK, _keep)
        kind, count = views[0].kind, len(views)
        chosen: AnimationFormat | None = st.segmented_control(
            "Format",
            ANIMATION_FORMATS,
            format_func=str.upper,
            default="gif",
            required=True,
            key=f"animation_format_{kind}",
            help="GIF plays everywhere. WebP is smaller and keeps all colours.",
        )
        wanted = _Wanted(context.key, context.epochs, tuple(views), chosen or "gif")
        running: _Export | None = st.session_state.get(_TASK)
        result: _Result | None = st.session_state.get(_RESULT)
        if running is not None:
            task_progress(running.task, f"Drawing {running.wanted.file_name}", "animation")
        elif result is not None and result.wanted == wanted:
            _download(result)
        else:
            st.button(
                "Create animation" if count == 1 else f"Create {count} animations",
                icon=":material/movie:",
                key=f"make_animation_{kind}",
                on_click=_start,
                args=(context, wanted),
                help=f"Draws {count * len(context.epochs):,} frames. You can go on using the page.",
            )


def _start(context: PageContext, wanted: _Wanted) -> None:
    from cvae_core.export.animation_task import MODULE, request  # loads Pillow

    if _TASK in st.session_state:
        return
    folder = TemporaryDirectory(prefix="cvae-animation-")
    files = [(view, Path(folder.name) / f"{view.file_stem}.{wanted.format}") for view in wanted.views]
    task = start_or_notify(MODULE, request(context.run, files, wanted.format, skip_damaged=True))
    if task is not None:
        st.session_state[_TASK] = _Export(wanted, folder, task)


def _keep(export: _Export, report: dict[str, Any]) -> None:
    with export.folder as folder:
        files = sorted(Path(folder).iterdir())
        if len(files) == 1:
            content = files[0].read_bytes()
        else:
            stream = BytesIO()
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # they are compressed already
                for file in files:
                    archive.write(file, file.name)
            content = stream.getvalue()
    st.session_state[_RESULT] = _Result(export.wanted, content, tuple(report["skipped"]))


def _download(result: _Result) -> None:
    name = result.wanted.file_name
    if result.skipped:
        epochs = ", ".join(map(str, result.skipped))
        st.warning(f"Left out, because their snapshots are damaged: epochs {epochs}.", icon=":material/broken_image:")
    st.download_button(
        f"Download {name} ({size_words(len(result.content))})",
        result.content,
        name,
        _TYPES[name.rpartition(".")[2]],
        icon=":material/download:",
        on_click="ignore",
        help="Save the file.",
    )
