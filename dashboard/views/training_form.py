"""Set up a new training: a data set, a preset, any setting, and the button that starts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import streamlit as st

from cvae_core.config.presets import preset
from cvae_core.config.run import SECTIONS
from cvae_core.data import dataset_names, dataset_title
from cvae_core.errors import CvaeError, StorageError
from cvae_core.runs.summary import Overview
from cvae_core.workers.cost import measured_seconds, time_words, training_cost
from dashboard import actions, state
from dashboard.controls import limits_told
from dashboard.markdown import without_links
from dashboard.views.setting_widgets import setting_widget

_PRESET_WORDS: Final = {
    "quick": "Good pictures in about half a minute on two cores. The one to start with.",
    "recommended": "The best model that five minutes on two cores give.",
    "tutorial": "The network and the 1,000 epochs of the tutorial, to the letter. Stop it whenever you like.",
}
_SECTION_TITLES: Final = {"model": "Model", "train": "Training", "data": "Data"}
_OUTSIDE: Final = {"dataset", "kind"}
_COLUMNS: Final = 3


def training_form(found: Sequence[Overview]) -> None:
    """Draw the form; starting a run selects it.

    Args:
        found: Earlier runs, the newest first; those alike tell how long the training will take.
    """
    limits_told()
    left, right = st.columns(2, gap="medium")
    with left:
        dataset = _dataset_picker()
    with right:
        chosen = _preset_picker()
    settings = _all_settings(chosen) | {"dataset": dataset}
    name = st.text_input(
        "Name (optional)",
        key=state.RUN_NAME,
        placeholder="made from date and preset",
        help="The run's name: letters, digits, '-', '_' and single dots. It is the name of its folder, too.",
    )
    refused = state.take_message()
    is_shown, force = _cost(chosen, settings, found, refused)
    st.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(chosen, settings, name.strip() or None, force),
        help="Start training in a process of its own. It goes on if you close this page.",
    )
    if refused and not is_shown:  # below the form: above it would push the form down and close its settings
        st.error(without_links(refused), icon=":material/error:")


def _dataset_picker() -> str:
    chosen = st.selectbox(
        "Data set",
        dataset_names(),
        format_func=dataset_title,
        key=state.DATASET,
        persist_state="session",
        help="MNIST is bundled. Fashion-MNIST is downloaded once, when you first train on it.",
    )
    return str(chosen)


def _preset_picker() -> str:
    chosen = st.segmented_control(
        "Preset",
        list(_PRESET_WORDS),
        default="quick",
        required=True,
        key=state.PRESET,
        persist_state="session",
        help="Settings that go well together. Each can be changed below.",
    )
    name = str(chosen or "quick")
    st.caption(_PRESET_WORDS[name])
    return name


def _all_settings(chosen: str) -> dict[str, Any]:
    """Every setting in its own widget, beginning at what the preset says."""
    values: dict[str, Any] = {}
    with st.expander("All settings", icon=":material/tune:"):
        for section, title in _SECTION_TITLES.items():
            st.markdown(f"**{title}**")
            names = [name for name in SECTIONS[section].model_fields if name not in _OUTSIDE]
            for first in range(0, len(names), _COLUMNS):
                values |= _row(chosen, section, names[first : first + _COLUMNS])
    return values


def _row(chosen: str, section: str, names: list[str]) -> dict[str, Any]:
    """A few settings side by side, their fields on one line."""
    settings = getattr(preset(chosen), section)
    values: dict[str, Any] = {}
    columns = st.columns(_COLUMNS, gap="medium", vertical_alignment="bottom")
    for name, column in zip(names, columns, strict=False):
        with column:
            values[name] = setting_widget(chosen, section, name, getattr(settings, name))
    return values


def _cost(chosen: str, settings: dict[str, Any], found: Sequence[Overview], refused: str | None) -> tuple[bool, bool]:
    """Show what the training will take, or why it cannot be started.

    Args:
        chosen: The preset.
        settings: All that it is trained with.
        found: Earlier runs.
        refused: What the last press of the button failed with, if it did.

    Returns:
        Whether ``refused`` is shown here, and whether to start although that needs too much memory.
    """
    try:
        config = preset(chosen).with_settings(settings)
        cost = training_cost(config)
    except CvaeError as error:
        return _problem(error, "tune", refused), False
    st.caption(f":material/memory: {cost.to_words()}, {time_words(measured_seconds(config, found))}.")
    try:
        actions.check_fits([config])
    except StorageError as error:
        return _problem(error, "hard_drive", refused), False
    except CvaeError as error:
        is_shown = _problem(error, "memory_alt", refused)
        return is_shown, actions.may_force() and st.checkbox(actions.FORCE_LABEL, key=state.FORCE)
    return False, False


def _problem(error: CvaeError, icon: str, refused: str | None) -> bool:
    """Warn of what would be refused, or show it as the error that it was refused with; whether it was."""
    was_refused = error.on_page == refused
    show = st.error if was_refused else st.warning
    show(without_links(error.on_page), icon=f":material/{icon}:")
    return was_refused


def _start(chosen: str, settings: dict[str, Any], name: str | None, force: bool) -> None:
    try:
        run = actions.start(preset(chosen).with_settings(settings), name, force)
    except CvaeError as error:
        state.keep_message(error)
        return
    state.select_run(run.id)
