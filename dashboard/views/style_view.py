"""Digits redrawn under every label in the style of some sources, at every epoch, and whether that style is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.records import Doubles, StyleKept
from cvae_core.analysis.style import transfer
from cvae_core.records import Bytes
from dashboard import services, trained_models
from dashboard.address.parameters import INVERT
from dashboard.components.tile_film import TilePicture, tile_film
from dashboard.views.choices import switch_choice
from dashboard.views.drawn_source import Sources
from dashboard.views.film_export import film_export
from dashboard.views.film_view import timeline
from dashboard.views.studio_view import studio_view
from dashboard.views.style_sources import chosen_sources, sources_choice
from dashboard.views.time_machine import Scene

_KEY: Final = "style_film"
_MEASURED: Final = 600


def style_view(scene: Scene, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and below them the film and the measure."""
    with row:
        sources_choice(scene)
        inverted = switch_choice(INVERT, "Invert", "Dark ink on light paper, as in the tutorial's figure.")
    sources = chosen_sources(scene)
    if sources is None:
        return
    line = timeline(scene, _KEY, *sources.identity, inverted)

    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        record = transfer(trained_models.network(scene.key, epoch), sources.split.images, sources.split.labels)
        return {"style": record.with_originals()}

    tile_film(_KEY, line, [_picture(scene, sources, inverted)], frame_of)
    studio_view(scene, sources, line.epoch)
    if sources.identity[0] == "sevens":
        film_export(scene, "style")
    if scene.config.model.conditional:
        _is_it_kept(scene, line.epoch)


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


def _is_it_kept(scene: Scene, epoch: int) -> None:
    """Correlations of slant and thickness between sources and what is drawn in their style."""
    st.subheader("Is the style really kept?")
    st.caption(
        f"Slant and thickness of {_MEASURED} test images, measured before and after (Morpho-MNIST, Castro et al. "
        "2019). If the style is kept, the two agree whatever the label."
    )
    asked = f"measure_{scene.run.id}_{epoch}"
    pressed = st.button(
        f"Measure at epoch {epoch:,}",
        icon=":material/straighten:",
        help="Takes some seconds; the outcome is kept until the server ends.",
    )
    if pressed:
        st.session_state[asked] = True
    if st.session_state.get(asked):
        with st.spinner(f"Measuring {_MEASURED * len(scene.data.class_names):,} images: about 15 seconds."):
            _show(scene, _style_kept(scene.key, epoch))


@st.cache_resource(max_entries=64, show_spinner=False)
def _style_kept(key: services.RunKey, epoch: int) -> StyleKept:
    from cvae_core.analysis.morphology import style_kept  # scikit-image takes longer to load than the page should

    test = services.test_data(services.run_config(key).data).test
    return style_kept(trained_models.network(key, epoch), test, _MEASURED)


def _show(scene: Scene, record: StyleKept) -> None:
    sentence = record.sentence()
    st.markdown(f"**{sentence[0].upper()}{sentence[1:]}.**")
    st.caption(
        "Medians over all pairs of different labels. Control, with the codes of each label shuffled: "
        f"{record.shuffled_slant:.2f} and {record.shuffled_thickness:.2f}.".replace("-", "−")
    )
    for column, (title, table) in zip(
        st.columns(2), (("Slant", record.slant), ("Thickness", record.thickness)), strict=True
    ):
        with column:
            st.markdown(f"**{title}**: source label down, target label across")
            st.dataframe(_table(scene, table), width="stretch")


def _table(scene: Scene, values: Doubles) -> pd.DataFrame:
    names = list(scene.data.class_names)
    return pd.DataFrame(np.round(values, 2), index=names, columns=names)
