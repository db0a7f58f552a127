"""Digits redrawn under every label in the style of some sources, at every epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.style import transfer
from cvae_core.records import Bytes
from cvae_core.rendering.spec import PictureSettings
from dashboard import trained_models
from dashboard.address.parameters import INVERT
from dashboard.components.tile_film import TilePicture, tile_film
from dashboard.views.choices import switch_choice
from dashboard.views.drawn_source import Sources
from dashboard.views.film_export import film_export
from dashboard.views.film_view import shown_epoch, timeline
from dashboard.views.judgement_view import judgement_view
from dashboard.views.studio_view import studio_view
from dashboard.views.style_sources import chosen_sources, sources_choice
from dashboard.views.time_machine import Scene

_KEY: Final = "style_film"
_FILM: Final = "The figure above, from the first snapshot to the last, with its epoch in the caption; 100 ms a frame."


def style_view(scene: Scene, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and below them the film and the measure."""
    with row:
        sources_choice(scene)
        inverted = switch_choice(INVERT, "Invert", "Dark ink on light paper, as in the tutorial's figure.")
    epoch = shown_epoch(scene, _KEY)
    sources = chosen_sources(scene, epoch)
    if sources is None:
        return
    line = timeline(scene, _KEY, *sources.identity, inverted)

    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        record = transfer(trained_models.network(scene.key, epoch), sources.split.images, sources.split.labels)
        return {"style": record.with_originals()}

    tile_film(_KEY, line, [_picture(scene, sources, inverted)], frame_of)
    studio_view(scene, sources, epoch)
    film_export(scene, [PictureSettings("style", sources=sources.exported, invert=inverted)], _FILM)
    if scene.config.model.conditional:
        judgement_view(scene, epoch)


def _picture(scene: Scene, sources: Sources, inverted: bool) -> TilePicture:
    names = [scene.data.class_names[label] for label in sources.split.labels]
    return TilePicture(
        name="style",
        title=f"Style of {sources.words}",
        description=f"{len(names)} images, each redrawn under every label in its own style.",
        caption="A column is one source, a row one label. In the row of a source's own label stands the source itself.",
        row_labels=scene.data.class_names,
        file_name="style.png",
        gap=2,
        max_tile=56,
        invert=inverted,
    )
