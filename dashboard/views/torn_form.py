"""Set up a pair of trainings on the torn manifold."""

from __future__ import annotations

from typing import Any, Final, cast

import streamlit as st

from cvae_core.config.presets import preset
from cvae_core.config.run import TornManifoldConfig
from cvae_core.errors import CvaeError
from cvae_core.runs.summary import overviews
from dashboard import actions, services, state
from dashboard.address.parameters import PAIR, PAIR_EPOCH
from dashboard.address.view import set_value
from dashboard.components.torn_ground import torn_ground
from dashboard.controls import kept_message, limits_told
from dashboard.markdown import without_links
from dashboard.torn_pairs import MODELS, pairs
from dashboard.views.setting_widgets import setting_widget
from dashboard.views.torn_frames import ground_of_data

_PRESET: Final = MODELS["plain"]
_SHOWN: Final = {
    "data": ("noise", "points", "distance", "pieces", "data_seed"),
    "model": ("latent_dim", "label_code"),
    "train": ("epochs", "learning_rate", "batch_size", "seed"),
}
_TITLES: Final = {"data": "Data", "model": "Models", "train": "Training"}


def torn_form() -> None:
    """Draw the settings and the button; starting a pair shows it."""
    limits_told()
    with st.expander("Settings", icon=":material/tune:") as panel:
        settings: dict[str, Any] = {}
        for section, names in _SHOWN.items():
            st.markdown(f"**{_TITLES[section]}**")
            settings |= _row(section, names)
    st.button(
        "Train both",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(settings,),
        help="Train an autoencoder without labels and one with them, side by side.",
    )
    refused = kept_message()
    # The data stand where the eye is: on the page until there is something else to look at.
    is_first = not pairs(overviews(services.folder()))
    with st.container() if is_first else panel:
        _preview(settings, refused)


def _preview(settings: dict[str, Any], refused: str | None) -> None:
    """The data that these settings give, or what is wrong with the settings, unless ``refused`` has said so."""
    try:
        config = preset(_PRESET).with_settings(settings).data
    except CvaeError as error:
        if error.on_page != refused:
            st.warning(without_links(error.on_page), icon=":material/tune:")
        return
    ground = ground_of_data(cast("TornManifoldConfig", config))
    caption = f"Noisy points about their true curves, a colour for each label: {_listed(ground.names)}."
    torn_ground(ground, "torn_ground", "What is to be learnt", caption)


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _row(section: str, names: tuple[str, ...]) -> dict[str, Any]:
    values = getattr(preset(_PRESET), section)
    chosen: dict[str, Any] = {}
    for name, column in zip(
        names, st.columns(max(map(len, _SHOWN.values())), vertical_alignment="bottom"), strict=False
    ):
        with column:
            chosen[name] = setting_widget(_PRESET, section, name, getattr(values, name), kind="autoencoder")
    return chosen


def _start(settings: dict[str, Any]) -> None:
    try:
        name = actions.start_pair(settings)
    except CvaeError as error:
        state.keep_message(error)
        return
    set_value(PAIR, name)
    set_value(PAIR_EPOCH, None)
