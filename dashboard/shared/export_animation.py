"""Films of what a page shows, over all epochs, to take away."""

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
from dashboard.shared.tasks import collect, start_task, task_progress

_UNDER_WAY: Final = "film_under_way"
_KEPT: Final = "film_to_take_away"
_TYPES: Final = {"gif": "image/gif", "webp": "image/webp", "zip": "application/zip"}


@dataclass(frozen=True)
class _Wanted:
    """Some films of one run."""

    run: run_data.RunKey
    epochs: tuple[int, ...]
    films: tuple[View, ...]
    film_format: AnimationFormat

    @property
    def file_name(self) -> str:
        """Of what is downloaded: several films go into one archive."""
        first = self.films[0]
        return f"{first.file_stem}.{self.film_format}" if len(self.films) == 1 else f"{first.kind}_films.zip"


@dataclass(frozen=True)
class _Painting:
    """Films that are being painted for this session, and where."""

    wanted: _Wanted
    folder: TemporaryDirectory[str]
    task: Task


@dataclass(frozen=True)
class _Film:
    """What can be downloaded."""

    wanted: _Wanted
    content: bytes
    skipped: tuple[int, ...]


def film_export(scene: PageContext, films: Sequence[View], explanation: str) -> None:
    """Offer films of a picture: a frame for each snapshot, 100 ms each.

    Args:
        scene: The run.
        films: What the frames of each show; of one kind.
        explanation: What is to be seen.
    """
    with st.expander("Take a film of all epochs away", icon=":material/movie:"):
        st.caption(explanation)
        _panel(scene, tuple(films))


def _panel(scene: PageContext, films: tuple[View, ...]) -> None:
    collect(_UNDER_WAY, _keep)
    wanted = _Wanted(scene.key, scene.epochs, films, _format_choice(films[0].kind))
    painting: _Painting | None = st.session_state.get(_UNDER_WAY)
    if painting is not None:
        task_progress(painting.task, f"Painting {painting.wanted.file_name}", "film")
        return
    film: _Film | None = st.session_state.get(_KEPT)
    if film is not None and film.wanted == wanted:
        _offer(film)
        return
    frames = len(films) * len(scene.epochs)
    st.button(
        "Make the film" if len(films) == 1 else f"Make {len(films)} films",
        icon=":material/movie:",
        key=f"make_film_{films[0].kind}",
        on_click=_begin,
        args=(scene, wanted),
        help=f"Paints {frames:,} frames, while everything else on the page can be used.",
    )


def _format_choice(kind: str) -> AnimationFormat:
    chosen: AnimationFormat | None = st.segmented_control(
        "Format",
        ANIMATION_FORMATS,
        format_func=str.upper,
        default="gif",
        required=True,
        key=f"film_format_{kind}",
        help="GIF plays everywhere; WebP is smaller and keeps every colour.",
    )
    return chosen or "gif"


def _begin(scene: PageContext, wanted: _Wanted) -> None:
    from cvae_core.export.animation_task import MODULE, request  # loads Pillow

    if _UNDER_WAY in st.session_state:
        return
    folder = TemporaryDirectory(prefix="cvae-films-")
    paths = [Path(folder.name) / f"{film.file_stem}.{wanted.film_format}" for film in wanted.films]
    shares = list(zip(wanted.films, paths, strict=True))
    task = start_task(MODULE, request(scene.run, shares, wanted.film_format, skip_damaged=True))
    if task is not None:
        st.session_state[_UNDER_WAY] = _Painting(wanted, folder, task)


def _keep(painting: _Painting, report: dict[str, Any]) -> None:
    with painting.folder as folder:
        content = _joined(sorted(Path(folder).iterdir()))
    st.session_state[_KEPT] = _Film(painting.wanted, content, tuple(report["skipped"]))


def _joined(files: Sequence[Path]) -> bytes:
    """One file as it is; several in an archive, where nothing is gained by compressing them again."""
    if len(files) == 1:
        return files[0].read_bytes()
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for file in files:
            archive.write(file, file.name)
    return stream.getvalue()


def _offer(film: _Film) -> None:
    name = film.wanted.file_name
    if film.skipped:
        epochs = ", ".join(map(str, film.skipped))
        st.warning(f"Left out, because their snapshots are damaged: epochs {epochs}.", icon=":material/broken_image:")
    st.download_button(
        f"Download {name} ({size_words(len(film.content))})",
        film.content,
        name,
        _TYPES[name.rpartition(".")[2]],
        icon=":material/download:",
        on_click="ignore",
        help="Save the film." if len(film.wanted.films) == 1 else "Save the films, in one archive.",
    )
