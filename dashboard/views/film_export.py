"""Films of what a page shows, over all epochs, to take away."""

from __future__ import annotations

from io import BytesIO
from typing import Final

import streamlit as st

from cvae_core.errors import CvaeError
from dashboard.views.time_machine import Scene

_KEPT: Final = "film_to_take_away"
_CAPTIONS: Final = {
    "manifold": "The tutorial's film: the 15 x 15 grid over z1 and z2, the other dimensions at zero.",
    "latent": "The tutorial's film: z1 and z2, each from −5 to 5.",
    "style": "The ten sevens as every digit, from the untrained model to the last epoch.",
}
_FORMATS: Final = {"gif": "image/gif", "webp": "image/webp"}


def film_export(scene: Scene, kind: str, label: int | None = None) -> None:
    """Offer the tutorial's film of a picture: a frame for each snapshot, 100 ms each.

    Args:
        scene: The run.
        kind: "manifold", "latent" or "style".
        label: Of a manifold, or of the points; None for all.
    """
    with st.expander("Take a film of all epochs away", icon=":material/movie:"):
        st.caption(_CAPTIONS[kind])
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = st.segmented_control(
                "Format",
                list(_FORMATS),
                format_func=str.upper,
                default="gif",
                required=True,
                key=f"film_format_{kind}",
                help="GIF plays everywhere; WebP is smaller and keeps every colour.",
            )
            film_format = str(chosen or "gif")
            wanted = (scene.key, kind, label, scene.epochs, film_format)
            pressed = st.button(
                "Make the film",
                icon=":material/movie:",
                key=f"make_film_{kind}",
                help=f"Paints {len(scene.epochs)} frames: some seconds.",
            )
        if pressed:
            st.session_state[_KEPT] = (wanted, _film(scene, kind, label, film_format))
        kept = st.session_state.get(_KEPT)
        if kept and kept[0] == wanted and kept[1]:
            _download(kept[1], kind, label, film_format)


def _film(scene: Scene, kind: str, label: int | None, film_format: str) -> bytes | None:
    """The film's bytes; None, and a message, if it could not be made."""
    from cvae_core.export.films import Film, write_films  # Pillow and what paints is for those who want a film
    from cvae_core.export.settings import PictureSettings
    from cvae_core.export.trained_run import TrainedRun

    bar = st.progress(0.0, text="Painting.")
    stream = BytesIO()

    def show_progress(done: int, total: int) -> None:
        bar.progress(done / total, text=f"Painting frame {done:,} of {total:,}.")

    try:
        film = Film(PictureSettings(kind, label), stream, film_format)  # type: ignore[arg-type]
        report = write_films(
            TrainedRun(scene.run),
            [film],
            skip_damaged=True,
            progress=show_progress,
        )
    except CvaeError as error:
        st.error(str(error), icon=":material/error:")
        return None
    finally:
        bar.empty()
    if report.skipped:
        epochs = ", ".join(map(str, report.skipped))
        st.warning(f"Left out, because their snapshots are damaged: epochs {epochs}.", icon=":material/broken_image:")
    return stream.getvalue()


def _download(film: bytes, kind: str, label: int | None, film_format: str) -> None:
    from cvae_core.export.settings import PictureSettings

    name = PictureSettings(kind, label).file_stem  # type: ignore[arg-type]
    st.download_button(
        f"Download {name}.{film_format} ({len(film) / 1e6:.1f} MB)",
        film,
        f"{name}.{film_format}",
        _FORMATS[film_format],
        icon=":material/download:",
        on_click="ignore",
        help="Save the film.",
    )
