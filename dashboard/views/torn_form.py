"""Set up a pair of trainings on the torn manifold."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from cvae_core.errors import CvaeError
from cvae_core.presets import preset
from dashboard import actions, state
from dashboard.address.parameters import PAIR, PAIR_EPOCH
from dashboard.address.view import set_value
from dashboard.controls import kept_message, limits_told
from dashboard.torn_pairs import MODELS
from dashboard.views.setting_widgets import setting_widget

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
    with st.expander("Settings", icon=":material/tune:"):
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
        help="Train an autoencoder without labels and one with them, side by side: some seconds.",
    )
    kept_message()


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
